"""Alerts by e-mail: a new divergence of severity error, a failed run, a queue that dunning could not work off."""

import json

import dagster as dg

from billing_pipeline.alerts import alert, alert_divergences
from resources import BillingResource
from sensors.defaults import READING

LOOK_SECONDS = 60


@dg.sensor(minimum_interval_seconds=LOOK_SECONDS, default_status=READING)
def divergence_alert(context: dg.SensorEvaluationContext, billing: BillingResource) -> dg.SkipReason:
    """One e-mail when errors appear among the divergences, one a day while reconciliation is too old for dunning."""
    seen = json.loads(context.cursor or "[]")
    with billing.world() as world:
        told = alert_divergences(world, seen)
    context.update_cursor(json.dumps(told))
    return dg.SkipReason(f"{len(told)} matters are open and were told")


@dg.run_failure_sensor(name="run_failure_alert", default_status=READING)
def run_failure_alert(context: dg.RunFailureSensorContext, billing: BillingResource) -> None:
    """One e-mail for every failed run, with its job, the error of each failed step and where to look."""
    run = context.dagster_run
    said = [first_line(context.failure_event.message), *map(step_line, context.get_step_failure_events())]
    text = "\n".join([*said, f"look at run {run.run_id} in Dagster's UI (`billing-pipeline ui`)"])
    with billing.world() as world:
        alert(world, f"run-{run.run_id}", f"{run.job_name} failed", text)


def step_line(event: dg.DagsterEvent) -> str:
    """The failed step and its own error, which names the remedy; Dagster wraps it in one that names neither."""
    error = event.step_failure_data.error
    own = (error.cause or error) if error else None
    kind, _, said = first_line(own.message if own else None).partition(": ")
    return f"{event.step_key}: {kind.rpartition('.')[2]}: {said}"


def first_line(message: str | None) -> str:
    """The message without its stack."""
    return (message or "no message").strip().splitlines()[0]
