"""The warehouse: one read-only DuckDB file for analysts, swapped in whole while they read."""

from collections import defaultdict
from datetime import date
from typing import Any

import dagster as dg

from assets.charts import bars_by_month
from assets.dunning import dunning_actions
from assets.reconciliation import divergences, proof_of_close, repairs
from assets.summaries import amount, metadata_of
from billing_pipeline import operations
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
        done = operations.publish(world, context.run.run_id)
    return dg.MaterializeResult(metadata=metadata_of(done, done.tables))


@dg.asset(group_name="warehouse", owners=["team:finance"], kinds={"duckdb"}, deps=[warehouse])
def marts(billing: BillingResource) -> dg.MaterializeResult[None]:
    """What finance reports from: MRR movements, ARR, cohorts, cash, ageing, deferred revenue, tax, fees, dunning recovery.

    Computed inside the warehouse when it is published; here are their sizes, the recurring revenue month by month, and what
    failed charges cost: saved, lost and open add up to what failed.
    """
    with billing.world() as world:
        sizes = {row["mart"]: row["row_count"] for row in operations.ask(world, "mart_sizes")}
        mrr = whole_units(operations.ask(world, "mrr_by_month"))
        churn = operations.ask(world, "churn_by_month")
    charts = {
        "recurring revenue": bars_by_month("MRR", mrr),
        "involuntary churn": dg.MetadataValue.md(churn_table(churn)),
    }
    return dg.MaterializeResult(metadata={**charts, **metadata_of({"rows": sizes}, sum(sizes.values()))})


def churn_table(rows: list[dict[str, Any]]) -> str:
    """The months as a Markdown table; the first column of money is the denominator of the others."""
    names = ("failed", "saved", "lost", "open")
    lines = [
        "| month | failed charges | failed | saved | lost | open | customers lost |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for row in rows:
        money = " | ".join(amount(row["currency"], row[f"{name}_minor"]) for name in names)
        lines.append(f"| {row['month']:%Y-%m} | {row['invoices_failed']} | {money} | {row['customers_lost']} |")
    return "\n".join(lines)


def whole_units(rows: list[dict[str, Any]]) -> dict[str, list[tuple[date, int]]]:
    """Currency -> (month, whole major units): as much as a chart can show."""
    points: dict[str, list[tuple[date, int]]] = defaultdict(list)
    for row in rows:
        points[row["currency"]].append((row["month"], row["mrr_minor"] // 10 ** exponent(Currency(row["currency"]))))
    return points
