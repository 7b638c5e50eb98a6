"""Disputes, and bank debits that came back after they had succeeded.

Money leaves when a dispute opens, not when it is lost. A card dispute that is lost leaves the invoice paid and flagged; a
bank debit that is lost has come back: the invoice is owed again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Split
from billing_pipeline.domain.events import FINAL_STATUSES, Topic
from billing_pipeline.domain.invoices import InvoiceFact, InvoiceState, move
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from billing_pipeline.domain.stripe_money import Charge, Dispute
from billing_pipeline.flows.appliers.intents import NO_PAYMENT, bring, numbered
from billing_pipeline.flows.books import Books, Outcome, applied, ignored
from billing_pipeline.flows.ports.event_rows import (
    CollectionRow,
    DisputeRow,
    GrantRow,
    InvoiceRow,
    PaymentRow,
    Row,
    TransactionRow,
)

LOSSES_MAX: Final = 5  # a dispute moves money two or three times; more is a person's business
SETTLED_FOR_US: Final = frozenset({"won", "warning_closed", "prevented"})


def apply_dispute(dispute: Dispute, at: datetime, books: Books) -> Outcome:
    """What a dispute does: its movements of money, the flag on payment and invoice, and the loss when it is lost."""
    bring(dispute.intent, books)
    payment = books.find(PaymentRow, dispute.charge)
    if payment is None:
        return ignored(NO_PAYMENT)
    books.take(applied(row_of(dispute, payment), *movements(dispute, payment, books)))
    if payment.reversed_at:
        return applied(regained(dispute, payment, at, books))
    if dispute.status == "lost" and payment.method == "bank_debit":
        return applied(*returned(payment, at, books, disputed=dispute))
    disputed = any(one.status not in SETTLED_FOR_US for one in disputes_of(payment, books))
    return applied(*flagged(payment, disputed, books), loss(dispute, payment, at, books))


def disputes_of(payment: PaymentRow, books: Books) -> list[DisputeRow]:
    """All disputes of the payment: one that ended well says nothing about another."""
    return [one for one in books.all(DisputeRow) if one.charge_id == payment.charge_id]


def disputed_besides(invoice: InvoiceRow, payment: PaymentRow, books: Books) -> bool:
    """Whether another payment of the invoice is disputed: its flag stands for all of them."""
    return any(one.disputed for one in books.of_invoice(PaymentRow, invoice.invoice_id) if one.key != payment.key)


def row_of(dispute: Dispute, payment: PaymentRow) -> DisputeRow:
    """The dispute as a row. Its fee is what its movements cost."""
    return DisputeRow(
        dispute_id=dispute.id,
        payment_id=payment.payment_id,
        charge_id=dispute.charge,
        currency=dispute.currency,
        amount_minor=dispute.amount,
        status=dispute.status,
        reason=dispute.reason,
        fee_minor=sum(one.fee for one in dispute.transactions),
        evidence_due_at=dispute.due_by,
        created_at=dispute.created,
    )


def movements(dispute: Dispute, payment: PaymentRow, books: Books) -> list[Row | Entry]:
    """Entries and rows of the money that left and came back, each balance transaction once."""
    changes: list[Row | Entry] = []
    for one in dispute.transactions:
        known = books.find(TransactionRow, one.id)
        if known and known.booked_at:
            continue
        entry = cash_entries.dispute_moved(one, books.day_of(one.created), payment.owner)
        changes += [TransactionRow(one, books.now), *([entry] if entry else [])]
    return changes


def flagged(payment: PaymentRow, disputed: bool, books: Books) -> tuple[Row, ...]:
    """Payment and invoice with the flag set or taken off."""
    invoice = books.find(InvoiceRow, payment.invoice_id or "")
    flagged_payment = replace(payment, disputed=disputed)
    if invoice is None:
        return (flagged_payment,)
    return (flagged_payment, replace(invoice, disputed=disputed or disputed_besides(invoice, payment, books)))


def loss(dispute: Dispute, payment: PaymentRow, at: datetime, books: Books) -> Entry | None:
    """The entry of what is lost and not booked as such, in the currency in which it was withdrawn; None where nothing is.

    Money may come back after the loss, for what had been refunded or by an appeal: so much of the loss is taken back.
    """
    booked = [one for one in losses(dispute.id) if one in books.booked]
    if not dispute.transactions or (dispute.status != "lost" and not booked):
        return None
    told = [posting for one in booked for posting in books.booked[one].postings]
    known = sum(posting.minor for posting in told if posting.account is LedgerAccount.CHARGEBACKS)
    news = -sum(one.amount for one in dispute.transactions) - known
    if not news:
        return None
    settled_in = dispute.transactions[0].currency
    entry = cash_entries.dispute_lost(dispute.id, news, settled_in, at, books.day_of(at), payment.owner)
    return replace(entry, source=losses(dispute.id)[len(booked)])


def losses(dispute: str) -> list[str]:
    """The sources under which the loss of a dispute may have been booked, and taken back, in order."""
    return numbered(f"dispute_lost:{dispute}", LOSSES_MAX)


def apply_return(charge: Charge, at: datetime, books: Books) -> Outcome:
    """A bank debit that failed after its money had come: the invoice is owed again, also when that is told first."""
    if books.find(PaymentRow, charge.id) is None:
        bring(charge.paid, books)
    payment = books.find(PaymentRow, charge.id)
    if payment is None:
        return ignored(NO_PAYMENT)
    if payment.reversed_at:
        return ignored("told before: the payment has come back")
    return applied(*returned(payment, at, books))


def regained(dispute: Dispute, payment: PaymentRow, at: datetime, books: Books) -> Entry | None:
    """The entry of money that came back after all, once its payment was taken as returned; None where none did."""
    known = [one for one in (*bank_returns(dispute), *regains(dispute.id)) if one in books.booked]
    told = [posting for one in known for posting in books.booked[one].postings]
    gone = -sum(posting.minor for posting in told if posting.account is LedgerAccount.DISPUTED_FUNDS)
    back = gone + sum(one.amount for one in dispute.transactions)
    if not dispute.transactions or back <= 0:
        return None
    settled_in = dispute.transactions[0].currency
    source = regains(dispute.id)[len([one for one in known if one in regains(dispute.id)])]
    return cash_entries.dispute_regained(source, back, settled_in, books.when(at), payment.owner)


def bank_returns(dispute: Dispute) -> list[str]:
    """The sources under which the payment may have been booked as returned: its own, and one per other currency."""
    source = f"bank_return:{dispute.charge}"
    return [source, *(f"{source}:{currency}" for currency in {one.currency for one in dispute.transactions})]


def regains(dispute: str) -> list[str]:
    """The sources under which money of a dispute may have been booked as back after its payment's return, in order."""
    return numbered(f"dispute_regained:{dispute}", LOSSES_MAX)


