"""The intake in PostgreSQL: known rows out, new rows in by COPY."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import psycopg

from billing_pipeline.adapters.stores.journal import JournalStore
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.intake import Imported, Sheet, TableRow

REFUSALS_KEPT_MAX: Final = 1_000  # remembered with the import; the command printed all of them


@dataclass(frozen=True, slots=True)
class IntakeStore(JournalStore):
    """What import_rows needs."""

    def imported_before(self, kind: str, digest: str) -> bool:
        """Whether this content was taken whole before."""
        row = self.db.row("intake/previous_import", kind=kind, digest=digest)
        return row is not None and row.refused == 0

    def existing(self, table: str, keys: Sequence[str]) -> dict[str, Json]:
        """The rows with these keys, by key."""
        rows = self.db.rows(f"intake/existing_{table}", keys=list(keys)) if keys else []
        return {row.key: row.row for row in rows}

    def add(self, table: str, rows: Sequence[TableRow]) -> None:
        """Add rows, all with the same columns. Raises Broken where one tells what is another's."""
        columns = list(rows[0])
        try:
            self.db.copy(table, columns, ([row[column] for column in columns] for row in rows))
        except psycopg.errors.UniqueViolation as error:
            raise Broken(f"{table}: {taken(error)}") from error

    def change(self, table: str, rows: Sequence[TableRow]) -> None:
        """Change rows by 'key'; None leaves a field as it is."""
        if rows:
            self.db.run_many(f"intake/change_{table}", [dict(row) for row in rows])

    def remember(self, sheet: Sheet, imported: Imported, by: str, now: datetime) -> None:
        """Write down that the file was taken."""
        refusals = json.dumps([asdict(refusal) for refusal in imported.refused[:REFUSALS_KEPT_MAX]])
        self.db.run(
            "intake/record_import",
            file=sheet.file, digest=sheet.digest, kind=imported.kind, rows=imported.rows, refused=len(imported.refused),
            refusals=refusals, imported_at=now, imported_by=by,
        )  # fmt: skip

    def backlog(self, *, waiting: bool) -> Sequence[Any]:
        """Open invoices older than the day we collect from. waiting: only those that nobody approved."""
        return self.db.rows("intake/backlog", waiting=waiting)

    def approve_backlog(self, invoices: Sequence[str], now: datetime) -> list[str]:
        """The invoices that may be charged and dunned from now on, which they could not before."""
        return [row.invoice_id for row in self.db.rows("intake/approve_backlog", invoices=list(invoices), now=now)]


def taken(error: psycopg.errors.UniqueViolation) -> str:
    """What stands in two rows, and the remedy."""
    names, _, values = (error.diag.message_detail or "").removeprefix("Key (").partition(")=(")
    value = values.removesuffix(") already exists.")
    return f"{names} {value} is another row's already, in the file or in the books: correct it or leave it out; nothing was taken"
