"""When what runs, in the zone of BILLING_ZONE. What moves money starts by itself on the simulator only."""

import dagster as dg

from assets.jobs import (
    billing_day,
    close_books,
    collection_round,
    dunning_round,
    reconciliation_round,
    stripe_sweep,
    takeover_round,
)
from assets.partitions import zone
from billing_pipeline import operations
from resources import BillingResource
from sensors.defaults import MOVING_MONEY, WATCHING, on_the_simulator


def partition_of(context: dg.ScheduleEvaluationContext, billing: BillingResource) -> str:
    """The day that the tick belongs to; on the simulator, whose clock may stand still, no later one than its own."""
    day = context.scheduled_execution_time.date()
    if on_the_simulator():
        with billing.world() as world:
            day = min(day, operations.today(world))
    return day.isoformat()


@dg.schedule(job=billing_day, cron_schedule="0 6 * * *", execution_timezone=zone(), default_status=MOVING_MONEY)
def every_morning_bill_and_collect(context: dg.ScheduleEvaluationContext, billing: BillingResource) -> dg.RunRequest:
    """Six in the morning: invoices of the day, charges, Stripe's answers."""
    return dg.RunRequest(partition_key=partition_of(context, billing))


@dg.schedule(
    job=collection_round, cron_schedule="10,40 * * * *", execution_timezone=zone(), default_status=MOVING_MONEY
)
def every_half_hour_collect(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every half hour: new accounts, cards just entered and retries whose time has come do not wait for the morning."""
    return dg.RunRequest()


@dg.schedule(job=stripe_sweep, cron_schedule="15 * * * *", execution_timezone=zone(), default_status=WATCHING)
def every_hour_sweep(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """A quarter past every hour: Stripe's objects are listed and compared with what events told."""
    return dg.RunRequest()


@dg.schedule(job=reconciliation_round, cron_schedule="0 7 * * *", execution_timezone=zone(), default_status=WATCHING)
def every_morning_reconcile(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Seven in the morning: both sides extracted and compared, the warehouse published."""
    return dg.RunRequest()


@dg.schedule(job=close_books, cron_schedule="30 7 * * *", execution_timezone=zone(), default_status=MOVING_MONEY)
def every_morning_close(context: dg.ScheduleEvaluationContext, billing: BillingResource) -> dg.RunRequest:
    """Half past seven: the day before yesterday is closed if its proof holds."""
    return dg.RunRequest(partition_key=partition_of(context, billing))


@dg.schedule(job=dunning_round, cron_schedule="0 */3 * * *", execution_timezone=zone(), default_status=MOVING_MONEY)
def every_three_hours_dun(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every three hours: due dunning steps, each in its customer's own daylight, for freshly reconciled invoices."""
    return dg.RunRequest()


@dg.schedule(job=takeover_round, cron_schedule="*/30 * * * *", execution_timezone=zone(), default_status=MOVING_MONEY)
def every_half_hour_follow_takeovers(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Every half hour: take-overs at their boundary, Stripe's own invoices into the books before they leave their draft."""
    return dg.RunRequest()


schedules = [
    every_morning_bill_and_collect,
    every_half_hour_collect,
    every_hour_sweep,
    every_morning_reconcile,
    every_morning_close,
    every_three_hours_dun,
    every_half_hour_follow_takeovers,
]
