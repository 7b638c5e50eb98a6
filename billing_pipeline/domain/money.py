"""Money: whole minor units with a currency. There is no division, only splitting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

from billing_pipeline.domain.currencies import Currency, exponent
from billing_pipeline.domain.errors import Broken


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """An amount. minor: 1999 is 19.99 usd, 500 is 500 jpy. Adding two currencies raises Broken."""

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units must be int, got {self.minor!r}")

    def __add__(self, other: Self) -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Self) -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __str__(self) -> str:
        places = exponent(self.currency)
        if not places:
            return f"{self.minor} {self.currency}"
        sign, whole = "-" if self.minor < 0 else "", abs(self.minor)
        return f"{sign}{whole // 10**places}.{whole % 10**places:0{places}d} {self.currency}"

    def _same(self, other: Self) -> int:
        if other.currency != self.currency:
            raise Broken(f"cannot mix {self.currency} and {other.currency}: keep one sum per currency")
        return other.minor


def zero(currency: Currency) -> Money:
    """Nothing, in that currency."""
    return Money(0, currency)


def total(amounts: Iterable[Money], currency: Currency) -> Money:
    """The sum of amounts, all of which must be in that currency."""
    result = zero(currency)
    for amount in amounts:
        result += amount
    return result


def round_half_up(exact: Fraction) -> int:
    """The nearest integer; a half goes away from zero, as Stripe rounds invoice lines."""
    magnitude = (abs(exact.numerator) * 2 + exact.denominator) // (exact.denominator * 2)
    return -magnitude if exact < 0 else magnitude


def split(amount: int, weights: Sequence[int]) -> list[int]:
    """Shares of amount in proportion to weights, by largest remainder; they sum to amount exactly.

    amount: minor units, of either sign. weights: non-negative, at least one positive. Ties go to the earlier share.
    Raises Broken when there is nothing to share by.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise Broken(f"cannot split {amount} by weights {list(weights)}: they must be >= 0 and not all 0")
    sign, rest = (-1, -amount) if amount < 0 else (1, amount)
    shares = [rest * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(rest * weights[i] % whole), i))
    for i in by_remainder[: rest - sum(shares)]:
        shares[i] += 1
    return [sign * share for share in shares]
