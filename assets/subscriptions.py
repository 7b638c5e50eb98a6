"""Subscriptions in Stripe: a held mirror of each, and those that Stripe bills because finance handed them over."""

import dagster as dg

from assets.accounts import payment_methods, stripe_customers
from assets.billing import invoices
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance"]
AFTER_BILLING = dg.AssetDep(
    invoices, partition_mapping=dg.AllPartitionMapping()
)  # it carries out the changes of the day


@dg.asset(
    group_name="subscriptions", owners=OWNERS, kinds={"stripe", "postgres"}, deps=[stripe_customers], pool="stripe"
)
def stripe_prices(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Plans, prices, tiers, coupons and tax rates as Stripe lists them; a price is replaced and archived, never edited.

    What Stripe cannot express is named with its reason and billed by us alone.
    """
    with billing.world() as world:
        done = operations.sync_prices(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.created + done.replaced))


@dg.asset(
    group_name="subscriptions",
    owners=OWNERS,
    kinds={"stripe", "postgres"},
    deps=[payment_methods, stripe_prices, AFTER_BILLING],
    pool="stripe",
)
def stripe_subscriptions(billing: BillingResource) -> dg.MaterializeResult[None]:
    """A mirror in Stripe of every subscription, held so that it never charges, until finance hands one over.

    Mirrors that could charge are found and held again at once.
    """
    with billing.world() as world:
        done = operations.mirror_subscriptions(world)
        guarded = operations.guard(world)
    return dg.MaterializeResult(
        metadata=metadata_of(done, done.created + done.updated) | metadata_of({"held again": guarded.held_again})
    )


@dg.asset(
    group_name="subscriptions", owners=OWNERS, kinds={"stripe", "postgres"}, deps=[stripe_subscriptions], pool="stripe"
)
def takeovers(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Planned take-overs and give-backs carried out at their boundary, and what Stripe billed by itself brought into the books.

    Runs every half hour, for what no event told: Stripe's drafts live for one hour, and our credits must be on them before
    that. Mirrors that could charge are found and held again.
    """
    with billing.world() as world:
        switched = operations.switch_takeovers(world)
        followed = operations.follow_takeovers(world)
        guarded = operations.guard(world)
    return dg.MaterializeResult(
        metadata=metadata_of(switched) | metadata_of(followed) | metadata_of({"held again": guarded.held_again})
    )
