"""Write off invoices: book the loss of those that dunning or a person gave up, and take back those that were voided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from billing_pipeline.domain.billing_entries import Portions, When, written_off
from billing_pipeline.domain.documents import loss_parts
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.revenue import take_back, unearned
from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import GivingUpStore, LossStore, LostInvoice, OpenInvoice
from billing_pipeline.flows.void_invoices import give_back, reversal
from billing_pipeline.flows.zones import day_in

BATCH_MAX: Final = 500  # one transaction each: a run that is stopped keeps what it has booked


@dataclass(frozen=True, slots=True)
class WrittenOff:
    """How many invoices left the books, and how much receivable that was in minor units by currency."""

    invoices: int
    minor_by_currency: dict[str, int]


def give_up(store: GivingUpStore, clock: Clock, invoices: Iterable[InvoiceId], *, by: str, reason: str) -> int:
    """How many invoices are told to the inbox as given up. The inbox moves their state; write_off_invoices books it.

    All or none: raises Broken naming the first one that is not overdue.
    """
    now = clock.now()
    why = {"by": by, "reason": reason}
    with store.transaction():
        for invoice in (wanted := list(invoices)):
            found = store.lock_invoice(invoice)
            if found is None or found.state != "overdue":
                state = f"is {found.state}" if found else "does not exist"
                raise Broken(f"invoice {invoice} {state}: only overdue invoices are given up")
        facts = [own_fact("hand", "invoice.given_up", "invoice", invoice, now, why) for invoice in wanted]
        return store.put(facts, now)


def write_off_invoices(store: LossStore, clock: Clock, *, zone: str = "UTC", run_id: str = "") -> WrittenOff:
    """Book the loss of every invoice that was given up, and take back every void one, that is still in the books.

    Running it again books nothing. Each invoice has a transaction of its own.
    """
    lost: dict[str, int] = {}
    count = 0
    while batch := store.lost_invoices(BATCH_MAX):
        for each in batch:
            entry = book_end(store, clock, each, zone, run_id)
            lost[entry.currency] = lost.get(entry.currency, 0) + each.open_minor
            count += 1
    return WrittenOff(count, lost)


def book_ends(store: LossStore, clock: Clock, invoices: Sequence[InvoiceId], *, zone: str, run_id: str) -> list[Entry]:
    """The entries of those of the invoices that have just ended and are still in the books, in the caller's transaction."""
    lost = store.lost_invoices(len(invoices), invoices) if invoices else []
    return [book_end(store, clock, each, zone, run_id) for each in lost]


def book_end(store: LossStore, clock: Clock, ended: LostInvoice, zone: str, run_id: str) -> Entry:
    """The entry of the end, written, with the revenue that will not be earned taken from the schedule.

    A loss for what was owed; for what never was a reversal, after its credits went back.
    """
    with store.transaction():
        invoice = store.lock_invoice(ended.invoice_id)
        if invoice is None:
            raise Broken(f"invoice {ended.invoice_id} vanished while its end was booked: invoices are never deleted")
        day = day_in(ended.ended_at, zone)
        when = When(ended.ended_at, store.open_day(day))
        stretches, told = store.stretches(ended.invoice_id, zone)
        rest = sum(unearned(stretch, told, day) for stretch in stretches)
        if ended.state == "void":
            entry, parts = reversal(ended, invoice, when, rest, give_back(store, clock, invoice, when, run_id))
        else:
            entry, parts = loss(ended, invoice, when, rest)
        store.write([entry], run_id, clock.now())
        store.adjust_revenue(entry.source, ended.invoice_id, take_back(stretches, told, parts.unearned_minor, day))
    return entry


def loss(lost: LostInvoice, invoice: OpenInvoice, when: When, unearned_minor: int) -> tuple[Entry, Portions]:
    """The entry of the loss, and what it takes back."""
    parts = loss_parts(lost.open_minor, invoice.creditable_minor, invoice.tax_booked_minor, unearned_minor)
    entry = written_off(invoice.invoice_id, invoice.account, invoice.currency, parts, when)
    return named(entry, lost.losses), parts


def named(entry: Entry, losses: int) -> Entry:
    """The entry under a name of its own, where the invoice was given up before and paid money came back."""
    return replace(entry, source=f"{entry.source}:{losses + 1}") if losses else entry
