"""The published warehouse: whole, readable, never in anybody's way."""

import fcntl
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.table_docs import describe
from billing_pipeline.adapters.warehouse import FileWarehouse, opened, read_published, replace_by_copy
from billing_pipeline.adapters.workbench import refuse_unfinished
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.inbox import Certificate
from billing_pipeline.flows.publish_warehouse import publish_warehouse
from tests.reconciliation.faults import FAULTS
from tests.two_books import TwoBooks, agreed

READER = """
import sys
from pathlib import Path
from billing_pipeline.adapters.warehouse import opened
path, until = sys.argv[1:]
seen = set()
while until not in seen:
    with opened(Path(path)) as c:
        (run,), = c.execute("select run_id from meta.publication").fetchall()
        n, = c.execute("select count(*) from ledger.invoices").fetchone()
        m, = c.execute("select count(*) from readable.ledger_invoices").fetchone()
        assert n == m, (run, n, m)
        assert (run,) == c.execute("select run_id from meta.publication").fetchone()
        seen.add(run)
"""


def warehouse_of(books: TwoBooks) -> FileWarehouse:
    return FileWarehouse(books.workbench, books.db, books.home)


def test_publishing_puts_the_findings_and_the_proof_before_analysts(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()

    done = publish_warehouse(warehouse_of(books), books.clock, books.policy, run_id="p1")

    path = Path(done.path)
    assert read_published(path, "select kind from reconciliation.divergences") == [{"kind": "amount"}]
    assert read_published(path, "select run_id from meta.publication") == [{"run_id": "p1"}]
    assert read_published(path, "select count(*) as n from reconciliation.proof_of_close")[0]["n"] > 0


def test_amounts_are_shown_in_minor_and_in_major_units(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("yen", "acme", minor=500, currency="jpy")
    books.reconcile()
    warehouse = warehouse_of(books)
    warehouse.publish("p1", books.clock.now(), copies=3)

    rows = read_published(
        warehouse.path,
        "select amount_minor, amount::varchar as amount from readable.ledger_payments "
        "where payment_id in ('pi_a', 'pi_yen') order by 1",
    )

    assert [(row["amount_minor"], row["amount"]) for row in rows] == [(500, "500.000"), (4900, "49.000")]


def test_an_open_notebook_keeps_its_version_and_stops_nobody(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    warehouse = warehouse_of(books)
    warehouse.publish("p1", books.clock.now(), copies=3)
    notebook = duckdb.connect(str(warehouse.path), read_only=True)

    warehouse.publish("p2", books.clock.now(), copies=3)

    kept = notebook.execute("select run_id from meta.publication").fetchall()
    notebook.close()
    assert kept == [("p1",)]
    assert read_published(warehouse.path, "select run_id from meta.publication") == [{"run_id": "p2"}]


@pytest.mark.parametrize("times", [5, pytest.param(50, marks=pytest.mark.soak)])
def test_eight_readers_query_in_a_loop_while_it_publishes(db: Database, tmp_path: Path, times: int) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    warehouse = warehouse_of(books)
    warehouse.publish("p0", books.clock.now(), copies=3)
    readers = [subprocess.Popen([sys.executable, "-c", READER, str(warehouse.path), "last"]) for _ in range(8)]

    try:
        for n in range(times):
            warehouse.publish(f"p{n}", books.clock.now(), copies=3)
        warehouse.publish("last", books.clock.now(), copies=3)
        ended = [reader.wait(timeout=120) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()  # one that never saw the last version would read for ever

    assert ended == [0] * 8


@pytest.fixture
def versions(tmp_path: Path) -> tuple[Path, Path]:
    """A published file with one row, and the next one, which has two."""
    for name in ("one", "two"):
        with duckdb.connect(str(tmp_path / name)) as connection:
            connection.execute(f"create table rows as select range as n from range({('one', 'two').index(name) + 1})")
    return tmp_path / "one", tmp_path / "two"


@pytest.mark.parametrize("fails", [True, False])
def test_a_file_that_is_replaced_while_duckdb_opens_it_is_opened_once_more(
    versions: tuple[Path, Path], fails: bool
) -> None:
    path, following = versions

    def connect(name: str, *, read_only: bool) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(name, read_only=read_only)
        if following.exists():
            following.replace(path)
            if fails:
                connection.close()
                raise duckdb.IOException("No more data remaining in MetadataReader")
        return connection

    with opened(path, connect) as connection:
        assert connection.execute("select count(*) from rows").fetchone() == (2,)


def test_a_file_that_duckdb_cannot_open_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"no DuckDB" * 2_000)

    with pytest.raises(duckdb.Error):
        opened(tmp_path / "broken")


def test_the_file_is_copied_closed_and_before_another_may_open_it(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    seen: list[str] = []

    def look(working: Path) -> None:
        with open(working.parent / ".lock") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with duckdb.connect(str(working), read_only=True) as alone:  # refused while a writer has it open
            seen.extend(row[0] for row in alone.execute("select note from meta.note").fetchall())

    with books.workbench.open(then=look) as bench:
        bench.connection.execute("create table meta.note as select 'here' as note")

    assert seen == ["here"]


def test_a_run_that_fails_publishes_nothing(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    warehouse = warehouse_of(books)
    warehouse.publish("p1", books.clock.now(), copies=3)
    with books.workbench.open() as bench:
        bench.connection.execute("alter table ledger.invoices rename to gone")

    with pytest.raises(Broken, match=r"ledger.invoices was never extracted"):
        warehouse.publish("p2", books.clock.now(), copies=3)

    assert read_published(warehouse.path, "select run_id from meta.publication") == [{"run_id": "p1"}]


def test_what_killed_publications_left_is_removed(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    (tmp_path / "warehouse").mkdir()
    (tmp_path / ".warehouse.duckdb.4711").write_bytes(b"half a file")
    (tmp_path / "warehouse" / "warehouse-2026-01-01.tmp").write_bytes(b"a whole file under its second name")

    warehouse_of(books).publish("p1", books.clock.now(), copies=3)

    assert [path.name for path in tmp_path.glob(".warehouse*")] == []
    assert [path.name for path in (tmp_path / "warehouse").iterdir()] == ["warehouse-2026-03-20.duckdb"]


@contextmanager
def room_for(size_bytes: int) -> Iterator[None]:
    """Inside, no file can be written beyond that size, as on a full disk."""
    before, told = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, told)


def test_a_full_disk_leaves_the_old_version_no_draft_and_says_what_to_do(tmp_path: Path) -> None:
    source, target = tmp_path / "working.duckdb", tmp_path / "warehouse.duckdb"
    source.write_bytes(b"new" * 10_000)
    target.write_bytes(b"old")

    with room_for(10_000), pytest.raises(Broken, match=r"still in place; make room .* warehouse publish"):
        replace_by_copy(source, target)

    assert target.read_bytes() == b"old"
    assert {path.name for path in tmp_path.iterdir()} == {"working.duckdb", "warehouse.duckdb"}


def test_the_days_copy_is_made_before_another_publication_may_begin(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    seen: list[str] = []

    class Watched(FileWarehouse):
        """A warehouse that looks at the lock of the working file while the day's copy is made."""

        def _keep(self, copy: Path) -> None:
            with open(self.workbench.folder / ".lock") as lock, pytest.raises(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            seen.append(copy.name)
            super()._keep(copy)

    Watched(books.workbench, books.db, books.home).publish("p1", books.clock.now(), copies=1)

    assert seen == ["warehouse-2026-03-20.duckdb"]


def test_a_log_beside_the_working_file_is_named_and_nothing_copied(tmp_path: Path) -> None:
    (tmp_path / "working.duckdb.wal").write_bytes(b"x")

    with pytest.raises(Broken, match=r"working\.duckdb\.wal was left behind"):
        refuse_unfinished(tmp_path / "working.duckdb")


def test_dated_copies_are_kept_and_old_ones_forgotten(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    warehouse = warehouse_of(books)

    for n in range(5):
        warehouse.publish(f"p{n}", books.clock.now(), copies=3)
        books.clock.advance(days=1)

    copies = sorted((tmp_path / "warehouse").glob("*.duckdb"))
    assert [copy.stem for copy in copies] == ["warehouse-2026-03-22", "warehouse-2026-03-23", "warehouse-2026-03-24"]
    assert read_published(copies[0], "select run_id from meta.publication") == [{"run_id": "p2"}]


def test_asking_before_anything_is_published_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="billing-pipeline warehouse publish"):
        read_published(tmp_path / "warehouse.duckdb", "select 1")


def test_publishing_before_anything_is_extracted_says_what_to_do(db: Database, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="billing-pipeline reconcile extract"):
        warehouse_of(TwoBooks(db, tmp_path)).publish("p", TwoBooks(db, tmp_path).clock.now(), copies=1)


def test_the_certificates_are_in_the_warehouse_whole_and_a_refused_one_says_so(db: Database, tmp_path: Path) -> None:
    books, warehouse = agreed(db, tmp_path), warehouse_of(TwoBooks(db, tmp_path))
    store, now = SweepStore(db), books.clock.now()
    for kind, reason in (("refund", ""), ("payout", "the list broke off")):
        store.certify(Certificate(kind, "s1", now, 3, {"usd": 4900}, "ab" * 32, 2, not reason, reason), now)
    books.reconcile()
    warehouse.publish("p1", now, copies=1)

    query = "select object_type, objects, sums, digest, issued, reason from ledger.certificates where sweep_id = 's1'"
    found = {row["object_type"]: tuple(row.values())[1:] for row in read_published(warehouse.path, query)}

    assert found == {
        "refund": (3, '{"usd": 4900}', "ab" * 32, True, ""),
        "payout": (3, '{"usd": 4900}', "ab" * 32, False, "the list broke off"),
    }


def test_the_page_about_the_tables_is_current_and_its_queries_run(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    warehouse = warehouse_of(books)
    warehouse.publish("p1", books.clock.now(), copies=1)

    page = describe(warehouse.path)

    queries = [block.split("```")[0] for block in page.split("```sql\n")[1:]]
    assert len(queries) > 50
    for query in queries:
        read_published(warehouse.path, query)
    assert (Path(__file__).parents[2] / "docs/tables.md").read_text() == page
