"""Everything that Dagster loads. The only file of the core that knows Dagster."""

import dagster as dg

from assets import ASSETS, CHECKS, JOBS
from resources import BillingResource
from sensors import SENSORS, schedules

defs = dg.Definitions(
    assets=ASSETS,
    asset_checks=CHECKS,
    jobs=JOBS,
    schedules=schedules,
    sensors=SENSORS,
    resources={"billing": BillingResource()},
    executor=dg.in_process_executor,  # a step that pushes uses threads of its own; a process per step costs a second each
)
