"""The days that billing and closing are partitioned by."""

from typing import Final

import dagster as dg

from billing_pipeline.domain.errors import Broken
from billing_pipeline.settings import Settings

FIRST_DAY: Final = "2026-01-01"  # the first day that was ever billed here


def zone() -> str:
    """The zone of the days and of all schedules; UTC where the settings cannot be read, which every command reports by itself."""
    try:
        return Settings.load().zone
    except Broken:
        return "UTC"


DAYS: Final = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone=zone(), end_offset=1)
"""Up to today as the schedules' zone has it: where the day begins before UTC's, its morning would else find no partition."""
