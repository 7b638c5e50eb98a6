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
def run_failure_alert(context: dg.RunFailureSensorContext) -> None:
    """One e-mail for every failed run, with its job, its first error and where to look."""
    message = (context.failure_event.message or "no message").splitlines()[0]
    with BillingResource().world() as world:
        alert(world, f"run-{context.dagster_run.run_id}", f"{context.dagster_run.job_name} failed", message)
