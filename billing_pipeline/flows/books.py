"""The rows that a batch of facts is about, as they stand while the batch is applied."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeVar, cast

from billing_pipeline.domain.billing_entries import When
from billing_pipeline.domain.cash_entries import DayOf
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.ports.event_rows import CollectionRow, PaymentRow, Row

R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Errand:
    """What a fact asks to be done in Stripe once no transaction is open.

    hold: object_id is a mirror that could charge beside us. record: it is an invoice that Stripe billed and no book has.
    """

    what: Literal["hold", "record"]
    subscription_id: SubscriptionId
    object_id: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a fact does: rows as they are afterwards and new entries, or the reason why it does nothing."""

    state: Literal["applied", "ignored", "dead"]
    reason: str = ""
    changes: tuple[Row | Entry, ...] = ()
    errand: Errand | None = None


def applied(*changes: Row | Entry | None) -> Outcome:
    """These rows and entries; those that are None are left out."""
    return Outcome("applied", changes=tuple(change for change in changes if change is not None))


def ignored(reason: str) -> Outcome:
    """Nothing to do, and nothing wrong."""
    return Outcome("ignored", reason)


def dead(reason: str) -> Outcome:
    """Nobody can say what to do: a person must look."""
    return Outcome("dead", reason)


@dataclass(slots=True)
class Books:
    """A working set: what was loaded, what has changed since, and the entries to write. Lives for one transaction.

    by_invoice: keys of the collections and payments of an invoice, by kind of row: a batch holds hundreds of invoices.
    """

    day_of: DayOf
    now: datetime
    rows: dict[tuple[type, str], Row] = field(default_factory=dict)
    changed: dict[tuple[type, str], Row] = field(default_factory=dict)
    booked: dict[str, Entry] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    by_invoice: dict[tuple[type, str], dict[str, None]] = field(default_factory=dict)

    def when(self, at: datetime) -> When:
        """That moment, with the day on which it is booked."""
        return When(at, self.day_of(at))

    def load(self, rows: Iterable[Row], booked: Sequence[Entry] = ()) -> None:
        """Start from these rows and these entries that are in the books already."""
        for row in rows:
            self.put(row)
        self.booked.update((entry.source, entry) for entry in booked)

    def put(self, row: Row) -> None:
        """The row is as it stands now."""
        self.rows[type(row), row.key] = row
        if isinstance(row, CollectionRow | PaymentRow) and row.invoice_id:
            self.by_invoice.setdefault((type(row), row.invoice_id), {})[row.key] = None

    def find(self, kind: type[R], key: str) -> R | None:
        """The row of that kind and key as it stands now, or None."""
        return cast("R | None", self.rows.get((kind, key)))

    def all(self, kind: type[R]) -> list[R]:
        """All loaded rows of that kind."""
        return [cast("R", row) for (its_kind, _), row in self.rows.items() if its_kind is kind]

    def of_invoice(self, kind: type[R], invoice: str) -> list[R]:
        """The loaded collections, or payments, of that invoice."""
        return [cast("R", self.rows[kind, key]) for key in self.by_invoice.get((kind, invoice), ())]

    def take(self, outcome: Outcome) -> None:
        """Let the outcome's rows and entries become part of the working set."""
        for change in outcome.changes:
            if isinstance(change, Entry):
                if change.source not in self.booked:
                    self.booked[change.source] = change
                    self.entries.append(change)
            else:
                self.put(change)
                self.changed[type(change), change.key] = change
