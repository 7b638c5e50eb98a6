"""Payment intents: money that came, attempts that failed, and intents that wait or were canceled."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.billing_entries import Portions, recovered
from billing_pipeline.domain.cash_entries import Split
from billing_pipeline.domain.events import FINAL_STATUSES, Topic
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.invoices import InvoiceFact, InvoiceState, move
from billing_pipeline.domain.ledger import Entry, LedgerAccount
from billing_pipeline.domain.stripe_money import Charge, Failure, Intent
from billing_pipeline.flows.books import Books, Outcome, applied, dead, ignored
from billing_pipeline.flows.ports.event_rows import (
    CollectionRow,
    DeclineRow,
    GrantRow,
    InvoiceRow,
    PaymentRow,
    Row,
    TransactionRow,
    collection_key,
)

NOT_OURS: Final = "not ours: its metadata names no invoice"
NO_PAYMENT: Final = "not ours so far: no payment in the books has its charge; should one come, it is applied then"
LOSSES_MAX: Final = 5  # an invoice given up and paid more often than that is a person's business
RECOVERIES_MAX: Final = 60  # what was given up may be paid off month by month, for five years
PAYABLE: Final = frozenset({InvoiceState.PENDING, InvoiceState.OVERDUE, InvoiceState.WRITTEN_OFF})


def apply_intent(now: Intent, told: Intent, at: datetime, books: Books, *, by_us: bool = False) -> Outcome:
    """What an intent does to its invoice and collection.

    now: as it stands. told: as it was when the fact was told, whose failed attempt is counted even when a later one succeeded.
    by_us: the fact is the answer to our own call.
    """
    decline = new_decline(told.failure, told.invoice, declined_at(told, at), books, by_us=by_us)
    if not now.invoice:
        return applied(decline) if decline else ignored(NOT_OURS)
    invoice = books.find(InvoiceRow, now.invoice)
    if invoice is None:
        return dead(f"no invoice {now.invoice}: its payment intent {now.id} names it")
    before = collection_of(now.invoice, now.seq, now.id, books)
    collection = follow(count_failure(before, told.failure, at), now, books.now) if before else None
    if now.status == "succeeded" and not books.find(PaymentRow, now.charge or now.id):
        won = paid(now, invoice, collection, at, books)
        return applied(*won.changes, decline)
    news = (
        new_transaction(now, books),
        better_known(now, books),
        collection if collection != before else None,
        decline,
    )
    return applied(*news) if any(news) else ignored("told before: nothing of it is news")


def collection_of(invoice: str, seq: int, intent: str, books: Books) -> CollectionRow | None:
    """The collection that the intent belongs to; None where somebody else made it: then it says nothing about ours."""
    named = books.find(CollectionRow, collection_key(invoice, seq))
    return named if named and named.payment_intent_id in (None, intent) else None


def open_collections(invoice: InvoiceRow, books: Books) -> list[CollectionRow]:
    """The invoice's collections that are not closed."""
    return [one for one in books.of_invoice(CollectionRow, invoice.invoice_id) if one.closed_at is None]


def bring(intent: Intent | None, books: Books) -> None:
    """Let the money that a refund or dispute speaks of be in the books first: its own event may be late, lost, or terse."""
    if intent is not None and intent.status == "succeeded":
        books.take(apply_intent(intent, intent, intent.money_at, books))


def new_decline(failure: Failure | None, invoice: str, at: datetime, books: Books, *, by_us: bool) -> DeclineRow | None:
    """The refused charge that the fact tells of, with its card; None where none is told, or nothing of it is news.

    Of two tellings the earlier moment stands, and that it was us: so their order does not matter.
    """
    if failure is None or not failure.declined or not failure.fingerprint:
        return None
    known = books.find(DeclineRow, failure.declined)
    if known is None:
        return DeclineRow(failure.declined, failure.fingerprint, invoice, at, by_us)
    better = replace(known, declined_at=min(known.declined_at, at), by_us=known.by_us or by_us)
    return better if better != known else None


