"""Dunning: only for invoices that were never paid, proven by a fresh reconciliation."""

import dagster as dg

from assets.reconciliation import divergences, stripe_extract
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance"]


@dg.asset(group_name="dunning", owners=OWNERS, kinds={"postgres"}, deps=[divergences, stripe_extract])
def dunning_plan(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Tomorrow's steps before they happen: for every overdue invoice its action, or the reason why it is left alone."""
    with billing.world() as world:
        rows = operations.plan_tomorrow(world)
    shown = "\n".join(
        f"| {row.invoice} | {row.account} | {row.step or '-'} | {row.held or row.action} |" for row in rows[:200]
    )
    listed = dg.MetadataValue.md(f"| invoice | account | step | what happens |\n|---|---|---|---|\n{shown}")
    held = sum(1 for row in rows if row.held)
    counts = {"acting": len(rows) - held, "held": held}
    return dg.MaterializeResult(metadata={"plan": listed, **metadata_of(counts, len(rows))})


@dg.asset(
    group_name="dunning", owners=OWNERS, kinds={"stripe", "postgres", "email"}, deps=[dunning_plan], pool="stripe"
)
def dunning_actions(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Due steps taken, each at most once per invoice: reminder, retry, notice, suspension, cancellation, write-off.

    Nothing happens while reconciliation is stale or a check before it failed; each invoice is read at Stripe once more.
    """
    with billing.world() as world:
        done = operations.dun(world, context.run_id)
        applied = operations.apply(world)
    return dg.MaterializeResult(
        metadata=metadata_of(done, sum(done.taken.values())) | metadata_of({"facts applied": applied.applied})
    )
