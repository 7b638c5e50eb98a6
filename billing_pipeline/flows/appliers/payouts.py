"""Payouts, and the balance transactions that other objects name."""

from datetime import datetime
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.stripe_money import BalanceTransaction, Payout
from billing_pipeline.flows.books import Books, Outcome, applied, ignored
from billing_pipeline.flows.ports.event_rows import PayoutRow, TransactionRow

UNDONE: Final = frozenset({"failed", "canceled"})
RANKS: Final = {"pending": 0, "in_transit": 1, "paid": 2, "canceled": 3, "failed": 3}
"""A payout only ever moves up: one that shows as paid may still fail, a failed one never becomes paid."""


def apply_payout(payout: Payout, at: datetime, books: Books) -> Outcome:
    """What a payout does: money leaves the available balance, and comes back when the bank refuses it."""
    known = books.find(PayoutRow, payout.id)
    if known and RANKS.get(payout.status, 0) < RANKS.get(known.status, 0):
        return ignored(f"told before: the payout is {known.status}")
    created, day = payout.created, books.day_of(payout.created)
    out = cash_entries.payout(payout.id, payout.amount, payout.currency, created, day) if payout.amount else None
    back = None
    if out and payout.status in UNDONE:
        back = cash_entries.payout_failed(payout.id, payout.amount, payout.currency, at, books.day_of(at))
    return applied(row_of(payout), out, back)


def row_of(payout: Payout) -> PayoutRow:
    """The payout as a row."""
    return PayoutRow(
        payout_id=payout.id,
        currency=payout.currency,
        amount_minor=payout.amount,
        status=payout.status,
        automatic=payout.automatic,
        method=payout.method,
        arrival_on=payout.arrival_on,
        reconciliation_status=payout.reconciliation_status,
        trace_id=payout.trace,
        created_at=payout.created,
    )


def apply_transaction(transaction: BalanceTransaction, books: Books) -> Outcome:
    """A balance transaction is kept; book_balance books it as soon as what it belongs to is known."""
    if books.find(TransactionRow, transaction.id):
        return ignored(f"told before: {transaction.id} is stored")
    return applied(TransactionRow(transaction))
