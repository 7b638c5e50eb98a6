"""Collection: open invoices become PaymentIntents, once each, whatever fails."""

import dagster as dg

from assets.accounts import payment_methods
from assets.billing import invoices
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource


@dg.asset(
    group_name="collection",
    owners=["team:finance"],
    kinds={"stripe", "postgres"},
    deps=[dg.AssetDep(invoices, partition_mapping=dg.AllPartitionMapping()), payment_methods],
    pool="stripe",
)
def payment_intents(billing: BillingResource) -> dg.MaterializeResult[None]:
    """One PaymentIntent for every open invoice that is charged automatically. Running it again charges nobody twice.

    Attempts whose outcome is not known are asked about first. What came of an attempt reaches the invoice by the inbox.
    """
    with billing.world() as world:
        settled = operations.settle(world)
        done = operations.collect(world)
    return dg.MaterializeResult(
        metadata=metadata_of(done, done.submitted) | metadata_of({"settled unknowns": settled.settled})
    )
