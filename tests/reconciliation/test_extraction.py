"""From PostgreSQL into the lake: nothing lost, nothing half-loaded, damage named."""

import threading
from pathlib import Path
from typing import ClassVar, cast

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, text

from billing_pipeline.adapters.ledger_extract import INCREMENTAL, WHOLE, LedgerExtract, connect, pull
from billing_pipeline.adapters.parquet_lake import Landing, ParquetLake, write_parquet
from billing_pipeline.adapters.postgres import Database, raw_statement
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.tables import billing, catalog, control, metadata
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.domain.errors import Broken
from tests.fakes import START, FakeClock
from tests.reconciliation.faults import entry
from tests.seeds import change, fetch, insert_account, insert_invoice

MANY_ENTRIES = """
insert into journal_entries (source, kind, currency, occurred_at, accounting_date, recorded_at, run_id, content_hash)
select 'manual:' || n, 'manual', 'usd', now(), current_date, now(), '', decode(md5(n::text) || md5(n::text), 'hex')
from generate_series(1, :rows) n
"""
SLOW_INSERT = """
insert into invoices
select (jsonb_populate_record(i, '{"invoice_id": "inv-slow", "number": "S"}')).* from invoices i
"""

WATCHED = """
select attname
from pg_trigger join pg_attribute on attrelid = tgrelid and attnum = any(tgattr)
where tgname = 'accounts_touch'
"""


def extract(db: Database, home: Path, run: str, *, full: bool = False) -> LedgerExtract:
    source = LedgerExtract(db, ParquetLake.at(home))
    source.extract(run, START, full=full)
    return source


def invoices(home: Path) -> dict[str, str]:
    """State by invoice, as the working file has it."""
    with Workbench(ParquetLake.at(home)).open() as bench:
        rows = bench.connection.execute("select invoice_id, state from ledger.invoices order by 1").fetchall()
    return dict(rows)


def test_the_first_extraction_brings_every_table(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db)

    done = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r1", START)

    assert done.pulled_whole == "first extraction"
    assert set(done.by_table) == {*INCREMENTAL, *WHOLE}
    assert invoices(tmp_path) == {"inv-1": "pending"}


def test_a_later_extraction_brings_what_was_written_since(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db, "inv-1")
    extract(db, tmp_path, "r1")
    insert_invoice(db, "inv-2")
    change(db, billing.invoices, "inv-1", state="void", voided_at=START)

    done = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r2", START)

    assert (done.pulled_whole, done.by_table["invoices"]) == ("", 2)
    assert invoices(tmp_path) == {"inv-1": "void", "inv-2": "pending"}


def test_numbering_an_invoice_does_not_send_its_account_again(db: Database, tmp_path: Path) -> None:
    insert_account(db, "acme")
    insert_account(db, "bolt")
    extract(db, tmp_path, "r1")
    change(db, catalog.accounts, "acme", next_invoice_number=2, next_credit_note_number=2)
    change(db, catalog.accounts, "bolt", next_invoice_number=2, segment="consumer")

    done = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r2", START)

    assert done.by_table["accounts"] == 1


def test_all_that_the_warehouse_reads_of_an_account_sends_it_again_when_it_changes(db: Database) -> None:
    with db.transaction() as connection:
        read = connection.execute(text(raw_statement("extract/accounts").replace("$1", "0"))).keys()
        watched = connection.execute(text(WATCHED)).scalars().all()

    assert set(watched) == {*read} - {"tx"}


def test_a_row_whose_transaction_commits_late_is_not_lost(db: Database, tmp_path: Path, database_url: str) -> None:
    insert_account(db)
    extract(db, tmp_path, "r1")
    slow = create_engine(db.url)
    with slow.connect() as early, early.begin():
        early.execute(text("select pg_current_xact_id()"))
        insert_invoice(db, "inv-fast")
        extract(db, tmp_path, "r2")
        early.execute(text(SLOW_INSERT))
        early.execute(text("update invoices set run_id = 'touched' where invoice_id = 'inv-slow'"))
    slow.dispose()

    extract(db, tmp_path, "r3")

    assert set(invoices(tmp_path)) == {"inv-fast", "inv-slow"}


def test_rows_are_streamed_in_batches_and_not_read_whole(db: Database, tmp_path: Path) -> None:
    with db.transaction() as connection:
        connection.execute(text(MANY_ENTRIES), {"rows": 60_000})
    lake = ParquetLake.at(tmp_path)

    class Counting:
        """Passes record batches on and counts them."""

        sizes: ClassVar[list[int]] = []

        @staticmethod
        def write(table: str, batches: pa.RecordBatchReader, *_: object, **__: object) -> int:
            Counting.sizes = [batch.num_rows for batch in batches]
            return sum(Counting.sizes)

        full = True

    with connect(db.url) as connection:
        rows = pull(connection, cast(Landing, Counting), "journal_entries", 0, {})

    assert rows == 60_000
    assert max(Counting.sizes) < 60_000
    assert lake.manifests() == []


