"""The last days of the demo, as production lives them: the schedules' own jobs, run by Dagster."""

import warnings
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import dagster as dg

from billing_pipeline import operations
from billing_pipeline.bootstrap import World
from billing_pipeline.demo.bank import Bank
from billing_pipeline.demo.life import Life, advance, customers_act
from billing_pipeline.domain.errors import Broken

HOURS: Final = (
    (time(6), "billing_day", True),
    (time(7, 30), "reconciliation_round", False),
    (time(8), "close_books", True),
    (time(9), "dunning_round", False),
)
"""(UTC, job, whether it is partitioned by day): the schedules of production."""
QUIET: Final = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}  # the runs are in the UI, line by line


def live_through_dagster(life: Life, bank: Bank, days: int, progress: Callable[[date], None]) -> None:
    """So many days up to the last one, each through the jobs that the schedules start."""
    from billing_pipeline.definitions import defs

    instance = dg.DagsterInstance.get()
    for back in reversed(range(days)):
        day = life.last - timedelta(days=back)
        for at, job, partitioned in HOURS:
            advance(life.world, datetime.combine(day, at, UTC))
            if job == "billing_day":
                customers_act(life, day)
                bank.deliver(life.world, day - timedelta(days=1))
            run_job(defs, instance, job, day if partitioned else None)
        progress(day)


def run_job(defs: dg.Definitions, instance: dg.DagsterInstance, job: str, day: date | None) -> None:
    """Run the job in this process. Raises Broken when it fails, except for a check that blocks what comes after it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        done = defs.resolve_job_def(job).execute_in_process(
            instance=instance, partition_key=day.isoformat() if day else None, raise_on_error=False, run_config=QUIET
        )
    failed = [event for event in done.all_events if event.is_step_failure]
    if failed:
        raise Broken(f"job {job} failed in {failed[0].step_key}: {failed[0].step_failure_data.error}")


def reconcile_and_dun(world: World) -> None:
    """What the jobs of a morning do, without Dagster: the days before the last ones are lived faster."""
    run_id = operations.run_name(world)
    operations.extract_theirs(world, run_id)
    operations.extract_ours(world, run_id)
    operations.reconcile(world, run_id)
    operations.apply(world)
    operations.repair(world)
    operations.apply(world)
    operations.dun(world, run_id)
    operations.apply(world)
    operations.reinstate(world)
    operations.apply(world)
