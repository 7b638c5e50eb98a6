"""When a step may be taken: local mornings, quiet hours, paydays, and what the card network wants.

All instants are aware UTC; zones are IANA names such as 'Europe/Berlin'.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from billing_pipeline.domain.dunning_policy import Timing


@cache
def zone_named(name: str) -> ZoneInfo:
    """The zone of that name; UTC for a name that nobody knows, so that one wrong account does not stop the others."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def local_day(at: datetime, zone: str) -> date:
    """The calendar day that it is there."""
    return at.astimezone(zone_named(zone)).date()


def local_hour(at: datetime, zone: str) -> int:
    """The hour that the clock shows there, 0 to 23."""
    return at.astimezone(zone_named(zone)).hour


def local_moment(day: date, clock_time: time, zone: str) -> datetime:
    """That clock time of that day there, in UTC. A time that a clock change skips means the moment after it."""
    return datetime.combine(day, clock_time, zone_named(zone)).astimezone(UTC)


def awake(at: datetime, zone: str, timing: Timing) -> datetime:
    """The first moment from at on that lies outside the quiet hours there."""
    local = at.astimezone(zone_named(zone))
    if local.time() < timing.quiet_until:
        return local_moment(local.date(), timing.quiet_until, zone)
    if local.time() >= timing.quiet_from:
        return local_moment(local.date() + timedelta(days=1), timing.quiet_until, zone)
    return at


def last_waking_moment(day: date, zone: str, timing: Timing) -> datetime:
    """The last second of that day there in which a step may still be taken."""
    return local_moment(day, timing.quiet_from, zone) - timedelta(seconds=1)


def payday_near(day: date, timing: Timing) -> date:
    """The first payday from day on, when it is near enough to wait for; else the day itself."""
    for wait_days in range(timing.payday_wait_days_max + 1):
        candidate = day + timedelta(days=wait_days)
        if candidate.day in timing.paydays or _stands_for_a_missing_day(candidate, timing):
            return candidate
    return day


def _stands_for_a_missing_day(day: date, timing: Timing) -> bool:
    """Whether a payday such as the 31st falls on this last day of a shorter month."""
    is_last = (day + timedelta(days=1)).month != day.month
    return is_last and any(payday > day.day for payday in timing.paydays)
