"""Jobs: what the schedules start, and the whole round that a person can start for any day."""

import dagster as dg

from assets import accounts, billing, collection, dunning, events, reconciliation, subscriptions, warehouse
from billing_pipeline import operations
from resources import BillingResource

BILLING = dg.AssetSelection.assets(
    accounts.stripe_customers,
    accounts.payment_methods,
    billing.invoices,
    billing.recognised_revenue,
    subscriptions.stripe_prices,
    subscriptions.stripe_subscriptions,
    collection.payment_intents,
    events.stripe_events,
    events.invoice_states,
    billing.sealed_journal,
)
RECONCILING = dg.AssetSelection.assets(
    reconciliation.ledger_extract, reconciliation.stripe_extract, reconciliation.divergences, reconciliation.repairs
)
DUNNING = dg.AssetSelection.assets(dunning.dunning_plan, dunning.dunning_actions)
PUBLISHING = dg.AssetSelection.assets(warehouse.warehouse, warehouse.marts)

billing_day = dg.define_asset_job(
    "billing_day", BILLING, description="Bill a day, charge what is open, apply what Stripe says."
)
collection_round = dg.define_asset_job(
    "collection_round",
    dg.AssetSelection.assets(accounts.stripe_customers, accounts.payment_methods, collection.payment_intents),
    description="New accounts become customers; charge what is open: retries whose time has come, cards just entered.",
)
takeover_round = dg.define_asset_job(
    "takeover_round",
    dg.AssetSelection.assets(subscriptions.takeovers),
    description="Switch planned take-overs at their boundary, book what Stripe billed by itself.",
)
stripe_sweep = dg.define_asset_job(
    "stripe_sweep",
    dg.AssetSelection.assets(reconciliation.stripe_extract),
    description="List Stripe's objects: find what events never told, certify completeness.",
)
reconciliation_round = dg.define_asset_job(
    "reconciliation_round",
    RECONCILING | PUBLISHING,
    description="Extract both sides, compare them, repair what is known, publish the warehouse.",
)
close_books = dg.define_asset_job(
    "close_books",
    dg.AssetSelection.assets(reconciliation.proof_of_close),
    description="Close the day before yesterday, if its proof holds.",
)
dunning_round = dg.define_asset_job(
    "dunning_round",
    DUNNING,
    description="Take the dunning steps that are due, for invoices that are freshly reconciled.",
)
daily_round = dg.define_asset_job(
    "daily_round",
    dg.AssetSelection.all(),
    description="The whole way of a day: bill, collect, apply, reconcile, prove, repair, dun, publish.",
)
repair_round = dg.define_asset_job(
    "repair_round",
    dg.AssetSelection.assets(reconciliation.repairs),
    description="Do the repairs that are safe and small, or approved.",
)


class Approval(dg.Config):
    """Which repair, who approves it (never who asked for it), and the invoice where an orphan must be told one."""

    repair: int
    who: str
    invoice: str = ""


@dg.op
def approve(context: dg.OpExecutionContext, config: Approval, billing: BillingResource) -> None:
    """Approve one repair that waits."""
    with billing.world() as world:
        operations.approve_repair(world, config.repair, config.who, config.invoice)
    context.log.info(f"repair {config.repair} is approved by {config.who}; job repair_round does it")


@dg.job(
    description="Approve one repair that somebody else, or the comparison, asked for; the launchpad asks which and who."
)
def approve_repair() -> None:
    """One step."""
    approve()


JOBS = [
    billing_day, collection_round, takeover_round, stripe_sweep, reconciliation_round, repair_round, close_books,
    dunning_round, daily_round,
]  # fmt: skip
