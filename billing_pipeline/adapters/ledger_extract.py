"""PostgreSQL -> Arrow -> Parquet through ADBC: only what was written since the watermark, all tables in one snapshot.

The watermark is the oldest transaction id that was still running at the last extraction. Rows of it and of later
transactions are read again and merged by key, so a row that was committed late is never lost and one read twice is
there once. Timestamps would lose rows: a transaction that started early may commit late.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc
import pyarrow as pa
from sqlalchemy import URL

from billing_pipeline.adapters.named_postgres import conninfo, shown_address
from billing_pipeline.adapters.parquet_lake import Landing, ParquetLake
from billing_pipeline.adapters.postgres import Database, raw_statement
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.reconciliation import Extracted

BATCH_OPTION: Final = "adbc.postgresql.batch_size_hint_bytes"
BATCH_BYTES: Final = 4_000_000  # small enough that reading and writing overlap, large enough to cost nothing

INCREMENTAL: Final[Mapping[str, tuple[str, ...]]] = {
    "accounts": ("account_id",),
    "subscriptions": ("subscription_id",),
    "invoices": ("invoice_id",),
    "invoice_lines": ("invoice_id", "line_no"),
    "credit_grants": ("credit_grant_id",),
    "credit_notes": ("credit_note_id",),
    "journal_entries": ("entry_id",),
    "postings": ("entry_id", "line_no"),
    "collections": ("invoice_id", "seq"),
    "stripe_attempts": ("attempt_id",),
    "payments": ("payment_id",),
    "refunds": ("refund_id",),
    "disputes": ("dispute_id",),
    "payouts": ("payout_id",),
    "balance_transactions": ("balance_transaction_id",),
}
"""Tables read by watermark, with their keys."""

WHOLE: Final[Mapping[str, tuple[str, ...]]] = {
    "subscription_items": ("item_id",),
    "planned_items": ("item_id",),
    "credit_uses": ("credit_grant_id", "invoice_id"),
    "waiting_facts": ("object_id",),
    "bank_lines": ("bank_line_id",),
    "bank_matches": ("bank_line_id", "payout_id"),
    "dunning_steps": ("invoice_id", "step"),
    "plans": ("plan_id",),
    "tax_rates": ("tax_rate_id",),
    "ledger_accounts": ("ledger_account",),
    "closed_days": ("day",),
    "certificates": ("object_type",),
}
"""Small tables, read whole each time."""


@dataclass(frozen=True, slots=True)
class LedgerExtract:
    """The ledger's side of the lake. db: knows the watermark, too; lake: where it is kept, beside the files."""

    db: Database
    lake: ParquetLake

    def extract(self, run_id: str, now: datetime, *, full: bool = False) -> Extracted:
        """What was landed. Pulls everything when asked, at first, after a restore, or when a file is damaged."""
        # The snapshot is taken after waiting for the lake: it is never older than what is there.
        with self.lake.landing(run_id, "ledger", now) as landing, self._snapshot() as (connection, cluster, tx_to):
            last = self.lake.last("ledger")
            reason = self._why_full(full, cluster, tx_to)
            since = 0 if reason or last is None else last.watermark
            landing.full, landing.cluster, landing.watermark = bool(reason), cluster, tx_to
            known = {} if reason else self._digests()
            rows = sum(pull(connection, landing, table, since, known) for table in (*INCREMENTAL, *WHOLE))
            self.db.run_many(  # before the manifest counts: the database then never knows less than the lake, but for a restore
                "reconciliation/save_watermark",
                [{"cluster": cluster, "table": t, "tx": str(tx_to), "run": run_id, "at": now} for t in INCREMENTAL],
            )
        return Extracted(run_id, "ledger", rows, {p.table: p.rows for p in landing.parts}, reason or "")

    def _why_full(self, full: bool, cluster: str, tx_to: int) -> str | None:
        """Why everything must be pulled, or None where the increment will do."""
        last = self.lake.last("ledger")
        if full:
            return "asked for"
        if last is None:
            return "first extraction"
        if last.cluster != cluster:
            return "the database was restored or replaced since the last extraction"
        if last.watermark > tx_to:
            return "the database went back in time since the last extraction"
        saved = self.db.row("reconciliation/read_watermark", cluster=cluster)
        if saved is None or saved.tx_to is None or saved.tx_to < last.watermark:
            return "the database does not know of the last extraction: it was restored since"
        return self.lake.damage("ledger")

    def _digests(self) -> dict[str, str]:
        """Of each table that is read whole, the digest of its last file: an unchanged table needs no new one."""
        return {
            p.table: p.digest for m in self.lake.current() if m.side == "ledger" for p in m.parts if p.mode == "replace"
        }

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[Any, str, int]]:
        """A connection that sees one moment, the database's identity, and the oldest transaction still running."""
        with connect(self.db.url) as connection, connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read read only")
            cursor.execute(raw_statement("extract/snapshot"))
            ((cluster, tx_to),) = cursor.fetchall()
            yield connection, str(cluster), int(tx_to)


def pull(connection: Any, landing: Landing, table: str, since: int, known: Mapping[str, str]) -> int:
    """Rows of the table that were landed. known: digests of tables that need no new file while they stay the same.

    The driver streams by COPY only what has no parameters: otherwise it reads all rows into memory before the first is here.
    """
    incremental = table in INCREMENTAL
    with connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{BATCH_OPTION: str(BATCH_BYTES)})
        cursor.execute(raw_statement(f"extract/{table}").replace("$1", str(int(since))))  # a bound value ends streaming
        batches: pa.RecordBatchReader = cursor.fetch_record_batch()
        if incremental:
            return landing.write(table, batches, "replace" if landing.full else "merge", INCREMENTAL[table])
        rows = landing.write(table, batches, "replace", WHOLE[table], digested=True)
    if known.get(table) == landing.parts[-1].digest:
        (landing.folder / landing.parts.pop().path).unlink()
        return 0
    return rows


def connect(url: URL) -> Any:
    """An ADBC connection. Raises Broken when the database cannot be reached."""
    try:
        return adbc.connect(conninfo(url))
    except adbc.OperationalError as error:
        raise Broken(f"cannot extract from {shown_address(url)}: {str(error).splitlines()[0]}") from error