def test_row_groups_are_as_large_as_duckdb_likes_them(tmp_path: Path) -> None:
    schema = pa.schema([("n", pa.int64())])
    batches = [pa.RecordBatch.from_pydict({"n": list(range(1000))}, schema=schema) for _ in range(250)]

    rows = write_parquet(tmp_path / "x.parquet", pa.RecordBatchReader.from_batches(schema, batches))

    kept = pq.ParquetFile(tmp_path / "x.parquet")
    sizes = [kept.metadata.row_group(n).num_rows for n in range(kept.num_row_groups)]
    assert (rows, sizes) == (250_000, [123_000, 123_000, 4_000])


def test_the_watermark_is_shown_in_the_database(db: Database, tmp_path: Path) -> None:
    extract(db, tmp_path, "r1")

    rows = fetch(db, control.extract_watermarks)

    assert {row["table_name"] for row in rows} == set(INCREMENTAL)
    assert {row["run_id"] for row in rows} == {"r1"}


def die_while_landing(lake: ParquetLake) -> None:
    with lake.landing("killed", "ledger", START) as landing:
        (landing.folder / "invoices").mkdir()
        (landing.folder / "invoices" / "half.parquet").write_bytes(b"PAR1 and then the power went")
        raise RuntimeError("killed")


def test_a_killed_run_leaves_nothing_that_counts(db: Database, tmp_path: Path) -> None:
    insert_account(db)
    insert_invoice(db)
    lake = ParquetLake.at(tmp_path)

    with pytest.raises(RuntimeError, match="killed"):
        die_while_landing(lake)
    done = LedgerExtract(db, lake).extract("r1", START)

    assert done.pulled_whole == "first extraction"
    assert invoices(tmp_path) == {"inv-1": "pending"}


@pytest.mark.parametrize("harm", ["cut", "gone"])
def test_a_damaged_file_is_noticed_and_everything_pulled_again(db: Database, tmp_path: Path, harm: str) -> None:
    insert_account(db)
    insert_invoice(db)
    lake = extract(db, tmp_path, "r1").lake
    (part,) = [p for p in lake.manifests()[0].parts if p.table == "invoices"]
    file = lake.folder / part.path
    file.unlink() if harm == "gone" else file.write_bytes(file.read_bytes()[:-10])

    done = LedgerExtract(db, lake).extract("r2", START)

    assert part.path in done.pulled_whole
    assert invoices(tmp_path) == {"inv-1": "pending"}


def test_a_damaged_file_is_named_when_it_is_read(db: Database, tmp_path: Path) -> None:
    lake = extract(db, tmp_path, "r1").lake
    (part,) = [p for p in lake.manifests()[0].parts if p.table == "invoices"]
    (lake.folder / part.path).write_bytes(b"no parquet")

    with pytest.raises(Broken, match="run r1 of the lake cannot be read"):
        invoices(tmp_path)


@pytest.mark.parametrize("folder", ["home", "block-storage"])
def test_a_working_file_that_cannot_be_read_is_made_again(db: Database, tmp_path: Path, folder: str) -> None:
    home = tmp_path / folder
    insert_account(db)
    insert_invoice(db)
    extract(db, home, "r1")
    invoices(home)
    Workbench(ParquetLake.at(home)).path.write_bytes(b"no database" * 1000)

    again = invoices(home)

    assert again == {"inv-1": "pending"}


def test_unchanged_small_tables_are_not_written_again(db: Database, tmp_path: Path) -> None:
    extract(db, tmp_path, "r1")

    done = LedgerExtract(db, ParquetLake.at(tmp_path)).extract("r2", START)

    assert set(done.by_table) & set(WHOLE) == set()


def test_nothing_that_names_a_person_reaches_the_lake(db: Database, tmp_path: Path) -> None:
    insert_account(db, email="jane@example.com", name="Jane Doe")
    extract(db, tmp_path, "r1")

    with Workbench(ParquetLake.at(tmp_path)).open() as bench:
        columns = bench.columns()["ledger.accounts"]

    assert {"name", "email", "address", "tax_id"} & set(columns) == set()


def test_every_extracted_table_is_one_of_the_schema() -> None:
    derived = {"planned_items", "waiting_facts"}

    names = {*INCREMENTAL, *WHOLE} - derived

    assert names <= set(metadata.tables)
    assert all("tx" in metadata.tables[name].c for name in INCREMENTAL if name not in ("invoice_lines", "postings"))


def test_extraction_does_not_wait_for_writers(db: Database, tmp_path: Path) -> None:
    stop = threading.Event()
    clock = FakeClock()

    def write() -> None:
        n = 0
        while not stop.is_set():
            write_entries(db, [entry(f"busy:{n}", "manual", 1)], run_id="", recorded_at=clock.now())
            n += 1

    writer = threading.Thread(target=write)
    writer.start()
    for n in range(5):
        extract(db, tmp_path, f"r{n}")
    stop.set()
    writer.join()
    extract(db, tmp_path, "last")

    with Workbench(ParquetLake.at(tmp_path)).open() as bench:
        (landed,) = bench.connection.execute("select count(*) from ledger.journal_entries").fetchone() or (0,)
        (sides,) = bench.connection.execute("select count(*) from ledger.postings").fetchone() or (0,)
    booked = len(fetch(db, metadata.tables["journal_entries"]))
    assert (landed, sides) == (booked, 2 * booked)


def test_a_database_that_is_away_is_named(tmp_path: Path) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(Broken, match="cannot extract from postgresql"):
        LedgerExtract(nowhere, ParquetLake.at(tmp_path)).extract("r1", START)
