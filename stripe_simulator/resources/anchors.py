"""billing_cycle_anchor_config: the next moment on a day of the month, and from where its cycle is counted.

A cycle on the 31st that begins in February has its anchor on the 28th and still bills on the 31st of March. So the
periods are counted from a month that has the day.
"""

from calendar import monthrange
from datetime import UTC, datetime
from typing import Final

from stripe_simulator.intervals import MONTHS, boundary
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid

RANGES: Final = {"day_of_month": (1, 31), "month": (1, 12), "hour": (0, 23), "minute": (0, 59), "second": (0, 59)}
MONTHS_AHEAD_MAX: Final = 13  # the day may have passed in this month, and come again in the same month of next year
STEPS_BACK_MAX: Final = 12  # the 29th of February comes every 4 years, or 8 around 2100


def checked(given: Json, interval: str) -> Json:
    """The configuration as the subscription shows it. Raises Refused."""
    if interval not in MONTHS:
        raise invalid(
            "billing_cycle_anchor_config is only valid with monthly and yearly prices.", "billing_cycle_anchor_config"
        )
    for name, value in given.items():
        low, high = RANGES[name]
        if not low <= value <= high:
            raise invalid(f"{name} must lie between {low} and {high}.", f"billing_cycle_anchor_config[{name}]")
    return dict.fromkeys(RANGES) | given


def anchored(config: Json, interval: str, count: int, after: int) -> tuple[int, int]:
    """The anchor, at or after `after`, and from where its periods are counted; all in unix seconds."""
    anchor = next_anchor(config, interval, count, after)
    return anchor, base_of(config, interval, count, anchor)


def next_anchor(config: Json, interval: str, count: int, after: int) -> int:
    """The first such moment at or after `after` (unix seconds); a time of day that is not given is that of `after`."""
    start, length = datetime.fromtimestamp(after, UTC), count * MONTHS[interval]
    first = start.year * 12 + start.month - 1
    for month in range(first, first + MONTHS_AHEAD_MAX + 1):
        if config["month"] and (month + 1 - config["month"]) % min(length, 12):
            continue
        anchor = _on_day(month, config, start)
        if anchor >= after:
            return anchor
    raise invalid("No such day comes within a year.", "billing_cycle_anchor_config")


def _on_day(month: int, config: Json, start: datetime) -> int:
    year, before = divmod(month, 12)
    day = min(config["day_of_month"], monthrange(year, before + 1)[1])
    clock = {n: getattr(start, n) if config[n] is None else config[n] for n in ("hour", "minute", "second")}
    return int(datetime(year, before + 1, day, **clock, tzinfo=UTC).timestamp())


def base_of(config: Json, interval: str, count: int, anchor: int) -> int:
    """The moment, whole intervals before the anchor or the anchor itself, that really lies on the configured day."""
    for steps in range(STEPS_BACK_MAX):
        at = datetime.fromtimestamp(boundary(anchor, interval, count, -steps), UTC)
        if monthrange(at.year, at.month)[1] >= config["day_of_month"]:
            return int(at.replace(day=config["day_of_month"]).timestamp())
    return anchor


def counted_from(subscription: Json) -> int:
    """From where the subscription's periods are counted: its anchor, unless a month was too short for it."""
    return int(subscription[HIDDEN].get("counted_from") or subscription["billing_cycle_anchor"])
