"""Stripe's currency rules: exponents, multiples and minimum charges.

Source: docs.stripe.com/currencies (zero-decimal, three-decimal, special cases, minimum charge amounts).
ISK and UGX look zero-decimal in ISO 4217 but are sent with two decimals that must be 00.
"""

from typing import Final, NewType

from billing_pipeline.domain.errors import Broken

Currency = NewType("Currency", str)
"""Lower-case ISO 4217 code, such as 'usd'."""

ZERO_DECIMAL: Final = frozenset("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf".split())
THREE_DECIMAL: Final = frozenset("bhd jod kwd omr tnd".split())
WHOLE_UNITS_ONLY: Final = frozenset("isk ugx".split())
TWO_DECIMAL: Final = frozenset(
    "usd aed ars aud brl cad chf cop czk dkk eur gbp hkd huf idr ils inr mxn myr nok nzd php pln ron rub sek sgd thb "
    "twd zar isk ugx".split()
)

MINIMUM_CHARGE: Final[dict[str, int]] = {
    "usd": 50, "aed": 200, "ars": 50, "aud": 50, "brl": 50, "cad": 50, "chf": 50, "cop": 50, "czk": 1500, "dkk": 250,
    "eur": 50, "gbp": 30, "hkd": 400, "huf": 17500, "idr": 50, "ils": 50, "inr": 50, "jpy": 50, "krw": 50, "mxn": 1000,
    "myr": 200, "nok": 300, "nzd": 50, "php": 50, "pln": 200, "ron": 200, "rub": 50, "sek": 300, "sgd": 50, "thb": 1000,
    "zar": 50,
}  # fmt: skip
"""Smallest charge that Stripe accepts, in minor units, when the charge settles in its own currency."""


def currency(code: str) -> Currency:
    """The currency of that code. Raises Broken for a code that Stripe's tables do not know."""
    known = code.lower()
    if known not in ZERO_DECIMAL | THREE_DECIMAL | TWO_DECIMAL:
        raise Broken(f"unknown currency {code!r}: use a lower-case ISO 4217 code that Stripe supports")
    return Currency(known)


def exponent(code: Currency) -> int:
    """Decimal places of one major unit in Stripe's amounts: 0, 2 or 3."""
    if code in ZERO_DECIMAL:
        return 0
    return 3 if code in THREE_DECIMAL else 2


def multiple(code: Currency) -> int:
    """Every amount sent to Stripe must be a multiple of this many minor units."""
    if code in THREE_DECIMAL:
        return 10
    return 100 if code in WHOLE_UNITS_ONLY else 1


def minimum_charge(code: Currency) -> int:
    """Smallest amount in minor units that can be charged; 0 where Stripe names none."""
    return MINIMUM_CHARGE.get(code, 0)
