"""Coupons: percent or amount off; once, for some months, or for ever."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CouponId
from billing_pipeline.domain.money import split
from billing_pipeline.domain.periods import add_months, local_day, midnight
from billing_pipeline.domain.pricing import rounded

MILLION: Final = 1_000_000


class Duration(StrEnum):
    """For how long a coupon takes something off."""

    ONCE = "once"
    REPEATING = "repeating"
    FOREVER = "forever"


@dataclass(frozen=True, slots=True)
class Coupon:
    """Something off the price: percent_ppm (250000 is 25 %) or amount_minor of one currency, never both.

    duration_months: of a repeating one. redeem_by: the last moment at which a subscription can still take it.
    """

    coupon_id: CouponId
    duration: Duration = Duration.FOREVER
    percent_ppm: int | None = None
    amount_minor: int | None = None
    currency: Currency | None = None
    duration_months: int | None = None
    redeem_by: datetime | None = None

    def __post_init__(self) -> None:
        if (self.percent_ppm is None) == (self.amount_minor is None):
            raise Broken(f"coupon {self.coupon_id}: give a percentage or an amount, not both")
        if not 0 <= (self.percent_ppm or 0) <= MILLION or (self.amount_minor or 0) < 0:
            raise Broken(f"coupon {self.coupon_id}: it may take off between nothing and everything")
        if (self.amount_minor is None) != (self.currency is None):
            raise Broken(f"coupon {self.coupon_id}: an amount needs its currency")
        if (self.duration is Duration.REPEATING) != (self.duration_months is not None):
            raise Broken(f"coupon {self.coupon_id}: repeating means a number of months")


@dataclass(frozen=True, slots=True)
class Discount:
    """A coupon on a subscription. ends_at: not for periods that start then or later; None until it is known.

    A coupon for one period gets its end when that period is billed. Raises Broken when it was taken too late.
    """

    coupon: Coupon
    started_at: datetime
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if self.coupon.redeem_by is not None and self.started_at > self.coupon.redeem_by:
            raise Broken(f"coupon {self.coupon.coupon_id} could be taken until {self.coupon.redeem_by:%Y-%m-%d}")

    def covers(self, period_start: datetime, zone: str = "UTC") -> bool:
        """Whether it takes something off the period that starts then."""
        ends = self.ends_at or repeating_end(self.coupon, self.started_at, zone)
        return self.started_at <= period_start and (ends is None or period_start < ends)


def repeating_end(coupon: Coupon, started_at: datetime, zone: str) -> datetime | None:
    """When a repeating coupon stops: so many months after the day on which it was taken. None for the others."""
    if coupon.duration_months is None:
        return None
    return midnight(add_months(local_day(started_at, zone), coupon.duration_months), zone)


def discounts_on(amounts: Sequence[int], coupons: Sequence[Coupon], currency: Currency) -> list[int]:
    """What the coupons take off each amount, one after the other, in minor units; never more than there is.

    amounts: of the lines, >= 0. A percentage is rounded for each line; an amount is shared by largest remainder.
    Raises Broken when a coupon's amount is in another currency.
    """
    left = list(amounts)
    for coupon in coupons:
        left = [rest - off for rest, off in zip(left, one_discount(left, coupon, currency), strict=True)]
    return [amount - rest for amount, rest in zip(amounts, left, strict=True)]


def without_others(
    coupons: Sequence[Coupon], shared: Sequence[tuple[int, bool]], currency: Currency
) -> Iterator[Coupon]:
    """The coupons as they are for what is paid in advance: an amount off less what it took off the rest of the invoice.

    shared: of the lines of the invoice, the amount and whether it was paid in advance.
    """
    left = [amount for amount, _ in shared]
    for coupon in coupons:
        taken = one_discount(left, coupon, currency)
        left = [rest - off for rest, off in zip(left, taken, strict=True)]
        others = sum(off for off, (_, in_advance) in zip(taken, shared, strict=True) if not in_advance)
        yield coupon if coupon.amount_minor is None else replace(coupon, amount_minor=coupon.amount_minor - others)


def one_discount(amounts: Sequence[int], coupon: Coupon, currency: Currency) -> list[int]:
    """What one coupon takes off each amount."""
    if coupon.percent_ppm is not None:
        return [rounded(amount * coupon.percent_ppm, MILLION) for amount in amounts]
    if coupon.currency != currency:
        raise Broken(f"coupon {coupon.coupon_id} is in {coupon.currency}, the subscription in {currency}")
    available = sum(amounts)
    return split(min(coupon.amount_minor or 0, available), amounts) if available else [0] * len(amounts)
