"""Where Stripe puts boundaries, and why a mirror can or cannot be anchored at one of ours without ever leaving our periods."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.periods import Cycle, Interval, add_months, boundary, number_at

PROVEN_BOUNDARIES: Final = 24  # two years of months: every summer time and every February are among them
WAITED_BOUNDARIES: Final = 13  # a month that has the anchor's own day comes within a year


@dataclass(frozen=True, slots=True)
class Later:
    """There will be one; not now, for that reason. A mirror that is there stays as it is."""

    why: str


@dataclass(frozen=True, slots=True)
class Inexpressible:
    """Stripe cannot bill what we bill, in that part. The engine goes on billing it."""

    part: str


def one_interval_after(now: datetime, cycle: Cycle) -> datetime:
    """The latest moment at which Stripe anchors a subscription that is made now."""
    if cycle.interval in (Interval.DAY, Interval.WEEK):
        return now + timedelta(days=cycle.count * (7 if cycle.interval is Interval.WEEK else 1))
    months = cycle.count * (12 if cycle.interval is Interval.YEAR else 1)
    return datetime.combine(add_months(now.date(), months), now.timetz())


def off_anchor(cycle: Cycle, starts: datetime) -> Later | Inexpressible | None:
    """Why a mirror anchored at that boundary would leave our periods; None when it never does.

    Stripe counts from its anchor in UTC: a month's anchor on the 28th of February stays on the 28th.
    """
    first = number_at(cycle, starts)
    if boundary(cycle, first) != starts:
        return Later("its next boundary begins a shorter period: the mirror is made after it")
    wrong = strays(cycle, first)
    if wrong is None:
        return None
    later = next((n for n in range(first + 1, first + WAITED_BOUNDARIES) if strays(cycle, n) is None), None)
    if later is not None:
        return Later(
            f"the mirror is made when its boundary falls on the anchor's own day: {boundary(cycle, later):%Y-%m-%d}"
        )
    ours, theirs = boundary(cycle, wrong), stripe_boundary(cycle, first, wrong)
    return Inexpressible(
        f"its periods follow midnight in {cycle.zone}, Stripe counts in UTC: {ours:%Y-%m-%d %H:%M} here, "
        f"{theirs:%Y-%m-%d %H:%M} there"
    )


def strays(cycle: Cycle, first: int) -> int | None:
    """The first boundary at which Stripe, anchored at boundary `first`, leaves our cycle; None when none does."""
    following = range(first + 1, first + 1 + PROVEN_BOUNDARIES)
    return next((n for n in following if boundary(cycle, n) != stripe_boundary(cycle, first, n)), None)


def stripe_boundary(cycle: Cycle, first: int, number: int) -> datetime:
    """Where Stripe puts the boundary of that number when its anchor is boundary `first`."""
    anchor, steps = boundary(cycle, first), (number - first) * cycle.count
    if cycle.interval in (Interval.DAY, Interval.WEEK):
        return anchor + steps * timedelta(days=7 if cycle.interval is Interval.WEEK else 1)
    months = steps * (12 if cycle.interval is Interval.YEAR else 1)
    return datetime.combine(add_months(anchor.date(), months), anchor.timetz())
