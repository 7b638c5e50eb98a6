"""What a fact in the inbox is about: the closed list of types that move something here, and the name of each fact.

A fact's type is Stripe's event type, '<object>.reply' for the echo of our own call, '<object>.swept' for an object that a
sweep brought, or one of our own. Unknown types are kept and counted, never an error.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final, assert_never


class Topic(StrEnum):
    """The kind of thing a fact is about; each has one applier of a few lines per fact."""

    INTENT = "payment_intent"
    CHARGE = "charge"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    CUSTOMER = "customer"
    PAYMENT_METHOD = "payment_method"
    SETUP_INTENT = "setup_intent"
    SUBSCRIPTION = "subscription"
    STRIPE_INVOICE = "invoice"
    BALANCE_TRANSACTION = "balance_transaction"
    DUE_DATE_PASSED = "invoice.due_date_passed"
    GIVEN_UP = "invoice.given_up"
    VOIDED = "invoice.voided by us"
    PAYMENT_RECORDED = "payment.recorded"
    SUSPEND = "subscription.suspend"
    REINSTATE = "subscription.reinstate"
    CANCEL = "subscription.cancel"


OWN_SOURCES: Final = frozenset({"calendar", "repair", "dunning", "hand"})
"""Facts from here carry our own ids and need no reading from Stripe, unless they repeat an object of Stripe's."""

ANSWER: Final = "reply:"
"""How facts are named that answer a call of ours: with the number of the attempt behind it."""

OWN_TYPES: Final[dict[str, Topic]] = {
    "invoice.due_date_passed": Topic.DUE_DATE_PASSED,
    "invoice.given_up": Topic.GIVEN_UP,
    "invoice.voided": Topic.VOIDED,
    "payment.recorded": Topic.PAYMENT_RECORDED,
    "subscription.suspend": Topic.SUSPEND,
    "subscription.reinstate": Topic.REINSTATE,
    "subscription.cancel": Topic.CANCEL,
}

STRIPE_TYPES: Final[dict[str, Topic]] = {
    "payment_intent.succeeded": Topic.INTENT,
    "payment_intent.payment_failed": Topic.INTENT,
    "payment_intent.processing": Topic.INTENT,
    "payment_intent.requires_action": Topic.INTENT,
    "payment_intent.canceled": Topic.INTENT,
    "charge.succeeded": Topic.CHARGE,
    "charge.updated": Topic.CHARGE,
    "charge.failed": Topic.CHARGE,
    "charge.refund.updated": Topic.REFUND,
    "refund.created": Topic.REFUND,
    "refund.updated": Topic.REFUND,
    "refund.failed": Topic.REFUND,
    "charge.dispute.created": Topic.DISPUTE,
    "charge.dispute.updated": Topic.DISPUTE,
    "charge.dispute.closed": Topic.DISPUTE,
    "charge.dispute.funds_withdrawn": Topic.DISPUTE,
    "charge.dispute.funds_reinstated": Topic.DISPUTE,
    "payout.created": Topic.PAYOUT,
    "payout.updated": Topic.PAYOUT,
    "payout.paid": Topic.PAYOUT,
    "payout.failed": Topic.PAYOUT,
    "payout.canceled": Topic.PAYOUT,
    "payout.reconciliation_completed": Topic.PAYOUT,
    "customer.updated": Topic.CUSTOMER,
    "customer.deleted": Topic.CUSTOMER,
    "payment_method.attached": Topic.PAYMENT_METHOD,
    "payment_method.updated": Topic.PAYMENT_METHOD,
    "payment_method.automatically_updated": Topic.PAYMENT_METHOD,
    "payment_method.detached": Topic.PAYMENT_METHOD,
    "setup_intent.succeeded": Topic.SETUP_INTENT,
    "customer.subscription.created": Topic.SUBSCRIPTION,
    "customer.subscription.updated": Topic.SUBSCRIPTION,
    "customer.subscription.paused": Topic.SUBSCRIPTION,
    "customer.subscription.resumed": Topic.SUBSCRIPTION,
    "customer.subscription.deleted": Topic.SUBSCRIPTION,
    "invoice.created": Topic.STRIPE_INVOICE,
    "invoice.paid": Topic.STRIPE_INVOICE,
    "invoice.payment_failed": Topic.STRIPE_INVOICE,
    "invoice.voided": Topic.STRIPE_INVOICE,
    "invoice.marked_uncollectible": Topic.STRIPE_INVOICE,
    "invoice.finalized": Topic.STRIPE_INVOICE,
}
"""Stripe's event types that move something. charge.refunded is absent on purpose: its amount is cumulative, refunds tell it."""

OBJECT_TOPICS: Final[dict[str, Topic]] = {
    str(topic): topic
    for topic in (
        Topic.INTENT, Topic.CHARGE, Topic.REFUND, Topic.DISPUTE, Topic.PAYOUT, Topic.CUSTOMER, Topic.PAYMENT_METHOD,
        Topic.SETUP_INTENT, Topic.SUBSCRIPTION, Topic.STRIPE_INVOICE, Topic.BALANCE_TRANSACTION,
    )
}  # fmt: skip
"""By the `object` field of Stripe's objects, for replies and sweeps."""