def returned(payment: PaymentRow, at: datetime, books: Books, disputed: Dispute | None = None) -> list[Row | Entry]:
    """Everything that a payment's coming back changes: the payment, the invoice, its collection, the books."""
    changes: list[Row | Entry] = [replace(payment, reversed_at=at, disputed=False)]
    invoice = books.find(InvoiceRow, payment.invoice_id or "")
    grant = books.find(GrantRow, f"payment:{payment.charge_id}")
    split = split_back(payment, grant, disputed)
    if invoice and split.receivable:
        changes += reopened(invoice, payment, split.receivable, books)
    if grant and split.credits:
        changes.append(replace(grant, remaining_minor=grant.remaining_minor - split.credits))
    return changes + returned_entries(payment, split, at, books, disputed)


def split_back(payment: PaymentRow, grant: GrantRow | None, disputed: Dispute | None) -> Split:
    """Whence the money goes back that the bank took: all of it, or what the dispute took where part was refunded before.

    Credit that is used up already cannot be taken back: it stays owed, as unapplied cash below zero, for a person to see.
    """
    taken = disputed.amount if disputed and disputed.currency == payment.currency else payment.amount_minor
    back = min(taken, payment.amount_minor)
    excess = min(back, max(0, payment.amount_minor - payment.applied_minor - payment.refunded_minor))
    receivable = min(payment.applied_minor, back - excess)
    credit = min(excess, grant.remaining_minor) if grant else 0
    return Split(receivable, credit, back - receivable - credit)


def reopened(invoice: InvoiceRow, payment: PaymentRow, minor: int, books: Books) -> list[Row | Entry]:
    """The invoice owed again, and the collection that had paid it closed as returned, so that a new one may be opened."""
    state = move(invoice.state, InvoiceFact.PAYMENT_REVERSED) if invoice.state is InvoiceState.PAID else invoice.state
    left = invoice.paid_minor - minor
    disputed = disputed_besides(invoice, payment, books)
    owed = replace(invoice, state=state, paid_minor=left, paid_at=None, disputed=disputed)
    closed: list[Row | Entry] = [
        replace(one, closed_at=one.closed_at or books.now, close_reason="returned")
        for one in books.of_invoice(CollectionRow, invoice.invoice_id)
        if ended_with(one, payment)
    ]
    return [owed, *closed]


def ended_with(collection: CollectionRow, payment: PaymentRow) -> bool:
    """Whether the payment ended the collection: as its own, or as another's, made by hand, once nobody can pay its own."""
    if collection.payment_intent_id == payment.payment_intent_id:
        return True
    over = collection.payment_intent_id is None or collection.status in FINAL_STATUSES[Topic.INTENT]
    return over and collection.close_reason == "paid"


def returned_entries(
    payment: PaymentRow, split: Split, at: datetime, books: Books, disputed: Dispute | None
) -> list[Row | Entry]:
    """The entries of a return. The money left by the dispute's withdrawal, or with a movement of its own."""
    source, when = f"bank_return:{payment.charge_id}", books.when(at)
    if disputed is None:
        return [
            cash_entries.payment_returned(
                source, LedgerAccount.STRIPE_PENDING, split, payment.currency, when, payment.owner
            )
        ]
    withdrawn = -sum(one.amount for one in disputed.transactions)
    settled_in = disputed.transactions[0].currency if disputed.transactions else payment.currency
    via = LedgerAccount.DISPUTED_FUNDS if settled_in == payment.currency else LedgerAccount.FX_GAIN_LOSS
    back = cash_entries.payment_returned(source, via, split, payment.currency, when, payment.owner)
    if settled_in == payment.currency:
        return [back]
    sides = postings((via, withdrawn, None), (LedgerAccount.DISPUTED_FUNDS, -withdrawn, payment.account_id))
    return [back, replace(back, source=f"{source}:{settled_in}", currency=settled_in, postings=sides)]
