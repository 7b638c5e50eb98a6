"""Billing: what is due becomes invoices, what is earned becomes revenue, what is written is sealed."""

from datetime import date, timedelta

import dagster as dg

from assets.partitions import DAYS
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance"]


@dg.asset(group_name="billing", owners=OWNERS, kinds={"python", "postgres"}, partitions_def=DAYS)
def invoices(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Everything that is due by the end of the day: plan changes applied, invoices issued, credits used, entries booked.

    A later day includes the earlier ones, in order; running a day again issues nothing twice. What cannot be billed is
    parked with its reason and named here. Credits past their day, and amounts too small to charge that no invoice came
    for, are ended and booked before.
    """
    with billing.world() as world:
        expired = operations.drop_expired_credits(world, context.run.run_id)
        given_up = operations.drop_small_balances(world, context.run.run_id)
        changes, issued = operations.bill(world, date.fromisoformat(context.partition_key), context.run.run_id)
    ended = {"credits_expired": expired.grants, "small_balances_given_up": given_up.carry_overs}
    return dg.MaterializeResult(
        metadata=metadata_of(issued, issued.invoices) | metadata_of({"changes": changes.applied} | ended)
    )


@dg.asset(group_name="billing", owners=OWNERS, kinds={"postgres"}, deps=[invoices], partitions_def=DAYS)
def recognised_revenue(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Deferred revenue earned up to the day before: one entry per day and currency, to the cent of each invoice's schedule."""
    yesterday = date.fromisoformat(context.partition_key) - timedelta(days=1)
    with billing.world() as world:
        done = operations.recognise(world, yesterday, context.run.run_id)
    return dg.MaterializeResult(metadata=metadata_of(done, done.entries))


@dg.asset(group_name="billing", owners=OWNERS, kinds={"postgres"}, deps=[invoices])
def sealed_journal(billing: BillingResource) -> dg.MaterializeResult[None]:
    """New journal entries, chained by hash: whoever changes one later breaks every seal after it."""
    with billing.world() as world:
        done = operations.seal(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.entries))
