"""Everything that Dagster loads. The only file of the core that knows Dagster."""

import warnings
from datetime import date
from typing import Final

import dagster as dg

from assets import ASSETS, CHECKS, JOBS, approve_repair
from billing_pipeline.domain.errors import Broken
from resources import BillingResource
from sensors import SENSORS, schedules

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=[*JOBS, approve_repair],
    schedules=schedules,
    sensors=SENSORS,
    resources={"billing": BillingResource()},
    executor=dg.in_process_executor,  # a step that pushes uses threads of its own; a process per step costs a second each
)

QUIET: Final = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}  # the run's log is in the UI, line by line


def run_job(job: str, day: date | None) -> None:
    """Run the job in this process, its history in DAGSTER_HOME. day: its partition. Raises Broken when a step fails."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        done = defs.resolve_job_def(job).execute_in_process(
            instance=dg.DagsterInstance.get(),
            partition_key=day.isoformat() if day else None,
            raise_on_error=False,
            run_config=QUIET,
        )
    if failed := [event for event in done.all_events if event.is_step_failure]:
        raise Broken(f"job {job} failed in {failed[0].step_key}: {failed[0].step_failure_data.error_display_string}")
