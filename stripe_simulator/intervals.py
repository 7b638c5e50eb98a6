"""Billing intervals in UTC: the last day of a month stays the last day, and no anchor is lost."""

from calendar import monthrange
from datetime import UTC, datetime
from typing import Final

DAY: Final = 86_400
MONTHS: Final = {"month": 1, "year": 12}
DAYS: Final = {"day": 1, "week": 7}


def boundary(anchor: int, interval: str, count: int, steps: int) -> int:
    """The unix second that lies `steps` whole intervals after the anchor (before it when negative)."""
    if interval in DAYS:
        return anchor + steps * count * DAYS[interval] * DAY
    start = datetime.fromtimestamp(anchor, UTC)
    months = start.year * 12 + start.month - 1 + steps * count * MONTHS[interval]
    year, month = divmod(months, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return int(start.replace(year=year, month=month + 1, day=day).timestamp())


def next_boundary(anchor: int, interval: str, count: int, after: int) -> int:
    """The first boundary later than `after`, the anchor itself included."""
    if after < anchor:
        return anchor
    length = count * (DAYS[interval] * DAY if interval in DAYS else MONTHS[interval] * 28 * DAY)
    steps = (after - anchor) // length + 1
    while steps > 1 and boundary(anchor, interval, count, steps - 1) > after:
        steps -= 1
    return boundary(anchor, interval, count, steps)


def previous_boundary(anchor: int, interval: str, count: int, end: int) -> int:
    """The boundary one interval before `end`, which is a boundary itself."""
    steps = 0
    while boundary(anchor, interval, count, steps) < end:
        steps += 1
    return boundary(anchor, interval, count, steps - 1)
