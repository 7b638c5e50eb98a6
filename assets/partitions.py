"""The days that billing and closing are partitioned by."""

from typing import Final

import dagster as dg

FIRST_DAY: Final = "2026-01-01"  # the first day that was ever billed here

DAYS: Final = dg.DailyPartitionsDefinition(start_date=FIRST_DAY, timezone="UTC", end_offset=1)
