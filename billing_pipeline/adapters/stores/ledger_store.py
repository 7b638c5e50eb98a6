"""The ledger in PostgreSQL: revenue, seals and their verification. Documents have document_store.py."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from billing_pipeline.adapters.postgres import Database, statement
from billing_pipeline.adapters.stores.journal import JournalStore
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.sealing import Seal, Window
from billing_pipeline.flows.ports.ledger import Booked, Earned, Finding, SealableEntry, Tail

STREAM_ROWS: Final = 10_000  # rows held at a time while a window is read: a million entries stay within megabytes


@dataclass(frozen=True, slots=True)
class LedgerStore(JournalStore):
    """What the flows of the ledger need: revenue, seals, verification."""

    def try_lock(self, work: str) -> bool:
        """Whether this transaction may do the work; False while another one does."""
        return bool(one(self.db, "ledger/try_lock_work", work=work).locked)

    def earned(self, first: date, through: date, zone: str) -> list[Earned]:
        """Running totals of revenue for the days between first and through on which they moved."""
        rows = self.db.rows("ledger/earned_revenue", first=first, through=through, zone=zone)
        return [Earned(row.day, Currency(row.currency), row.minor) for row in rows]

    def booked_revenue(self, zone: str) -> list[Booked]:
        """What is in the books, by currency."""
        rows = self.db.rows("ledger/booked_revenue", zone=zone)
        return [Booked(Currency(row.currency), row.minor, row.last_day) for row in rows]

    def first_issue_day(self) -> date | None:
        """The day of the first invoice; None while there is none."""
        day: date | None = one(self.db, "ledger/first_issue_day").day
        return day

    def epoch(self) -> int:
        """How often the database was adopted: 1 until then."""
        return int(one(self.db, "ledger/current_epoch").epoch)

    def last_seal(self) -> Seal | None:
        """The end of the chain; None before the first seal."""
        row = self.db.row("ledger/last_seal")
        return seal_of(row) if row else None

    def committed_below(self) -> int:
        """The oldest transaction that is still running."""
        return int(one(self.db, "ledger/committed_below").tx)

    def hold_writers(self) -> int:
        """Wait for all writers of the journal and keep new ones waiting; the largest entry id."""
        self.db.run("ledger/hold_writers")
        return int(one(self.db, "ledger/last_entry_id").entry_id)

    def entries_in(self, window: Window, last: Seal | None) -> Iterator[SealableEntry]:
        """The window's entries by id, streamed."""
        if window.opening:
            name, where = "ledger/entries_left_unsealed", left_by(last)
        else:
            name = "ledger/entries_in_window"
            where = {"tx_from": window.tx_from, "tx_to": window.tx_to, "entry_floor": window.entry_floor}
        options = {"stream_results": True, "max_row_buffer": STREAM_ROWS}
        with self.db.transaction() as connection:
            for row in connection.execute(statement(name), where, execution_options=options):
                yield SealableEntry(row.entry_id, bytes(row.content_hash), row.currency, row.debit_minor)

    def add_seal(self, seal: Seal) -> None:
        """The next link of the chain."""
        self.db.run(
            "ledger/add_seal",
            epoch=seal.window.epoch, opening=seal.window.opening, entry_floor=seal.window.entry_floor,
            tx_from=seal.window.tx_from, tx_to=seal.window.tx_to, entries=seal.entries, last_entry=seal.last_entry,
            debits=json.dumps(seal.debits), previous_root=seal.previous_root, root=seal.root, sealed_at=seal.sealed_at,
        )  # fmt: skip

    def findings(self, check: str, limit: int, zone: str) -> list[Finding]:
        """What breaks that promise, at most limit of them. check: the name of a sql/ledger/verify_<check>.sql."""
        rows = self.db.rows(f"ledger/verify_{check}", limit=limit, zone=zone)
        return [Finding(check, row.subject, row.detail) for row in rows]

    def unsealed(self) -> Tail:
        """The entries that no seal covers yet."""
        row = one(self.db, "ledger/unsealed")
        return Tail(row.entries, row.oldest_at)

    def counted(self) -> dict[str, int]:
        """How much there is to look at."""
        return dict(one(self.db, "ledger/counted")._mapping)


def one(db: Database, name: str, **parameters: Any) -> Any:
    """The row of a statement that always gives exactly one."""
    return db.rows(name, **parameters)[0]


def seal_of(row: Any) -> Seal:
    """The seal in a row of ledger/last_seal.sql."""
    window = Window(row.epoch, row.tx_from, row.tx_to, row.entry_floor, row.opening)
    roots = bytes(row.previous_root), bytes(row.root)
    return Seal(window, row.entries, row.last_entry, row.debits, *roots, row.sealed_at)


def left_by(last: Seal | None) -> dict[str, int]:
    """Where the sealed part of earlier epochs ends, as the parameters of entries_left_unsealed."""
    if last is None:
        return {"tx_from": 0, "earlier_floor": 0, "last_entry": 0}
    return {
        "tx_from": last.window.tx_to,
        "earlier_floor": last.window.entry_floor,
        "last_entry": last.last_entry,
    }
