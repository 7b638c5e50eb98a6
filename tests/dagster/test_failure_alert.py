"""The e-mail about a failed run: which job, what went wrong in its own words, and where to look."""

from email import message_from_bytes, policy
from pathlib import Path

import dagster as dg

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import Broken
from sensors.alerts import run_failure_alert
from tests.fakes import FakeClock
from tests.opened import opened
from tests.web.web_world import world_on


@dg.asset
def failing() -> None:
    """An asset that cannot work before somebody does something."""
    try:
        raise ValueError("IO Error: no such table")
    except ValueError as error:
        raise Broken("ledger.invoices was never extracted: run `billing-pipeline reconcile extract`") from error


def alert_of_a_failure(world: World) -> str:
    """What the e-mail says, after a run of that asset has failed and the sensor has heard of it."""
    defs = dg.Definitions(assets=[failing], jobs=[dg.define_asset_job("morning", [failing])])
    with dg.DagsterInstance.ephemeral() as instance:
        done = defs.resolve_job_def("morning").execute_in_process(instance=instance, raise_on_error=False)
        (event,) = [one for one in done.all_events if one.is_run_failure]
        context = dg.build_run_status_sensor_context(
            "run_failure_alert", event, instance, done.dagster_run, resources={"billing": opened(world)}
        )
        run_failure_alert(context.for_run_failure())
    (letter,) = world.home.rglob("*.eml")
    body = message_from_bytes(letter.read_bytes(), policy=policy.default).get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def test_a_failed_run_is_told_with_the_error_of_its_step_and_where_to_look(db: Database, tmp_path: Path) -> None:
    _, error, place = alert_of_a_failure(world_on(db, tmp_path, FakeClock())).splitlines()

    assert error == "failing: Broken: ledger.invoices was never extracted: run `billing-pipeline reconcile extract`"
    assert place.startswith("look at run ")
