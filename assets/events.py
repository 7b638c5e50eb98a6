"""Events: what Stripe and the calendar tell, in one inbox, applied to states and books."""

import dagster as dg

from assets.collection import payment_intents
from assets.summaries import metadata_of
from billing_pipeline import operations
from resources import BillingResource

OWNERS = ["team:finance"]


@dg.asset(group_name="events", owners=OWNERS, kinds={"stripe", "postgres"}, deps=[payment_intents], pool="stripe")
def stripe_events(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Stripe's events since the last poll, in the inbox; an event seen before, by webhook or poll, is not stored again."""
    with billing.world() as world:
        done = operations.poll(world)
    return dg.MaterializeResult(metadata=metadata_of(done, done.new))


@dg.asset(group_name="events", owners=OWNERS, kinds={"postgres"}, deps=[stripe_events])
def invoice_states(billing: BillingResource) -> dg.MaterializeResult[None]:
    """Every fact in the inbox applied: invoice states and journal entries in one transaction, in any order, with repeats.

    Facts that cannot be applied are kept as dead letters with their reason (`billing-pipeline events list --dead`).
    """
    with billing.world() as world:
        due = operations.pass_due(world)
        done = operations.apply(world)
        back = operations.reinstate(world)
    more = {"due dates passed": due.facts, "accounts reinstated": back.accounts}
    return dg.MaterializeResult(metadata=metadata_of(done, done.applied) | metadata_of(more))
