"""The inbox and all that its facts move, in PostgreSQL: read by one statement per kind, locked in one order, written in sets."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy.engine import Row as SqlRow

from billing_pipeline.adapters.database_errors import translated
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.event_rows import WRITERS, collection_from, invoice_from, transaction_from
from billing_pipeline.adapters.stores.inbox_store import put_facts
from billing_pipeline.adapters.stores.journal import open_day, write_entries
from billing_pipeline.domain.cash_entries import DayOf, Owner
from billing_pipeline.domain.events import STRIPE_TYPES
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from billing_pipeline.flows.book_balance import DIRECT_CATEGORIES, OWN_CATEGORIES
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.event_rows import (
    CustomerRow,
    DeclineRow,
    DisputeRow,
    GrantRow,
    InvoiceRow,
    MethodRow,
    PaymentRow,
    PayoutRow,
    RefundRow,
    Row,
    SubscriptionRow,
    Told,
    TransactionRow,
)
from billing_pipeline.flows.ports.inbox import Keys, Unbooked, Verdict

LEASE_SECONDS: Final = 300  # reading a batch from Stripe takes seconds; longer means that the process died
MOVING: Final = sorted(STRIPE_TYPES)


@dataclass(frozen=True, slots=True)
class EventStore:
    """flows.ports.inbox.EventStore on a database. close_zone: where a day begins for the books. run_id: names who books."""

    db: Database
    close_zone: str = "UTC"
    run_id: str = "apply_events"
    zone: ZoneInfo = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", ZoneInfo(self.close_zone))

    @property
    def losses(self) -> DocumentStore:
        """What books the loss of an invoice that ends; it shares the open transaction."""
        return DocumentStore(self.db)

    @contextmanager
    def transaction(self) -> Iterator[object]:
        """One transaction; an inner one joins the outer. Raises TryLater when the database is away or asks to try again."""
        with translated(), self.db.transaction() as connection:
            yield connection

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Store facts not seen before; how many were new."""
        with self.transaction():
            return put_facts(self.db, facts, now)

    def waiting(self, after: int, limit: int) -> list[Told]:
        """New facts that nobody holds, in the order they came, locked for this transaction."""
        return [told_from(row) for row in self.db.rows("inbox/waiting", after=after, limit=limit, moving=MOVING)]

    def claim(self, inbox_ids: Sequence[int]) -> list[Told]:
        """Those of the facts whose objects nobody else is reading, held for LEASE_SECONDS."""
        with self.transaction():
            self.db.rows("ledger/lock_work", work="claim facts")
            rows = self.db.rows("inbox/claim", inbox_ids=list(inbox_ids), lease_seconds=LEASE_SECONDS)
        return sorted((told_from(row) for row in rows), key=lambda told: told.inbox_id)

    def release(self, inbox_ids: Sequence[int]) -> None:
        """Let go of facts that could not be applied this time."""
        with self.transaction():
            self.db.run("inbox/release", inbox_ids=list(inbox_ids))

    def lock(self, inbox_ids: Sequence[int]) -> set[int]:
        """Those of the facts that are still new, locked for this transaction."""
        return {row.inbox_id for row in self.db.rows("inbox/lock_facts", inbox_ids=list(inbox_ids))}

    def missing_transactions(self, names: Sequence[str]) -> list[str]:
        """Which of these balance transactions are not stored yet."""
        rows = self.db.rows("inbox/missing_transactions", transactions=list(names)) if names else ()
        return [row.balance_transaction_id for row in rows]

    def load(self, keys: Keys) -> list[Row]:
        """The rows those facts are about, locked in one order for all, so that two appliers never wait for each other."""
        invoices = self._invoices(keys)
        rows: list[Row] = [*invoices]
        if invoices:
            names = [one.invoice_id for one in invoices]
            rows += map(collection_from, self.db.rows("inbox/load_collections", invoices=names))
            rows += self._read("load_kept", PaymentRow, invoices=set(names))
        rows += self._read("load_payments", PaymentRow, charges=keys.charges)
        rows += self._read("load_declines", DeclineRow, declines=keys.declines)
        rows += self._read("load_refunds", RefundRow, refunds=keys.refunds)
        if keys.disputes:
            rows += self._read("load_disputes", DisputeRow, disputes=keys.disputes, charges=keys.charges)
        rows += self._read("load_payouts", PayoutRow, payouts=keys.payouts)
        rows += self._read("load_transactions", transaction_from, transactions=keys.transactions)
        rows += self._read("load_grants", GrantRow, grants=keys.grants)
        rows += self._read("load_customers", CustomerRow, customers=keys.customers)
        rows += self._read("load_methods", MethodRow, methods=keys.methods, customers=keys.customers)
        rows += self._read(
            "load_subscriptions", SubscriptionRow, subscriptions=keys.subscriptions, mirrors=keys.mirrors
        )
        return rows

    def _invoices(self, keys: Keys) -> list[InvoiceRow]:
        """The invoices named, and those that the named charges paid."""
        paid = self.db.rows("inbox/invoices_of_charges", charges=list(keys.charges)) if keys.charges else ()
        wanted = keys.invoices | {row.invoice_id for row in paid}
        if not wanted and not keys.stripe_invoices:
            return []
        rows = self.db.rows("inbox/load_invoices", invoices=list(wanted), stripe_invoices=list(keys.stripe_invoices))
        return [invoice_from(row) for row in rows]

    def _read(self, name: str, make: Callable[..., Row], **wanted: set[str]) -> list[Row]:
        """The rows of the named statement; it is not asked when nothing is wanted."""
        if not any(wanted.values()):
            return []
        found = self.db.rows(f"inbox/{name}", **{key: list(values) for key, values in wanted.items()})
        return [make(*row) for row in found]

    def booked(self, sources: Sequence[str]) -> list[Entry]:
        """The entries of those sources that are in the books."""
        rows = self.db.rows("inbox/load_entries", sources=list(sources)) if sources else ()
        return [entry_from(list(group)) for _, group in groupby(rows, key=lambda row: str(row.source))]

    def day_of(self) -> DayOf:
        """The accounting date of a moment, as the books stand open now."""
        first_open = open_day(self.db, date.min)

        def accounting_date(moment: datetime) -> date:
            return max(first_open, moment.astimezone(self.zone).date())

        return accounting_date

    def write(self, rows: Sequence[Row], entries: Sequence[Entry], now: datetime) -> int:
        """Write the rows as they are now, and the entries; how many entries were new."""
        by_kind: dict[type, list[Row]] = {}
        for row in rows:
            by_kind.setdefault(type(row), []).append(row)
        for kind, write in WRITERS.items():
            if kind in by_kind:
                write(self.db, by_kind[kind], now)
        return write_entries(self.db, entries, run_id=self.run_id, recorded_at=now)

    def finish(self, verdicts: Sequence[Verdict], now: datetime) -> None:
        """Note what became of the facts."""
        if verdicts:
            ids, states, reasons = zip(*((one.inbox_id, one.state, one.reason) for one in verdicts), strict=True)
            self.db.run("inbox/finish", inbox_ids=list(ids), states=list(states), reasons=list(reasons), now=now)

    def await_reversals(self) -> None:
        """Wait until nobody else applies money that goes back, or payments whose reversals may have been told already."""
        self.db.rows("ledger/lock_work", work="apply reversals")

    def wake(self, charges: Sequence[str]) -> int:
        """Let what was told of these payments going back, and ignored, be applied once more; how many facts that is."""
        return self.db.run("inbox/wake", charges=list(charges)) if charges else 0

    def unbooked(self, limit: int) -> list[Unbooked]:
        """Balance transactions without entries whose payment, refund, dispute or payout is known, oldest first."""
        return [unbooked_from(row) for row in self.db.rows("inbox/unbooked", limit=limit, own=sorted(OWN_CATEGORIES))]

    def newly_available(self, now: datetime, limit: int) -> list[TransactionRow]:
        """Booked balance transactions whose money can be paid out since, oldest first."""
        return [transaction_from(*row) for row in self.db.rows("inbox/newly_available", now=now, limit=limit)]

    def book(self, done: Sequence[Unbooked], entries: Sequence[Entry], now: datetime) -> int:
        """Write the entries of balance transactions and mark them booked; how many entries were new."""
        names = [one.transaction.id for one in done]
        self.db.run("inbox/mark_booked", transactions=names, direct=sorted(DIRECT_CATEGORIES), now=now)
        charged = [one for one in done if one.transaction.category == "charge"]
        self.db.run(
            "inbox/note_fees",
            charge_id=[one.charge_id for one in charged],
            balance_transaction_id=[one.transaction.id for one in charged],
            fee_minor=[one.transaction.fee for one in charged],
        )
        return write_entries(self.db, entries, run_id=self.run_id, recorded_at=now)

    def book_available(self, done: Sequence[TransactionRow], entries: Sequence[Entry], now: datetime) -> int:
        """Write the entries of money that became available and mark it so; how many entries were new."""
        self.db.run("inbox/mark_available", transactions=[one.key for one in done])
        return write_entries(self.db, entries, run_id=self.run_id, recorded_at=now)

    def due_passed(self, today: date, limit: int) -> list[tuple[str, date]]:
        """Pending invoices whose due day lies before today, without such a fact yet: invoice id and due day."""
        return [(row.invoice_id, row.due_on) for row in self.db.rows("inbox/due_passed", today=today, limit=limit)]


def told_from(row: SqlRow[Any]) -> Told:
    """A fact from its row. The payload of a type that moves nothing was not read: it is empty."""
    columns = list[Any](row)
    columns[-1] = orjson.loads(columns[-1]) if columns[-1] else {}
    return Told(*columns)


def entry_from(rows: Sequence[SqlRow[Any]]) -> Entry:
    """An entry from the rows of its postings."""
    first = rows[0]
    sides = tuple(Posting(LedgerAccount(row.ledger_account), row.minor, row.customer_id) for row in rows)
    source, kind, currency, occurred_at, accounting_date, *_ = list[Any](first)
    owner = (first.invoice_id, first.account_id, first.note)
    return Entry(source, kind, currency, occurred_at, accounting_date, sides, *owner)


def unbooked_from(row: SqlRow[Any]) -> Unbooked:
    """A balance transaction and what it belongs to, from its row."""
    transaction = transaction_from(*list(row)[:13], None).transaction
    return Unbooked(
        transaction, row.base_currency, row.base_minor, row.charge_id, Owner(row.account_id, row.invoice_id)
    )
