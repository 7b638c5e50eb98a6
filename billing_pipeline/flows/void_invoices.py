"""Take back an invoice that was voided: it was never owed, so nothing of it stays in the books, and its credits return."""

from billing_pipeline.domain.billing_entries import Portions, When, credit_returned, invoice_voided
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import LossStore, LostInvoice, OpenInvoice


def reversal(
    void: LostInvoice, invoice: OpenInvoice, when: When, unearned_minor: int, returned_minor: int
) -> tuple[Entry, Portions]:
    """The entry that reverses the invoice, and what it takes back. returned_minor: what credits had paid of it."""
    rest = max(unearned_minor, 0)
    kept = invoice.paid_minor - invoice.refunded_minor
    owed = void.open_minor + returned_minor + kept
    parts = Portions(rest, owed - void.tax_minor - rest, void.tax_minor)
    entry = invoice_voided(
        void.invoice_id, invoice.account, invoice.currency, parts, when, lost_minor=void.lost_minor, kept_minor=kept
    )
    return entry, parts


def give_back(store: LossStore, clock: Clock, invoice: OpenInvoice, when: When, run_id: str) -> int:
    """How much of the invoice credits had paid, in minor units; it is in their grants again, and owed on the invoice."""
    spent = store.return_credits(invoice.invoice_id, clock.now())
    entries = [credit_returned(one.use, invoice.account, invoice.currency, when, lapsed=one.lapsed) for one in spent]
    store.write(entries, run_id, clock.now())
    return sum(one.use.amount_minor for one in spent)
