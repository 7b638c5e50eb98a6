"""A lake and a database that went different ways: a restore, a removed manifest, another extraction meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, text

from billing_pipeline.adapters.ledger_extract import LedgerExtract
from billing_pipeline.adapters.parquet_lake import Landing, ParquetLake, Side
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control
from billing_pipeline.domain.errors import Broken
from tests.fakes import START
from tests.reconciliation.test_extraction import extract, invoices
from tests.seeds import change, fetch, insert_account, insert_invoice


def test_after_a_restore_into_another_database_everything_is_pulled_again(
    db: Database, tmp_path: Path, cluster: object, template: str
) -> None:
    insert_account(db)
    insert_invoice(db, "inv-lost-by-the-restore")
    extract(db, tmp_path, "r1")
    name = cluster.create(template)  # type: ignore[attr-defined]
    restored = Database(cluster.url(name))  # type: ignore[attr-defined]
    insert_account(restored)
    insert_invoice(restored, "inv-restored")

    done = LedgerExtract(restored, ParquetLake.at(tmp_path)).extract("r2", START)

    assert "restored" in done.pulled_whole
    assert set(invoices(tmp_path)) == {"inv-restored"}
    restored.close()
    cluster.drop(name)  # type: ignore[attr-defined]


def go_back(db: Database, marks: list[dict[str, Any]], *lost: str) -> None:
    """What a restore of the whole disk leaves: the same server, without those invoices, its transactions counted on."""
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        for table in (billing.invoice_lines, billing.invoices):
            connection.execute(delete(table).where(table.c.invoice_id.in_(lost)))
        connection.execute(delete(control.extract_watermarks))
        connection.execute(insert(control.extract_watermarks), marks)


def test_after_a_restore_that_has_worked_on_since_everything_is_pulled_again(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db, "inv-kept")
    extract(db, tmp_path, "r1")
    marks = fetch(db, control.extract_watermarks)
    insert_invoice(db, "inv-lost-by-the-restore")
    extract(db, tmp_path, "r2")
    go_back(db, marks, "inv-lost-by-the-restore")
    insert_invoice(db, "inv-new")

    done = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r3", START)
    again = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r4", START)

    assert ("restored" in done.pulled_whole, again.pulled_whole) == (True, "")
    assert set(invoices(tmp_path)) == {"inv-kept", "inv-new"}


def test_an_extraction_that_waited_for_another_is_not_older_than_that(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db)
    first = extract(db, tmp_path, "r1").lake
    change(db, billing.invoices, "inv-1", run_id="touched")

    class Busy(ParquetLake):
        """A lake where another process is landing when somebody comes."""

        @contextmanager
        def landing(self, run_id: str, side: Side, made_at: datetime) -> Iterator[Landing]:
            change(db, billing.invoices, "inv-1", state="void", voided_at=START)
            extract(db, tmp_path, "other")
            with super().landing(run_id, side, made_at) as landing:
                yield landing

    LedgerExtract(db, Busy(first.folder)).extract("r2", START)

    assert [one.run_id for one in first.manifests()] == ["r1", "other", "r2"]
    assert invoices(tmp_path) == {"inv-1": "void"}


def test_a_manifest_that_was_removed_as_told_leaves_nothing_behind(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db, "inv-1")
    extract(db, tmp_path, "r1")
    manifest = extract(db, tmp_path, "r2").lake.folder / "runs" / "000002-ledger.json"
    invoices(tmp_path)
    manifest.write_bytes(b"{")
    with pytest.raises(Broken, match=r"000002-ledger.json is not a manifest .*: remove it and run .* extract --full"):
        invoices(tmp_path)

    manifest.unlink()
    insert_invoice(db, "inv-2")
    extract(db, tmp_path, "r3", full=True)

    assert set(invoices(tmp_path)) == {"inv-1", "inv-2"}
