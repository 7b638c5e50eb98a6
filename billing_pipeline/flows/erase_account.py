"""Erase an account: the person is forgotten, the books stay."""

from dataclasses import dataclass

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import Erasable, ErasureStore


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. stripe_customer_id: to be deleted in Stripe as well; new is False when it was erased before."""

    account: str
    stripe_customer_id: str | None
    new: bool


def erase_account(store: ErasureStore, clock: Clock, account: AccountId) -> Erased:
    """Take name, address, mail, tax number, cards and messages out of the database.

    Entries, invoices and amounts stay, under the account's id. Erased again, it loses what Stripe told of the person since.
    Raises Broken while something is still owed either way, or a call that names the person may be sent again.
    """
    with store.transaction():
        found = store.erasable(account)
        if found is None:
            raise Broken(f"no account {account!r}")
        if reason := in_the_way(found):
            raise Broken(f"account {account} cannot be erased yet: {reason}")
        store.erase(account, clock.now())
    return Erased(account, found.stripe_customer_id, new=found.erased_at is None)


def in_the_way(found: Erasable) -> str | None:
    """What must be ended first, with the remedy; None when nothing is."""
    if found.subscriptions:
        return f"{found.subscriptions} subscriptions go on: cancel them"
    if found.open_invoices:
        return f"{found.open_invoices} invoices are open: collect them, credit them or give them up"
    if found.credits_minor:
        return f"{found.credits_minor} minor units of paid credit are left: refund them or let them expire"
    if found.open_calls:
        return f"{found.open_calls} calls about its Stripe customer are not settled: wait for `collect settle`"
    return None
