"""Reconciliation: both sides as Parquet, every disagreement a row, a proof for every day, repairs for what is known."""

from datetime import date, timedelta

import dagster as dg

from assets.events import invoice_states
from assets.partitions import DAYS
from assets.summaries import certificate_table, metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance", "team:data"]
SETTLING_DAYS = 2  # a day is closed when Stripe's own day, which is UTC, and its late facts lie behind it


@dg.asset(group_name="reconciliation", owners=OWNERS, kinds={"postgres", "parquet"}, deps=[invoice_states])
def ledger_extract(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """What the ledger gained since the last extraction, as immutable Parquet; by transaction, so that no row is lost."""
    with billing.world() as world:
        done = operations.extract_ours(world, context.run.run_id)
    return dg.MaterializeResult(metadata=metadata_of(done, done.rows))


@dg.asset(group_name="reconciliation", owners=OWNERS, kinds={"stripe", "parquet"}, deps=[invoice_states], pool="stripe")
def stripe_extract(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Stripe's objects as immutable Parquet. The same fetch finds facts that no event told and certifies completeness.

    A type that could not be certified says NOT ISSUED and why; dunning then waits. A mirror that could charge is held again at
    once; the comparison still sees how it was found.
    """
    with billing.world() as world:
        done = operations.extract_theirs(world, context.run.run_id)
        guarded = operations.guard(world)
        certified = {"certificates": dg.MetadataValue.md(certificate_table(operations.certificates(world)))}
    told = metadata_of(done, done.rows) | metadata_of({"held again": guarded.held_again}) | certified
    return dg.MaterializeResult(metadata=told)


@dg.asset(
    group_name="reconciliation", owners=OWNERS, kinds={"duckdb", "postgres"}, deps=[ledger_extract, stripe_extract]
)
def divergences(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Every disagreement between ledger, Stripe's objects, its balance, payouts and the bank: one row each, with evidence.

    Rows keep their first and last day, owner, note and history until both sides agree again. An error on an invoice holds
    its dunning.
    """
    with billing.world() as world:
        done = operations.reconcile(world, context.run.run_id)
    return dg.MaterializeResult(metadata=metadata_of(done, done.findings))


@dg.asset(
    group_name="reconciliation", owners=OWNERS, kinds={"duckdb", "postgres"}, deps=[divergences], partitions_def=DAYS
)
def proof_of_close(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """Days that are proven and closed for good: ledger, objects, balance, payouts and bank agree or every rest has a name.

    The partition of a day closes through the day before yesterday. A day whose proof has an unexplained rest stays open and
    says so here.
    """
    through = date.fromisoformat(context.partition_key) - timedelta(days=SETTLING_DAYS)
    with billing.world() as world:
        said = operations.close_if_proven(world, through, who="dagster")
    return dg.MaterializeResult(metadata=metadata_of(said))


@dg.asset(group_name="reconciliation", owners=OWNERS, kinds={"postgres"}, deps=[divergences])
def repairs(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Known faults repair themselves: a missed fact is told again, an unseen refund booked. Nothing in the past is edited.

    What is large or not safe by itself waits for a person other than the one who asked (`billing-pipeline repairs list`).
    """
    with billing.world() as world:
        done = operations.repair(world)
        applied = operations.apply(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.done) | metadata_of({"facts applied": applied.applied}))