def declined_at(told: Intent, at: datetime) -> datetime:
    """When the bank refused: as its charge says, where the fact brings it along."""
    mine = told.failure is not None and told.charge == told.failure.declined
    return told.charged_at if mine and told.charged_at else at


def apply_failed_charge(charge: Charge, failure: Failure, at: datetime, books: Books) -> Outcome:
    """A failed attempt, counted unless it is already: the event of its payment intent may be late or lost."""
    decline = new_decline(failure, charge.invoice, charge.created, books, by_us=False)
    if not charge.invoice:
        return applied(decline) if decline else ignored(NOT_OURS)
    collection = collection_of(charge.invoice, charge.seq, charge.intent, books)
    if collection is not None and charge.id not in collection.failed_charges:
        return applied(count_failure(collection, failure, at), decline)
    if decline:
        return applied(decline)
    return ignored("told before: the attempt is counted" if collection else "no collection of ours")


def count_failure(collection: CollectionRow, failure: Failure | None, at: datetime) -> CollectionRow:
    """The collection with one more failed attempt, unless this charge is counted already. The latest one's codes stand.

    Attempts of one second are told apart by their charges, so that any order ends alike.
    """
    if failure is None:
        return collection
    known, last_at = collection.failed_charges, collection.last_failed_at
    latest = last_at is None or (last_at, *known[-1:]) <= (at, failure.charge)
    if failure.charge in known:
        again = failure.charge == known[-1]
        return replace(collection, codes=failure.codes, last_failed_at=max(at, last_at or at)) if again else collection
    charges = (*known, failure.charge) if latest else (failure.charge, *known)
    counted = replace(collection, failures=collection.failures + 1, failed_charges=charges)
    return replace(counted, codes=failure.codes, last_failed_at=at) if latest else counted


def follow(collection: CollectionRow, intent: Intent, now: datetime) -> CollectionRow:
    """The collection with the intent's status. A final status stands; a canceled intent closes the collection."""
    if collection.status in FINAL_STATUSES[Topic.INTENT]:
        return collection
    followed = replace(collection, status=intent.status, payment_intent_id=collection.payment_intent_id or intent.id)
    return close(followed, "canceled", now) if intent.status == "canceled" else followed


def close(collection: CollectionRow, reason: str, now: datetime) -> CollectionRow:
    """The collection closed for that reason, unless it is closed already."""
    return collection if collection.closed_at else replace(collection, closed_at=now, close_reason=reason)


def paid(intent: Intent, invoice: InvoiceRow, collection: CollectionRow | None, at: datetime, books: Books) -> Outcome:
    """Money came: a payment, its entry, the invoice's new state, and credit for what was too much.

    What else is open to pay the invoice is closed: no other charge may, so its intent is canceled by whoever collects.
    """
    charge = intent.charge or intent.id
    split = split_of(intent, invoice, charged=is_charged(invoice, books))
    payment = payment_of(intent, invoice, split, at)
    others = [one for one in open_collections(invoice, books) if not collection or one.key != collection.key]
    source, into = f"payment:{charge}", LedgerAccount.STRIPE_PENDING
    entry = cash_entries.payment(source, into, split, intent.currency, books.when(at), invoice.owner)
    changes = (
        *settled(invoice, split.receivable, at, books),
        collection and close(collection, "paid", books.now),
        *(close(one, "paid", books.now) for one in others if split.receivable),
        payment,
        entry,
        grant_of(entry.source, charge, invoice.account_id, split.credits, intent, at),
        new_transaction(intent, books),
    )
    return applied(*changes)


def better_known(intent: Intent, books: Books) -> PaymentRow | None:
    """The payment with how it was paid, where only this telling of it says so."""
    payment = books.find(PaymentRow, intent.charge)
    if payment is None or payment.method != "other" or intent.method == "other":
        return None
    return replace(payment, method=intent.method, fingerprint=intent.fingerprint)


def is_charged(invoice: InvoiceRow, books: Books) -> bool:
    """Whether a charge stands that paid some of the invoice. Then no other one does, even where that left a rest open."""
    payments = books.of_invoice(PaymentRow, invoice.invoice_id)
    return any(one.charge_id and one.applied_minor and not one.reversed_at for one in payments)


