"""Accounts: who is billed, known to Stripe as customers."""

import dagster as dg

from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance"]


@dg.asset(group_name="accounts", owners=OWNERS, kinds={"stripe", "postgres"}, pool="stripe")
def stripe_customers(billing: BillingResource) -> dg.MaterializeResult[None]:
    """One Stripe customer for every account, adopted where one exists already, kept in step with name, e-mail and address.

    Running it again changes nothing. A customer deleted in Stripe is flagged, never recreated by itself.
    """
    with billing.world() as world:
        done = operations.provision(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.created + done.adopted + done.updated))


@dg.asset(group_name="accounts", owners=OWNERS, kinds={"stripe", "postgres"}, deps=[stripe_customers], pool="stripe")
def payment_methods(billing: BillingResource) -> dg.MaterializeResult[None]:
    """The default payment method of every customer, as Stripe has it now: brand, last four digits, expiry, fingerprint.

    Never a card number.
    """
    with billing.world() as world:
        done = operations.follow_methods(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.new_default))
