"""Billing periods: computed from an anchor day in a zone, never from the last end, so that nothing ever drifts.

A boundary is the midnight of a calendar day in the subscription's zone, as an instant in UTC. A month without
the anchor day ends on its last day (31 Jan, 28 Feb, 31 Mar); the anchor is not lost.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final, assert_never
from zoneinfo import ZoneInfo

from billing_pipeline.domain.errors import Broken

BOUNDARIES_REMEMBERED: Final = 16_384  # a run meets few distinct days and zones, many times each
SECOND: Final = timedelta(seconds=1)


class Interval(StrEnum):
    """The unit that a billing cycle is counted in."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """A stretch of time: start is in it, end is not. Both aware, in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise Broken(f"a period must end after it starts: {self.start} to {self.end}")

    def __hash__(self) -> int:
        """By its start alone: periods are what lines are remembered by."""
        return hash(self.start)

    @property
    def seconds(self) -> int:
        """Whole seconds from start to end."""
        return (self.end - self.start) // SECOND


@dataclass(frozen=True, slots=True)
class Cycle:
    """How often a subscription is billed: every `count` intervals, counted from the anchor day in the zone."""

    anchor_on: date
    zone: str = "UTC"
    interval: Interval = Interval.MONTH
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1:
            raise Broken(f"a cycle must last at least one {self.interval}, got {self.count}")

    def __hash__(self) -> int:
        """By its anchor alone: cycles are what periods are remembered by."""
        return hash(self.anchor_on)


@lru_cache(maxsize=1024)
def zone_named(name: str) -> ZoneInfo:
    """The time zone of that IANA name. Raises Broken for a name that the tz database does not know."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise Broken(f"unknown zone {name!r}: use an IANA name such as 'Europe/Berlin'") from None


@lru_cache(maxsize=BOUNDARIES_REMEMBERED)
def midnight(day: date, zone: str) -> datetime:
    """The instant at which the day starts in the zone, in UTC.

    A midnight that the clocks jump over is the instant of the jump; one that comes twice is the first.
    """
    return datetime.combine(day, time(), tzinfo=zone_named(zone)).astimezone(UTC)


def local_day(instant: datetime, zone: str) -> date:
    """The calendar day of the instant in the zone."""
    return instant.astimezone(zone_named(zone)).date()


def add_months(day: date, months: int) -> date:
    """The same day so many months later, or the last day of that month where it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def boundary_day(cycle: Cycle, number: int) -> date:
    """The calendar day of the boundary with that number; number 0 is the anchor, negative ones lie before it."""
    match cycle.interval:
        case Interval.DAY:
            return cycle.anchor_on + timedelta(days=number * cycle.count)
        case Interval.WEEK:
            return cycle.anchor_on + timedelta(weeks=number * cycle.count)
        case Interval.MONTH:
            return add_months(cycle.anchor_on, number * cycle.count)
        case Interval.YEAR:
            return add_months(cycle.anchor_on, number * cycle.count * 12)
        case _:
            assert_never(cycle.interval)


def boundary(cycle: Cycle, number: int) -> datetime:
    """The instant of the boundary with that number, in UTC."""
    return midnight(boundary_day(cycle, number), cycle.zone)


def number_near(cycle: Cycle, day: date) -> int:
    """The number of the boundary at or just before that day, give or take one."""
    match cycle.interval:
        case Interval.DAY:
            return (day - cycle.anchor_on).days // cycle.count
        case Interval.WEEK:
            return (day - cycle.anchor_on).days // (7 * cycle.count)
        case Interval.MONTH | Interval.YEAR:
            months = (day.year - cycle.anchor_on.year) * 12 + day.month - cycle.anchor_on.month
            return months // (cycle.count * (12 if cycle.interval is Interval.YEAR else 1))
        case _:
            assert_never(cycle.interval)


def number_at(cycle: Cycle, instant: datetime) -> int:
    """The number of the last boundary at or before the instant."""
    number = number_near(cycle, local_day(instant, cycle.zone))
    while boundary(cycle, number) > instant:
        number -= 1
    while boundary(cycle, number + 1) <= instant:
        number += 1
    return number


@lru_cache(maxsize=BOUNDARIES_REMEMBERED)
def period_at(cycle: Cycle, instant: datetime) -> Period:
    """The whole period of the cycle that contains the instant.

    Days that a zone skipped altogether (Samoa, 30 December 2011) have no period: the one before lasts longer.
    """
    number = number_at(cycle, instant)
    return Period(boundary(cycle, number), boundary(cycle, number + 1))


@lru_cache(maxsize=BOUNDARIES_REMEMBERED)
def period_from(cycle: Cycle, start: datetime) -> Period:
    """What is billed when a subscription is billed from start on: up to the next boundary of its cycle."""
    return Period(start, period_at(cycle, start).end)


@lru_cache(maxsize=BOUNDARIES_REMEMBERED)
def share(cycle: Cycle, period: Period) -> tuple[int, int]:
    """Which part of its whole period a stretch is, in seconds: (part, whole).

    A stretch that starts on the boundary's own calendar day and runs to the end is whole: (1, 1). Whoever signs up at
    noon pays for the day.
    """
    whole = period_at(cycle, period.start)
    same_day = local_day(period.start, cycle.zone) == local_day(whole.start, cycle.zone)
    if period.end == whole.end and (period.start == whole.start or same_day):
        return 1, 1
    return period.seconds, whole.seconds


def paid_in_full(cycle: Cycle, billed: Period) -> Period:
    """What a whole price is for: the billed stretch where that is charged in full, else the cycle's own period around it."""
    return billed if share(cycle, billed) == (1, 1) else period_at(cycle, billed.start)