def split_of(intent: Intent, invoice: InvoiceRow, *, charged: bool) -> Split:
    """Where the money goes: to the invoice as far as it is open, but only by one charge; to unapplied cash when it was void;
    else it is credit.
    """
    fits = intent.currency == invoice.currency and invoice.state in PAYABLE and not charged
    receivable = min(intent.received, invoice.open_minor) if fits else 0
    rest = intent.received - receivable
    if invoice.state is InvoiceState.VOID or intent.currency != invoice.currency:
        return Split(unapplied=rest)
    return Split(receivable=receivable, credits=rest)


def payment_of(intent: Intent, invoice: InvoiceRow, split: Split, at: datetime) -> PaymentRow:
    """The payment as a row."""
    return PaymentRow(
        payment_id=intent.id,
        account_id=invoice.account_id,
        invoice_id=invoice.invoice_id,
        method=intent.method,
        payment_intent_id=intent.id,
        charge_id=intent.charge or intent.id,
        currency=intent.currency,
        amount_minor=intent.received,
        applied_minor=split.receivable,
        refunded_minor=0,
        disputed=False,
        fingerprint=intent.fingerprint,
        succeeded_at=at,
        reversed_at=None,
    )


def settled(invoice: InvoiceRow, minor: int, at: datetime, books: Books) -> tuple[Row | Entry, ...]:
    """The invoice with that much more paid; with nothing left open it is paid. What was given up of it is owed again first."""
    if not minor:
        return ()
    left = invoice.open_minor - minor
    changed = replace(invoice, paid_minor=invoice.paid_minor + minor)
    again = owed_again(invoice, minor, at, books) if invoice.state is InvoiceState.WRITTEN_OFF else None
    if not left:
        state = move(invoice.state, InvoiceFact.PAYMENT_SUCCEEDED)
        changed = replace(changed, state=state, paid_at=at, written_off_at=None)
    return (changed,) if again is None else (again, changed)


def owed_again(invoice: InvoiceRow, minor: int, at: datetime, books: Books) -> Entry | None:
    """That much of what was given up taken back, with its share of the tax; None where none of it is in the books."""
    given_up = [one for one in write_offs(invoice.invoice_id) if one in books.booked]
    taken_back = [one for one in recoveries(invoice.invoice_id) if one in books.booked]
    booked = [posting for one in (*given_up, *taken_back) for posting in books.booked[one].postings]
    lost = -sum(posting.minor for posting in booked if posting.account is LedgerAccount.RECEIVABLE)
    if lost <= 0:
        return None
    share = min(minor, lost)
    tax = sum(posting.minor for posting in booked if posting.account is LedgerAccount.TAX_PAYABLE) * share // lost
    parts = Portions(unearned_minor=0, earned_minor=share - tax, tax_minor=tax)
    entry = recovered(invoice.invoice_id, invoice.account_id, invoice.currency, parts, books.when(at))
    return replace(entry, source=recoveries(invoice.invoice_id)[len(taken_back)])


def write_offs(invoice: str) -> list[str]:
    """The sources under which an invoice may have been written off, in order."""
    return numbered(f"write_off:{invoice}", LOSSES_MAX)


def recoveries(invoice: str) -> list[str]:
    """The sources under which its write-offs may have been taken back, in order."""
    return numbered(f"recovery:{invoice}", RECOVERIES_MAX)


def numbered(source: str, most: int) -> list[str]:
    """The source, and itself with the number of each repetition."""
    return [source, *(f"{source}:{number}" for number in range(2, most + 1))]


def grant_of(source: str, charge: str, account: AccountId, minor: int, intent: Intent, at: datetime) -> GrantRow | None:
    """The credit for money paid too much; None where nothing was."""
    if not minor:
        return None
    return GrantRow(f"overpaid-{charge}", account, intent.currency, minor, minor, at, source)


def new_transaction(intent: Intent, books: Books) -> TransactionRow | None:
    """The balance transaction that the intent brought along, unless it is stored already."""
    if intent.transaction is None or books.find(TransactionRow, intent.transaction.id):
        return None
    return TransactionRow(intent.transaction)
