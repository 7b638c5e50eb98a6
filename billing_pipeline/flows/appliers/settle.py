"""Decide a batch of facts over one set of loaded rows, and write what comes of it: states and entries together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from billing_pipeline.domain.errors import BillingError
from billing_pipeline.domain.events import Topic, id_of, is_final, topic
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.flows.appliers.dispatch import Ready, decide, gather
from billing_pipeline.flows.appliers.intents import recoveries, write_offs
from billing_pipeline.flows.books import Books, Errand, Outcome, dead, ignored
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.event_rows import InvoiceRow, PaymentRow, Row, Told, TransactionRow
from billing_pipeline.flows.ports.inbox import EventStore, Keys, Verdict
from billing_pipeline.flows.read_objects import Wanted
from billing_pipeline.flows.write_off_invoices import book_ends

TRUSTED_SOURCES: Final = frozenset({"reply", "sweep", "repair"})
"""What these bring was read by ourselves, in the version that we pin."""

ENDED: Final = frozenset({InvoiceState.WRITTEN_OFF, InvoiceState.VOID})
RUN: Final = "apply_events"
MALFORMED: Final = (KeyError, TypeError, ValueError, AttributeError, BillingError)


@dataclass(frozen=True, slots=True)
class Decided:
    """A fact of which is known at once what becomes of it."""

    told: Told
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Unread:
    """A fact whose object must be read first."""

    told: Told
    wanted: Wanted


Plan = Ready | Decided | Unread


def plan(told: Told, api_version: str) -> Plan:
    """Apply a fact as it was told, read its object first, or say at once what becomes of it."""
    about = topic(told.type, told.source)
    if about is None:
        return Decided(told, ignored(f"{told.type} moves nothing here"))
    if not told.object_id:
        return Decided(told, dead(f"{told.type} names no object"))
    if about is Topic.CHARGE and told.payload.get("status") != "failed":
        transaction = id_of(told.payload.get("balance_transaction"))
        if not transaction:
            return Decided(told, ignored("nothing to book: its balance transaction is not known yet"))
        return Unread(told, Wanted(Topic.BALANCE_TRANSACTION, transaction))
    trusted = told.source in TRUSTED_SOURCES or told.api_version == api_version
    if is_final(about, told.payload, trusted=trusted):
        return Ready(told, about, told.payload)
    return Unread(told, Wanted(about, told.object_id))


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of each fact, whether money moved, and what is to be done in Stripe after the transaction.

    woken: facts that were ignored before and can be applied now.
    """

    verdicts: list[Verdict]
    money_moved: bool
    errands: list[Errand]
    woken: int


def settle(store: EventStore, clock: Clock, plans: Sequence[Ready | Decided]) -> Settled:
    """What became of the facts. Writes states, entries and verdicts in the open transaction."""
    books, refused = open_books(store, clock, [one for one in plans if isinstance(one, Ready)])
    verdicts, errands = list[Verdict](), list[Errand]()
    for one in plans:
        outcome = one.outcome if isinstance(one, Decided) else refused.get(one.told.inbox_id) or decided(one, books)
        books.take(outcome)
        verdicts.append(Verdict(one.told.inbox_id, outcome.state, outcome.reason))
        errands += [outcome.errand] if outcome.errand else []
    if books.changed or books.entries:
        store.write(list(books.changed.values()), books.entries, books.now)
        book_ends(store.losses, clock, ended(books), zone=store.close_zone, run_id=RUN)
    store.finish(verdicts, books.now)
    woken = store.wake(charges_paid(books))
    moved = bool(books.entries) or any(kind is TransactionRow for kind, _ in books.changed)
    return Settled(verdicts, moved, errands, woken)


def charges_paid(books: Books) -> list[str]:
    """The charges whose payments came into the books just now."""
    rows = [row for row in books.changed.values() if isinstance(row, PaymentRow) and row.charge_id]
    told = {entry.source for entry in books.entries}
    return [row.key for row in rows if f"payment:{row.key}" in told]


def ended(books: Books) -> list[InvoiceId]:
    """The invoices that were given up or voided just now."""
    rows = [row for row in books.changed.values() if isinstance(row, InvoiceRow)]
    return [InvoiceId(row.invoice_id) for row in rows if row.state in ENDED]


def decided(one: Ready, books: Books) -> Outcome:
    """What the fact does; dead when its object is not what Stripe's objects are."""
    try:
        return decide(one, books)
    except MALFORMED as error:
        return malformed(one, error)


def malformed(one: Ready, error: Exception) -> Outcome:
    """A fact that nobody can read, with the reason."""
    what = f"no {error}" if isinstance(error, KeyError) else str(error)
    return dead(f"{one.told.type} cannot be read: {type(error).__name__}: {what}")


def open_books(store: EventStore, clock: Clock, ready: Sequence[Ready]) -> tuple[Books, dict[int, Outcome]]:
    """The rows and entries that these facts are about, loaded and locked; and the facts that cannot be read at all."""
    books, keys, refused = Books(store.day_of(), clock.now()), Keys(), dict[int, Outcome]()
    for one in ready:
        try:
            gather(one, keys)
        except MALFORMED as error:
            refused[one.told.inbox_id] = malformed(one, error)
    if any(map(early, ready)):
        store.await_reversals()
    if ready:
        rows = store.load(keys)
        keys.entries.update(source for name in written_off(rows) for source in (*write_offs(name), *recoveries(name)))
        books.load(rows, store.booked(sorted(keys.entries)))
    return books, refused


def early(one: Ready) -> bool:
    """Whether it tells of money going back, or of a payment that nothing but this fact ties to an invoice of ours."""
    if one.about is Topic.CHARGE:
        return bool(one.current.get("failure_balance_transaction"))
    return one.about in (Topic.REFUND, Topic.DISPUTE, Topic.STRIPE_INVOICE) or one.told.source == "repair"


def written_off(rows: Sequence[Row]) -> list[str]:
    """The invoices among the rows that were given up: should money come for one, its write-off is taken back."""
    return [row.invoice_id for row in rows if isinstance(row, InvoiceRow) and row.state is InvoiceState.WRITTEN_OFF]
