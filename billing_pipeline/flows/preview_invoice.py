"""The next invoice of a subscription, before it is issued: what it would say if nothing changes until then."""

from datetime import UTC, tzinfo

from billing_pipeline.domain.boundaries import step_at
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Issue, period_draft
from billing_pipeline.flows.issue_invoices import arrears_of
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import BillingStore


def preview_invoice(
    store: BillingStore, clock: Clock, subscription_id: SubscriptionId, *, close_zone: tzinfo = UTC
) -> Draft | None:
    """The draft of the next boundary, with the usage and credits of now; None when nothing will be charged there.

    Computed in a transaction that is rolled back. Raises Broken when it does not exist or cannot be billed.
    """
    with store.rehearsal():
        account = store.one(subscription_id)
        if account is None:
            raise Broken(f"no subscription {subscription_id}: use the subscription_id that it was imported with")
        if account.unbillable:
            raise Broken(f"subscription {subscription_id} cannot be billed: {account.unbillable[0].reason}")
        due = account.subscriptions[0]
        if (boundary := due.subscription.next_period_start) is None:
            return None
        step = step_at(due.subscription, boundary, due.last, due.has_card)
        at = max(clock.now(), boundary)
        used = store.count_usage(arrears_of(step))
        issue = Issue(at, at.astimezone(close_zone).date())
        return period_draft(step, used, account.terms, account.purse, issue) if step.billable else None
