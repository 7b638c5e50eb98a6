"""Amounts as people type them."""

from decimal import Decimal, InvalidOperation

from billing_pipeline.domain.currencies import Currency, exponent
from billing_pipeline.domain.errors import Broken


def minor_units(written: str, currency: Currency) -> int:
    """Minor units of an amount such as 49.00. Raises Broken when it has more decimals than its currency."""
    try:
        exact = Decimal(written).scaleb(exponent(currency))
    except InvalidOperation:
        raise Broken(f"{written!r} is no amount: write it like 49.00") from None
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise Broken(f"{written!r} is no amount in {currency}: it has {exponent(currency)} decimals at most")
    return int(exact)
