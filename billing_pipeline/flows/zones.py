"""Days of a zone: which day a moment falls on, and when a day ends."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day_in(moment: datetime, zone: str) -> date:
    """The calendar day of the moment in that zone."""
    return moment.astimezone(ZoneInfo(zone)).date()


def end_of(day: date, zone: str) -> datetime:
    """The last microsecond of that day in that zone, in UTC."""
    midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    return midnight.astimezone(UTC) - timedelta(microseconds=1)
