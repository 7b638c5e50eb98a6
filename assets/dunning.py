"""Dunning: only for invoices that were never paid, proven by a fresh reconciliation."""

import dagster as dg

from assets.reconciliation import divergences, stripe_extract
from assets.summaries import metadata_of
from billing_pipeline import operations
from billing_pipeline.domain.dunning_cases import PlannedStep
from resources import BillingResource

OWNERS = ["team:finance"]
LISTED_MAX = 200  # `billing-pipeline dunning plan` lists them all
HEAD = "| invoice | account | owed | step | what happens | why |\n|---|---|---:|---|---|---|\n"


def line_of(row: PlannedStep) -> str:
    """One line of the plan in the UI: the step that is taken, or why there is none."""
    what = f"held: {row.held}" if row.held else f"{row.action} on {row.due_on}"
    why = row.detail.replace("|", "/")  # people write it, and a bar would end the cell
    return f"| {row.invoice} | {row.account} | {row.amount} | {row.step or '-'} | {what} | {why} |"


@dg.asset(group_name="dunning", owners=OWNERS, kinds={"postgres"}, deps=[divergences, stripe_extract])
def dunning_plan(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Tomorrow's steps before they happen: for every overdue invoice its action, or the reason why it is left alone."""
    with billing.world() as world:
        rows = operations.plan_tomorrow(world)
    listed = dg.MetadataValue.md(HEAD + "\n".join(line_of(row) for row in rows[:LISTED_MAX]))
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
        done = operations.dun(world, context.run.run_id)
        applied = operations.apply(world)
    return dg.MaterializeResult(
        metadata=metadata_of(done, sum(done.taken.values())) | metadata_of({"facts applied": applied.applied})
    )
