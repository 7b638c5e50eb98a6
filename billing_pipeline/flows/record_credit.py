"""Record a credit: an account may spend an amount on its next invoices."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing_pipeline.domain.billing_entries import When, credit_granted
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.currencies import currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CreditGrantId
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import GrantStore
from billing_pipeline.flows.zones import day_in

BY_HAND: Final = frozenset({CreditKind.PROMOTIONAL, CreditKind.PURCHASED, CreditKind.GOODWILL, CreditKind.OPENING})
"""Kinds a person may grant; the others come from a payment, a refund or an invoice, with its own entry."""


@dataclass(frozen=True, slots=True)
class CreditWish:
    """What is to be granted, in minor units. key: names the wish; asked twice it is done once.

    expires_at: not usable then or later; None never expires. priority: lower goes first among equals.
    """

    account: AccountId
    kind: str
    amount_minor: int
    key: str
    currency: str | None = None
    expires_at: datetime | None = None
    priority: int = 100
    note: str = ""


@dataclass(frozen=True, slots=True)
class CreditRecorded:
    """The grant; new is False when a grant of that key was there before."""

    credit_grant_id: str
    new: bool


def record_credit(
    store: GrantStore, clock: Clock, wish: CreditWish, *, zone: str = "UTC", run_id: str = ""
) -> CreditRecorded:
    """Grant the credit and book what it makes us owe. Raises Broken on an unknown account, kind, currency or amount."""
    now = clock.now()
    with store.transaction():
        grant = grant_of(store, wish, now)
        new = store.add_grant(grant, f"grant:{wish.key}", wish.note)
        entry = credit_granted(grant, When(now, store.open_day(day_in(now, zone))))
        if new and entry:
            store.write([entry], run_id, now)
    return CreditRecorded(grant.credit_grant_id, new)


def grant_of(store: GrantStore, wish: CreditWish, now: datetime) -> CreditGrant:
    """The grant, its account locked. Raises Broken where the wish does not fit."""
    home = store.lock_account(wish.account)
    if home is None:
        raise Broken(f"no account {wish.account!r}: import it first (`billing-pipeline import accounts FILE`)")
    if wish.kind not in BY_HAND:
        raise Broken(f"credit kind {wish.kind!r}: use {', '.join(sorted(BY_HAND))}")
    if wish.amount_minor <= 0:
        raise Broken(f"a credit of {wish.amount_minor}: grant at least one minor unit")
    if wish.expires_at and wish.expires_at <= now:
        raise Broken(f"a credit that expired at {wish.expires_at:%Y-%m-%d %H:%M}: choose a moment to come")
    return CreditGrant(
        CreditGrantId(f"cg-{wish.key}"), wish.account, currency(wish.currency or home), CreditKind(wish.kind),
        wish.amount_minor, wish.amount_minor, now, wish.expires_at, wish.priority,
    )  # fmt: skip
