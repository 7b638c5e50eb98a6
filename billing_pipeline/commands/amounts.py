"""Amounts as people type them."""

import re
from decimal import Decimal
from typing import Final

from billing_pipeline.domain.currencies import Currency, exponent
from billing_pipeline.domain.errors import Broken

WRITTEN: Final = re.compile(r"[+-]?(?=\.?[0-9])[0-9]{0,15}(\.[0-9]{0,9})?")  # a bigint sums thousands of them


def minor_units(written: str, currency: Currency) -> int:
    """Minor units of an amount such as 49.00. Raises Broken when it has more decimals than its currency."""
    if not WRITTEN.fullmatch(written.strip()):
        raise Broken(f"{written!r} is no amount: write it like 49.00")
    exact = Decimal(written).scaleb(exponent(currency))
    if exact != exact.to_integral_value():
        raise Broken(f"{written!r} is no amount in {currency}: it has {exponent(currency)} decimals at most")
    return int(exact)
