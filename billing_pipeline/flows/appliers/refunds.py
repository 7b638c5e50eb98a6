"""Refunds: each one is booked by itself, never from a charge's cumulative amount."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Split
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.ledger import Entry, LedgerAccount
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.stripe_money import Refund
from billing_pipeline.domain.taxes import tax_refunded
from billing_pipeline.flows.appliers.intents import NO_PAYMENT, bring
from billing_pipeline.flows.books import Books, Outcome, applied, ignored
from billing_pipeline.flows.ports.event_rows import (
    GrantRow,
    InvoiceRow,
    PaymentRow,
    RefundRow,
    Row,
    TransactionRow,
)

UNDONE: Final = frozenset({"failed", "canceled"})
RANKS: Final = {"pending": 0, "requires_action": 0, "succeeded": 1, "failed": 2, "canceled": 2}
"""A refund only ever moves up; what is read of it late cannot take it back down."""


def apply_refund(refund: Refund, at: datetime, books: Books) -> Outcome:
    """What a refund does to its payment. One seen only after it failed is booked and taken back: nothing is left out."""
    bring(refund.intent, books)
    payment = books.find(PaymentRow, refund.charge)
    if payment is None:
        return ignored(NO_PAYMENT)
    known = books.find(RefundRow, refund.id) or row_of(refund, payment)
    if RANKS.get(refund.status, 0) < RANKS.get(known.status, 0):
        return ignored(f"told before: the refund is {known.status}")
    out = books.booked.get(f"refund:{refund.id}") or money_out(refund, payment, books)
    back = money_back(refund, out, at, books)
    standing = refund.amount if out and refund.status not in UNDONE else 0
    row = replace(known, status=refund.status, failure_reason=refund.failure_reason, booked_minor=standing)
    news = [entry for entry in (out, back) if entry and entry.source not in books.booked]
    moves = [TransactionRow(one) for one in refund.moves if not books.find(TransactionRow, one.id)]
    return applied(row, *news, *moves, *carried(payment, standing - known.booked_minor, news, books))


def row_of(refund: Refund, payment: PaymentRow) -> RefundRow:
    """The refund as a row of which nothing stands in the books yet."""
    return RefundRow(
        refund_id=refund.id,
        payment_id=payment.payment_id,
        charge_id=refund.charge,
        currency=refund.currency,
        amount_minor=refund.amount,
        booked_minor=0,
        status="pending",
        reason=refund.reason,
        failure_reason=refund.failure_reason,
        created_at=refund.created,
    )


def money_out(refund: Refund, payment: PaymentRow, books: Books) -> Entry | None:
    """The entry of the money that left; None while it has not left the balance."""
    if refund.status != "succeeded" and not refund.transaction:
        return None
    back = from_excess(payment, refund.amount, books)
    tax = tax_within(payment, refund.amount - back.total, books)
    money, when = Money(refund.amount, refund.currency), books.when(refund.created)
    return cash_entries.refund(refund.id, money, tax, back, when, payment.owner)


def money_back(refund: Refund, out: Entry | None, at: datetime, books: Books) -> Entry | None:
    """The entry of a refund that did not reach the customer; None for one that did, or never left."""
    if out is None or refund.status not in UNDONE:
        return None
    return cash_entries.refund_failed(out, refund.id, at, books.day_of(at))


def from_excess(payment: PaymentRow, minor: int, books: Books) -> Split:
    """How much of a refund gives back money that never paid the invoice: the customer's credit, or unapplied cash.

    What was kept of a void invoice is unapplied, too: its revenue and tax left the books with it.
    """
    part = min(minor, max(0, payment.amount_minor - payment.applied_minor - payment.refunded_minor))
    grant = books.find(GrantRow, f"payment:{payment.charge_id}")
    credit = min(part, grant.remaining_minor) if grant else 0
    invoice = books.find(InvoiceRow, payment.invoice_id or "")
    if invoice and invoice.state is InvoiceState.VOID:
        return Split(credits=credit, unapplied=minor - credit)
    return Split(credits=credit) if grant else Split(unapplied=part)


def tax_within(payment: PaymentRow, minor: int, books: Books) -> int:
    """The tax in that much of the payment's invoice."""
    invoice = books.find(InvoiceRow, payment.invoice_id or "")
    return tax_refunded(invoice.total_minor, invoice.tax_minor, invoice.refunded_minor, minor) if invoice else 0


def carried(payment: PaymentRow, minor: int, news: Sequence[Entry], books: Books) -> tuple[Row, ...]:
    """Payment, invoice and credit with that much more refunded, as the new entries say. minor: negative when it came back."""
    rows: list[Row] = [replace(payment, refunded_minor=payment.refunded_minor + minor)] if minor else []
    of_invoice = sum_on(news, LedgerAccount.REFUNDS) + sum_on(news, LedgerAccount.TAX_PAYABLE)
    invoice = books.find(InvoiceRow, payment.invoice_id or "")
    if invoice and of_invoice:
        rows.append(replace(invoice, refunded_minor=invoice.refunded_minor + of_invoice))
    grant = books.find(GrantRow, f"payment:{payment.charge_id}")
    if grant and (of_credit := sum_on(news, LedgerAccount.CUSTOMER_CREDITS)):
        rows.append(replace(grant, remaining_minor=grant.remaining_minor - of_credit))
    return tuple(rows)


def sum_on(entries: Sequence[Entry], account: LedgerAccount) -> int:
    """What the entries post to that account, in minor units, debits positive."""
    return sum(posting.minor for entry in entries for posting in entry.postings if posting.account is account)
