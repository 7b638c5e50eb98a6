"""A new Stripe customer for an account whose customer was deleted there: nothing brings a deleted one back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing_pipeline.domain.collecting import canceling
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CustomerId
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.collection import CustomerStore, StaleIntent
from billing_pipeline.flows.provision_customers import provision_customers
from billing_pipeline.flows.send_attempts import answer_to, settled_by
from billing_pipeline.flows.try_intents import FINISHED


class RenewalStore(CustomerStore, Protocol):
    """Customers, and what is still open of a deleted one."""

    def deleted_customer(self, account: AccountId) -> CustomerId | None:
        """The account's customer, where that was deleted in Stripe and the account is neither erased nor parked."""

    def open_intents(self, account: AccountId) -> list[StaleIntent]:
        """The intents of the account's open collections."""

    def forget_customer(self, account: AccountId, customer: CustomerId, now: datetime) -> bool:
        """The account has no customer any more, and none of its payment methods; False where it has another by now."""


@dataclass(frozen=True, slots=True)
class Renewed:
    """before: the deleted customer. now: the new one, None where Stripe did not make it yet. canceled: intents."""

    before: CustomerId
    now: CustomerId | None
    canceled: int


def renew_customer(
    store: RenewalStore, gateway: Gateway, clock: Clock, account: AccountId, *, environment: str = "billing"
) -> Renewed:
    """Cancel what the deleted customer could still be charged for, forget it, and link the account to a new one.

    Intents belong to their customer for ever: each open invoice gets a new one with its next try. A crash at any line is
    mended by running it again, after the customer is forgotten by `collect customers`. Raises Broken with the remedy.
    """
    before = store.deleted_customer(account)
    if before is None:
        raise Broken(f"no customer of account {account!r} was deleted in Stripe, or the account is erased or parked")
    canceled = sum(_ended(store, gateway, clock, one) for one in store.open_intents(account))
    if not store.forget_customer(account, before, clock.now()):
        raise Broken(f"account {account!r} is being changed by another process: look again")
    provision_customers(store, gateway, clock, environment=environment)
    return Renewed(before, store.customer_account(account), canceled)


def _ended(store: RenewalStore, gateway: Gateway, clock: Clock, one: StaleIntent) -> bool:
    """Whether the intent was canceled now; not where money came, is under way, or never can come."""
    intent = gateway.read(f"/v1/payment_intents/{one.payment_intent_id}")
    if intent is None or intent["status"] in FINISHED:
        return False
    cancel = canceling(one.invoice_id, one.seq, one.payment_intent_id, one.cancels_lost)
    with store.transaction():
        opened = store.open_attempts([cancel], gateway.api_version, clock.now())
    answer = answer_to(gateway, opened[0]) if opened else None
    if answer:
        store.settle(opened[0], settled_by(opened[0], answer, clock.now(), gateway.api_version), clock.now())
    if answer is None or answer.found is None or answer.found["status"] != "canceled":
        raise Broken(
            f"{one.payment_intent_id} of {one.invoice_id} is not canceled yet: `billing-pipeline collect settle`, "
            "then run this again"
        )
    return True
