"""Book what the Stripe balance did: fees, conversions, money becoming available. Running it again books nothing twice."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import DayOf
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.event_rows import TransactionRow
from billing_pipeline.flows.ports.inbox import EventStore, Unbooked

BATCH_MAX: Final = 1000  # balance transactions per transaction: well under a second
PAYOUT_CATEGORIES: Final = frozenset({"payout", "payout_reversal"})
DISPUTE_CATEGORIES: Final = frozenset({"dispute", "dispute_reversal"})
TOPUP_CATEGORIES: Final = frozenset({"topup", "topup_reversal"})
RESERVE_CATEGORIES: Final = frozenset({"risk_reserved_funds"})
FEE_CATEGORIES: Final = frozenset(
    {"fee", "network_cost", "tax", "other_adjustment", "contribution", "climate_order_purchase", "climate_order_refund"}
)
"""What Stripe takes for itself, or passes on: a cost, each with an entry of its own."""

OWN_CATEGORIES: Final = TOPUP_CATEGORIES | RESERVE_CATEGORIES | FEE_CATEGORIES
"""Movements that belong to no object of ours. Categories named nowhere here (platforms, issuing, financing) are not booked:
the proof of close shows each by its name."""

DIRECT_CATEGORIES: Final = PAYOUT_CATEGORIES | OWN_CATEGORIES
"""They move the available balance at once and never were pending."""


@dataclass(frozen=True, slots=True)
class Balanced:
    """Balance transactions booked and made available; entries written; fees in minor units by currency."""

    booked: int = 0
    available: int = 0
    entries: int = 0
    fees: dict[str, int] = field(default_factory=dict)


def book_balance(store: EventStore, clock: Clock, *, progress: Callable[[int], None] = lambda done: None) -> Balanced:
    """Book every balance transaction whose payment, refund, dispute or payout is known, and all money that became available."""
    booked = available = entries = 0
    fees: Counter[str] = Counter()
    while found := _book(store, clock):
        booked, entries = booked + found[0], entries + found[1]
        fees.update(found[2])
        progress(booked)
    while moved := _make_available(store, clock):
        available, entries = available + moved[0], entries + moved[1]
        progress(booked + available)
    return Balanced(booked, available, entries, dict(fees))


def _book(store: EventStore, clock: Clock) -> tuple[int, int, Counter[str]] | None:
    """How many were booked with how many entries and which fees; None when there was nothing to book."""
    with store.transaction():
        found = store.unbooked(BATCH_MAX)
        if not found:
            return None
        day_of = store.day_of()
        entries = [entry for one in found for entry in entries_of(one, day_of)]
        fees: Counter[str] = Counter()
        for one in found:
            fees[one.transaction.currency] += one.transaction.fee
        return len(found), store.book(found, entries, clock.now()), fees


def _make_available(store: EventStore, clock: Clock) -> tuple[int, int] | None:
    """How many became available with how many entries; None when none did."""
    with store.transaction():
        found = store.newly_available(clock.now(), BATCH_MAX)
        if not found:
            return None
        return len(found), store.book_available(found, available_entries(found, store.day_of()), clock.now())


def entries_of(one: Unbooked, day_of: DayOf) -> list[Entry]:
    """What a balance transaction books beyond the entry of the payment, refund, dispute or payout that it belongs to."""
    txn, day = one.transaction, day_of(one.transaction.created)
    if txn.category in DISPUTE_CATEGORIES:
        entries: tuple[Entry | None, ...] = (cash_entries.dispute_moved(txn, day, one.owner),)
    elif txn.category in PAYOUT_CATEGORIES:
        entries = (cash_entries.payout_fee(txn, day),)
    elif txn.category in TOPUP_CATEGORIES:
        entries = (cash_entries.topped_up(txn, day),)
    elif txn.category in RESERVE_CATEGORIES:
        entries = (cash_entries.reserved(txn, day),)
    elif txn.category in FEE_CATEGORIES or one.base_minor is None or one.base_currency is None:
        entries = (cash_entries.standalone_fee(txn, day),)
    else:
        converted = cash_entries.conversion(txn, one.base_currency, one.base_minor, day, one.owner)
        entries = (*converted, cash_entries.fee(txn, day, one.owner))
    return [entry for entry in entries if entry is not None]


def available_entries(found: list[TransactionRow], day_of: DayOf) -> list[Entry]:
    """The entries of money that became available."""
    entries = (cash_entries.available(one.transaction, day_of(one.transaction.available_on)) for one in found)
    return [entry for entry in entries if entry is not None]
