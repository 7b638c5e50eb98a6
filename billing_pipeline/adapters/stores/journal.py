"""Writing to the journal: the one way in for entries, used by every store that books something."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import Entry

ENTRY_COLUMNS: Final = (
    "entry_id", "source", "kind", "currency", "occurred_at", "accounting_date", "recorded_at", "invoice_id",
    "account_id", "note", "run_id", "content_hash",
)  # fmt: skip
POSTING_COLUMNS: Final = ("entry_id", "line_no", "ledger_account", "minor", "customer_id")


def write_entries(db: Database, entries: Sequence[Entry], *, run_id: str, recorded_at: datetime) -> int:
    """How many entries were new; those whose source is in the books already are left alone.

    Raises Broken when two of the entries claim one source with different contents. Two transactions that book the same
    new source at the same moment end with a unique violation for the later one: it is run again and finds it booked.
    """
    wanted = by_source(entries)
    if not wanted:
        return 0
    with db.transaction():
        ids = {row.source: row.entry_id for row in db.rows("ledger/number_new_entries", sources=list(wanted))}
        fresh = [(entry_id, wanted[source]) for source, entry_id in ids.items()]
        if fresh:
            db.copy("journal_entries", ENTRY_COLUMNS, (entry_row(i, e, run_id, recorded_at) for i, e in fresh))
            db.copy("postings", POSTING_COLUMNS, (row for i, e in fresh for row in posting_rows(i, e)))
    return len(fresh)


def by_source(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The entries by source, in order, each once. Raises Broken when one source comes with two contents."""
    wanted: dict[str, Entry] = {}
    for entry in entries:
        if wanted.setdefault(entry.source, entry).content_hash != entry.content_hash:
            raise Broken(f"two different entries claim to be {entry.source!r}: one business fact has one entry")
    return wanted


def entry_row(entry_id: int, entry: Entry, run_id: str, recorded_at: datetime) -> tuple[object, ...]:
    """The row of journal_entries, in the order of ENTRY_COLUMNS."""
    return (
        entry_id, entry.source, entry.kind, entry.currency, entry.occurred_at, entry.accounting_date, recorded_at,
        entry.invoice, entry.customer, entry.note, run_id, entry.content_hash,
    )  # fmt: skip


def posting_rows(entry_id: int, entry: Entry) -> list[tuple[object, ...]]:
    """The rows of postings, in the order of POSTING_COLUMNS, numbered from 1."""
    return [
        (entry_id, line_no, int(posting.account), posting.minor, posting.customer)
        for line_no, posting in enumerate(entry.postings, start=1)
    ]


def open_day(db: Database, day: date) -> date:
    """The day itself while it is open, else the first day after the last closed one."""
    row = db.row("ledger/last_closed_day")
    closed: date | None = row.day if row else None
    return day if closed is None or day > closed else closed + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class JournalStore:
    """flows.ports.ledger.Journal on a database: what every store brings that books something.

    Shares the open transaction of any other store on the same database.
    """

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""
        return self.db.transaction()

    def write(self, entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Book the entries whose source is new; how many those were."""
        return write_entries(self.db, entries, run_id=run_id, recorded_at=now)

    def open_day(self, day: date) -> date:
        """The day itself while it is open, else the first day after the last closed one."""
        return open_day(self.db, day)

    def lock(self, work: str) -> None:
        """Wait until this transaction is the only one that does the work."""
        self.db.rows("ledger/lock_work", work=work)
