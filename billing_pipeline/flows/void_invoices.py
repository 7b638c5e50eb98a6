"""Take back an invoice that was voided: it was never owed, so nothing of it stays in the books, and its credits return."""

from billing_pipeline.domain.billing_entries import Portions, When, credit_returned, invoice_voided
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.revenue import take_back, unearned
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import LossStore, LostInvoice, OpenInvoice
from billing_pipeline.flows.zones import day_in


def book_void(store: LossStore, clock: Clock, void: LostInvoice, zone: str, run_id: str) -> Entry:
    """The entry that reverses the invoice, written, after its credits went back; revenue not earned yet never will be."""
    with store.transaction():
        invoice = store.lock_invoice(void.invoice_id)
        if invoice is None:
            raise Broken(f"invoice {void.invoice_id} vanished while it was taken back: invoices are never deleted")
        day = day_in(void.ended_at, zone)
        when = When(void.ended_at, store.open_day(day))
        returned = give_back(store, clock, invoice, when, run_id)
        stretches, told = store.stretches(void.invoice_id, zone)
        rest = max(sum(unearned(stretch, told, day) for stretch in stretches), 0)
        kept = invoice.paid_minor - invoice.refunded_minor
        owed = void.open_minor + returned + kept
        parts = Portions(rest, owed - void.tax_minor - rest, void.tax_minor)
        entry = invoice_voided(
            void.invoice_id, invoice.account, invoice.currency, parts, when, lost_minor=void.lost_minor, kept_minor=kept
        )
        store.write([entry], run_id, clock.now())
        store.adjust_revenue(entry.source, void.invoice_id, take_back(stretches, told, rest, day))
    return entry


def give_back(store: LossStore, clock: Clock, invoice: OpenInvoice, when: When, run_id: str) -> int:
    """How much of the invoice credits had paid, in minor units; it is in their grants again, and owed on the invoice."""
    spent = store.return_credits(invoice.invoice_id, clock.now())
    entries = [credit_returned(one.use, invoice.account, invoice.currency, when, lapsed=one.lapsed) for one in spent]
    store.write(entries, run_id, clock.now())
    return sum(one.use.amount_minor for one in spent)
