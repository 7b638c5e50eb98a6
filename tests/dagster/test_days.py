"""The days that Dagster bills and closes: those of the schedules' zone, and none that is not there yet."""

import os
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from assets.billing import recognised_revenue
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.definitions import defs
from billing_pipeline.domain.errors import Broken
from sensors.schedules import every_morning_bill_and_collect, every_morning_close
from tests.fakes import START, FakeClock
from tests.opened import opened
from tests.web.web_world import world_on

MORNING_TICKS = """
from datetime import datetime
from zoneinfo import ZoneInfo
import dagster as dg
from billing_pipeline.definitions import defs
from resources import BillingResource
from sensors.schedules import every_morning_bill_and_collect, every_morning_close
repository = defs.get_repository_def()
for schedule in (every_morning_bill_and_collect, every_morning_close):
    at = datetime(2026, 3, 20, 6, tzinfo=ZoneInfo(schedule.execution_timezone))
    with dg.DagsterInstance.ephemeral() as instance, dg.build_schedule_context(
        instance=instance, scheduled_execution_time=at, repository_def=repository, resources={"billing": BillingResource()}
    ) as context:
        print(schedule.execution_timezone, schedule.evaluate_tick(context).run_requests[0].partition_key)
"""


def test_where_the_day_begins_before_utc_its_morning_finds_its_partition(tmp_path: Path) -> None:
    there = {"BILLING_ZONE": "Pacific/Auckland", "STRIPE_SECRET_KEY": "sk_test_nobody", "BILLING_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "-c", MORNING_TICKS], env=os.environ | there, capture_output=True, text=True, timeout=120
    )

    assert done.stdout.splitlines() == ["Pacific/Auckland 2026-03-20"] * 2, done.stderr


@pytest.mark.parametrize("schedule", [every_morning_bill_and_collect, every_morning_close], ids=lambda one: one.name)
@pytest.mark.parametrize(("days", "billed"), [(1, "2026-01-02"), (30, "2026-01-05")])
def test_while_the_simulators_clock_stands_still_no_later_day_is_asked_for(
    db: Database, tmp_path: Path, schedule: dg.ScheduleDefinition, days: int, billed: str
) -> None:
    world = world_on(db, tmp_path, FakeClock(START + timedelta(days=days)))
    tick = datetime(2026, 1, 5, 6, tzinfo=ZoneInfo("UTC"))

    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_schedule_context(
            instance=instance, scheduled_execution_time=tick, repository_def=defs.get_repository_def(),
            resources={"billing": opened(world)},
        ) as context,
    ):  # fmt: skip
        (asked,) = schedule.evaluate_tick(context).run_requests or ()

    assert asked.partition_key == billed


def test_revenue_of_a_day_that_is_not_over_is_refused_by_name(db: Database, tmp_path: Path) -> None:
    world = world_on(db, tmp_path, FakeClock(START + timedelta(days=1)))

    with pytest.raises(Broken, match=r"2026-01-04 is not over: .* up to 2026-01-01 today"):
        dg.materialize([recognised_revenue], partition_key="2026-01-05", resources={"billing": opened(world)})
