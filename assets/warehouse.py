"""The warehouse: one read-only DuckDB file for analysts, swapped in whole while they read."""

from collections import defaultdict
from datetime import date

import dagster as dg

from assets.charts import bars_by_month
from assets.dunning import dunning_actions
from assets.reconciliation import divergences, proof_of_close, repairs
from assets.summaries import metadata_of
from billing_pipeline import operations
from billing_pipeline.adapters.warehouse import read_published
from billing_pipeline.domain.currencies import Currency, exponent
from resources import BillingResource


@dg.asset(
    group_name="warehouse",
    owners=["team:data"],
    kinds={"duckdb"},
    deps=[
        divergences,
        repairs,
        dunning_actions,
        dg.AssetDep(proof_of_close, partition_mapping=dg.AllPartitionMapping()),
    ],
)
def warehouse(context: dg.AssetExecutionContext, billing: BillingResource) -> dg.MaterializeResult[None]:
    """`warehouse.duckdb`: ledger, Stripe's objects, divergences, proofs and marts (MRR, cash, ageing, deferred revenue, ...).

    Open it read-only; it never changes under you. A copy of each day stays beside it. docs/tables.md describes every table.
    """
    with billing.world() as world:
        done = operations.publish(world, context.run_id)
    return dg.MaterializeResult(metadata=metadata_of(done, done.tables))


MRR = "select month, currency, mrr_minor from marts.arr order by month, currency"
SIZES = """
select table_name, estimated_size as n from duckdb_tables() where schema_name = 'marts' order by table_name
"""


@dg.asset(group_name="warehouse", owners=["team:finance"], kinds={"duckdb"}, deps=[warehouse])
def marts(billing: BillingResource) -> dg.MaterializeResult[None]:
    """What finance reports from: MRR movements, ARR, cohorts, cash, ageing, deferred revenue, tax, fees, dunning recovery.

    Computed inside the warehouse when it is published; here are their sizes and the recurring revenue month by month.
    """
    with billing.world() as world:
        published = world.home / "warehouse.duckdb"
        sizes = {row["table_name"]: row["n"] for row in read_published(published, SIZES)}
        mrr: dict[str, list[tuple[date, int]]] = defaultdict(list)
        for row in read_published(published, MRR):
            major = row["mrr_minor"] // 10 ** exponent(Currency(row["currency"]))
            mrr[row["currency"]].append((row["month"], major))
    chart = bars_by_month("MRR", mrr)
    return dg.MaterializeResult(
        metadata={"recurring revenue": chart, **metadata_of({"rows": sizes}, sum(sizes.values()))}
    )
