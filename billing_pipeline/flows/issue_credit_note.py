"""Issue a credit note: an invoice is taken back, in part or whole, on a numbered document of its own."""

from dataclasses import dataclass
from datetime import date, datetime

from billing_pipeline.domain.billing_entries import Portions, When, credit_note_issued
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.documents import Remaining, credit_parts
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CreditGrantId, CreditNoteId, InvoiceId
from billing_pipeline.domain.revenue import take_back, unearned
from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import CreditNote, CreditNoteStore, OpenInvoice
from billing_pipeline.flows.zones import day_in


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. amount_minor: None credits all that is left.

    key: names the wish; asked twice it is done once.
    """

    invoice: InvoiceId
    reason: str
    by: str
    amount_minor: int | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class CreditNoteIssued:
    """The note. to_credit_minor of it became the customer's credit; new is False when it had been written before.

    leaves_nothing: the invoice is no longer owed; it becomes void with the next run of the inbox.
    """

    credit_note_id: str
    number: str
    amount_minor: int
    to_credit_minor: int = 0
    leaves_nothing: bool = False
    new: bool = True


def issue_credit_note(
    store: CreditNoteStore, clock: Clock, wish: Wish, *, zone: str = "UTC", run_id: str = ""
) -> CreditNoteIssued:
    """Take back that much of an invoice: first what is still open on it, the rest becomes credit of the customer.

    Raises Broken when the invoice cannot be credited by that much, or while a payment of it is under way.
    """
    now = clock.now()
    with store.transaction():
        invoice = creditable(store, wish)
        note_id = CreditNoteId(f"cn-{invoice.invoice_id}-{wish.key or invoice.noted_minor}")
        if told := store.credit_note_amount(note_id):
            return CreditNoteIssued(note_id, *told, new=False)
        amount = invoice.creditable_minor if wish.amount_minor is None else wish.amount_minor
        off_the_bill = min(amount, invoice.open_minor)
        refuse_unless_clear(store, invoice, amount, off_the_bill)
        parts = book(store, note_id, invoice, amount, (now, day_in(now, zone), zone, run_id))
        note = CreditNote(note_id, store.next_credit_note_number(invoice.account), parts, wish.reason, wish.by, now)
        store.add_credit_note(note, invoice)
        settle(store, note, invoice, off_the_bill)
    nothing = 0 < off_the_bill == invoice.open_minor
    return CreditNoteIssued(note_id, note.number, amount, amount - off_the_bill, nothing)


def creditable(store: CreditNoteStore, wish: Wish) -> OpenInvoice:
    """The invoice, locked. Raises Broken when there is none or nothing of it can be credited."""
    invoice = store.lock_invoice(wish.invoice)
    if invoice is None:
        raise Broken(f"no invoice {wish.invoice}: `billing-pipeline invoice list` shows those there are")
    if invoice.state in ("void", "written_off"):
        raise Broken(f"invoice {wish.invoice} is {invoice.state}: nothing is owed on it, so nothing can be credited")
    return invoice


def refuse_unless_clear(store: CreditNoteStore, invoice: OpenInvoice, amount: int, off_the_bill: int) -> None:
    """Nothing. Raises Broken where lowering what is open could make a customer pay too much, or void what was paid."""
    if off_the_bill and invoice.charger == "stripe":
        raise Broken(
            f"Stripe collects invoice {invoice.invoice_id} and would not know: void it in Stripe, which reverses it here, or "
            "`billing-pipeline credits grant` the amount"
        )
    if off_the_bill and store.payment_under_way(invoice.invoice_id):
        raise Broken(f"a payment of invoice {invoice.invoice_id} is under way: credit it when its outcome is known")
    if off_the_bill and off_the_bill == invoice.open_minor and invoice.paid_minor:
        raise Broken(
            f"invoice {invoice.invoice_id} is partly paid, and this note would leave nothing open: "
            f"credit less than {off_the_bill}, or record the rest as paid first"
        )
    if off_the_bill and off_the_bill == invoice.open_minor and amount < invoice.creditable_minor:
        raise Broken(
            f"invoice {invoice.invoice_id} is partly paid by credits, and this note would leave nothing open: "
            f"credit less than {off_the_bill}, or all {invoice.creditable_minor}, which gives the credits back"
        )


def book(
    store: CreditNoteStore, note: CreditNoteId, invoice: OpenInvoice, amount: int, at: tuple[datetime, date, str, str]
) -> Portions:
    """What the note is made of, after its entry and the change of the revenue schedule are written.

    at: moment, day, zone and run. The tax of an imported invoice is on the note, but was never in these books.
    """
    now, day, zone, run_id = at
    stretches, told = store.stretches(invoice.invoice_id, zone)
    rest = sum(unearned(stretch, told, day) for stretch in stretches)
    tax = invoice.tax_left_minor
    parts = credit_parts(amount, Remaining(tax, invoice.creditable_minor - tax, rest))
    booked = parts if invoice.tax_booked_minor == tax else Portions(parts.unearned_minor, amount - parts.unearned_minor)
    to_credit = amount - min(amount, invoice.open_minor)
    entry = credit_note_issued(
        note, invoice.invoice_id, invoice.account, invoice.currency, booked, When(now, store.open_day(day)), to_credit
    )
    store.write([entry], run_id, now)
    store.adjust_revenue(entry.source, invoice.invoice_id, take_back(stretches, told, parts.unearned_minor, day))
    return parts


def settle(store: CreditNoteStore, note: CreditNote, invoice: OpenInvoice, off_the_bill: int) -> None:
    """Nothing; afterwards less is open on the invoice, and the rest is credit of the customer."""
    if off_the_bill:
        store.lower_due(invoice.invoice_id, off_the_bill, note.issued_at)
    if 0 < off_the_bill == invoice.open_minor:
        why = {"credit_note": note.number, "reason": note.reason}
        fact = own_fact("hand", "invoice.voided", "invoice", invoice.invoice_id, note.issued_at, why)
        store.put([fact], note.issued_at)
    if to_credit := note.parts.minor - off_the_bill:
        name = CreditGrantId(f"cg-{note.credit_note_id}")
        grant = CreditGrant(
            name, invoice.account, invoice.currency, CreditKind.REFUND, to_credit, to_credit, note.issued_at
        )
        store.add_grant(grant, f"credit_note:{note.credit_note_id}", f"credit note {note.number}")