FINAL_STATUSES: Final[dict[Topic, frozenset[str]]] = {
    Topic.INTENT: frozenset({"succeeded", "canceled"}),
    Topic.REFUND: frozenset({"failed", "canceled"}),
    Topic.PAYOUT: frozenset({"failed", "canceled"}),
}
"""Statuses that never change again. Everything else can move in circles and is read anew before it is applied."""

READ_WHOLE: Final = frozenset({Topic.REFUND})
"""Read even when final: the object must bring its payment intent along, which may not have told us of itself yet."""


def topic(fact_type: str, source: str) -> Topic | None:
    """What a fact is about; None for a type that moves nothing here. The same word from us and from Stripe differs by source."""
    if source in OWN_SOURCES and fact_type in OWN_TYPES:
        return OWN_TYPES[fact_type]
    if fact_type in STRIPE_TYPES:
        return STRIPE_TYPES[fact_type]
    name, _, last = fact_type.rpartition(".")
    return OBJECT_TOPICS.get(name) if last in ("reply", "swept") else None


def is_answer(event_id: str) -> bool:
    """Whether the fact of that name is what Stripe answered to a call of ours; what a customer did on the page is none."""
    return event_id.startswith(ANSWER) and event_id.removeprefix(ANSWER).isdigit()


def is_own(about: Topic) -> bool:
    """Whether the fact speaks of our own objects, so that Stripe has nothing to add to it."""
    return about in OWN_TYPES.values()


def is_final(about: Topic, payload: Mapping[str, Any], *, trusted: bool) -> bool:
    """Whether the payload may be applied as it stands. trusted: rendered in the pinned API version, or read by ourselves."""
    if is_own(about) or about is Topic.CHARGE:
        return True  # of a charge only ids and the words of a failure are read: every version has them
    return trusted and about not in READ_WHOLE and payload.get("status") in FINAL_STATUSES.get(about, ())


def fact_key(payload: Mapping[str, Any]) -> str:
    """'<object id>|<fact>|<discriminator>': two events that tell one fact get the same name.

    payload: a Stripe object with `object` and `id`. Discriminator: the charge for payments, the status for the rest.
    """
    about = OBJECT_TOPICS.get(str(payload.get("object", "")))
    status, name = str(payload.get("status") or ""), str(payload.get("id", ""))
    if about is Topic.INTENT:
        return f"{name}|{intent_fact(payload)}|{id_of(payload.get('latest_charge'))}"
    return f"{name}|{payload.get('object', '')}|{status}"


def intent_fact(payload: Mapping[str, Any]) -> str:
    """The word for what an intent has come to: its status, or 'failed' after an attempt that the bank refused."""
    status = str(payload.get("status", ""))
    return "failed" if status == "requires_payment_method" and payload.get("last_payment_error") else status


def id_of(reference: object) -> str:
    """The id in a reference that is an id, an expanded object, or nothing ('')."""
    if isinstance(reference, Mapping):
        return str(reference.get("id", ""))
    return str(reference or "")


WITH_PAYMENTS: Final = ("payments.data.payment.payment_intent",)  # of an invoice of Stripe's
WITH_MOVES: Final = (
    "balance_transaction", "failure_balance_transaction", "payment_intent.latest_charge.balance_transaction",
)  # fmt: skip


def read_path(about: Topic, object_id: str) -> tuple[str, tuple[str, ...]] | None:
    """Where the object's present state is read, with what to expand; None for what is not Stripe's."""
    match about:
        case Topic.INTENT:
            return f"/v1/payment_intents/{object_id}", ("latest_charge.balance_transaction",)
        case Topic.CHARGE:
            return f"/v1/charges/{object_id}", ("balance_transaction", "payment_intent")
        case Topic.REFUND:
            return f"/v1/refunds/{object_id}", WITH_MOVES
        case Topic.DISPUTE:
            return f"/v1/disputes/{object_id}", ("payment_intent.latest_charge.balance_transaction",)
        case Topic.PAYOUT:
            return f"/v1/payouts/{object_id}", ()
        case Topic.CUSTOMER:
            return f"/v1/customers/{object_id}", ("invoice_settings.default_payment_method",)
        case Topic.PAYMENT_METHOD:
            return f"/v1/payment_methods/{object_id}", ()
        case Topic.SETUP_INTENT:
            return f"/v1/setup_intents/{object_id}", ("payment_method",)
        case Topic.SUBSCRIPTION:
            return f"/v1/subscriptions/{object_id}", ()
        case Topic.STRIPE_INVOICE:
            return f"/v1/invoices/{object_id}", WITH_PAYMENTS
        case Topic.BALANCE_TRANSACTION:
            return f"/v1/balance_transactions/{object_id}", ()
        case (
            Topic.DUE_DATE_PASSED | Topic.GIVEN_UP | Topic.VOIDED | Topic.PAYMENT_RECORDED
            | Topic.SUSPEND | Topic.REINSTATE | Topic.CANCEL
        ):  # fmt: skip
            return None
        case _:
            assert_never(about)
