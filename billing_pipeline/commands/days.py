"""Days as people type them."""

from datetime import date
from typing import Final

from billing_pipeline.domain.errors import Broken

YEARS: Final = range(1970, 2200)  # a day beyond is a slip of the finger, and sums of days end with the year 9999


def typed_day(written: str) -> date:
    """That day. Raises Broken when it is none."""
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise Broken(f"{written!r} is no day: write it like 2026-03-31") from None
    if day.year not in YEARS:
        raise Broken(f"{written} is no day of ours: the year lies between {YEARS[0]} and {YEARS[-1]}")
    return day
