"""Arithmetic on minor units: exact fractions, and one rounding at the end."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction


def rounded(exact: Fraction) -> int:
    """The nearest whole minor unit; a half goes away from zero."""
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def percent_of(amount: int, percent: float | Decimal) -> int:
    """So many percent of an amount, in whole minor units."""
    return rounded(amount * Fraction(str(percent)) / 100)


def included_in(amount: int, percent: float | Decimal) -> int:
    """The tax that an amount contains, in whole minor units."""
    rate = Fraction(str(percent))
    return rounded(amount * rate / (100 + rate))


def shared(total: int, weights: Sequence[int]) -> list[int]:
    """Shares of the total in proportion to the weights; they sum to it (largest remainder)."""
    whole = sum(weights)
    if whole == 0:
        return [0] * len(weights)
    shares = [total * w // whole for w in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in order[: total - sum(shares)]:
        shares[i] += 1
    return shares


def plain(number: Decimal | int) -> str:
    """A decimal as Stripe writes it: no exponent, no trailing zeros."""
    text = format(Decimal(number), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
