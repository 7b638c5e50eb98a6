"""The lake over many runs: few files again, nothing lost, wherever it was killed."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from billing_pipeline.adapters.compaction import compact, merge_runs, sweep
from billing_pipeline.adapters.parquet_lake import Landing, ParquetLake, Side
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.workbench import Workbench
from tests.reconciliation.faults import FAULTS
from tests.two_books import TwoBooks, agreed


def content(books: TwoBooks, *, anew: bool = False) -> dict[str, list[Any]]:
    """Every row of both sides; anew: as the lake alone tells it."""
    if anew:
        books.workbench.path.unlink()
    with books.workbench.open() as bench:
        return {
            table: sorted(map(repr, bench.connection.execute(f"select * from {table}").fetchall()))
            for table in sorted(bench.tables())
            if table.startswith(("ledger.", "stripe."))
        }


def files(books: TwoBooks) -> list[Path]:
    return list(books.lake.folder.glob("*/run=*/*"))


def lived(db: Database, home: Path, runs: int = 5) -> TwoBooks:
    """Books over some runs, with something new in each."""
    books = agreed(db, home)
    for n in range(runs):
        FAULTS[Random(n).choice(["amount_that_differs", "refund_made_in_the_dashboard", "payout_that_came_back"])](
            books, f"n{n}"
        )
        books.clock.advance(days=1)
        books.reconcile()
    return books


def test_many_runs_become_one_and_nothing_is_lost(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path)
    before, many = content(books), len(files(books))

    removed = compact(books.workbench, books.clock.now(), 3)

    assert removed > 0
    assert len(files(books)) < many
    assert [one.side for one in books.lake.manifests()] == ["ledger", "stripe"]
    assert content(books, anew=True) == before


def test_what_comes_after_a_compaction_is_an_increment_as_before(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path)
    known = {(one.kind.value, one.subject) for one in books.findings()}
    compact(books.workbench, books.clock.now(), 1)
    fresh = FAULTS["currency_that_differs"](books, "after")

    done = books.reconcile()

    assert not done.whole
    assert {(one.kind.value, one.subject) for one in books.findings()} == known | fresh
    assert content(books) == content(books, anew=True)


def test_few_runs_are_left_as_they_are(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path, runs=2)
    before = sorted(files(books))

    removed = compact(books.workbench, books.clock.now(), 60)

    assert (removed, sorted(files(books))) == (0, before)


def test_killed_before_its_manifest_it_has_changed_nothing(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path)
    before, lake = content(books), books.lake
    runs = [one for one in lake.current() if one.side == "ledger"]
    broken = Workbench(lake)
    with broken.open() as bench:
        bench.connection.execute("alter table ledger.certificates rename to gone")

    with pytest.raises(Exception, match="certificates"):
        merge_runs(broken, "ledger", runs, books.clock.now())

    assert lake.last("ledger") == runs[-1]
    assert content(books, anew=True) == before
    assert sweep(lake) > 0  # what the killed one had written
    assert content(books, anew=True) == before


def test_killed_before_the_old_runs_are_gone_they_count_no_more(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path)
    before = content(books)
    runs = [one for one in books.lake.current() if one.side == "ledger"]

    merge_runs(books.workbench, "ledger", runs, books.clock.now())

    assert content(books, anew=True) == before
    assert sweep(ParquetLake.at(tmp_path)) > 0
    assert content(books, anew=True) == before


def test_a_run_that_is_being_landed_while_it_waits_is_not_lost(db: Database, tmp_path: Path) -> None:
    books = lived(db, tmp_path, runs=2)
    runs = [one for one in books.lake.current() if one.side == "stripe"]

    class Busy(ParquetLake):
        """A lake where an extraction of Stripe ends just before the next one gets in."""

        @contextmanager
        def landing(self, run_id: str, side: Side, made_at: datetime) -> Iterator[Landing]:
            with books.side.stripe_landing("late", books.clock.now(), books.clock.now(), full=False) as landing:
                landing.sink("customer", [{"object": "customer", "id": "cus_late", "created": 1}])
            with super().landing(run_id, side, made_at) as landing:
                yield landing

    merge_runs(Workbench(Busy(books.lake.folder)), "stripe", runs, books.clock.now())

    assert [one.run_id for one in books.lake.current() if one.side == "stripe"][-1] == "late"
    with books.workbench.open() as bench:
        found = bench.connection.execute("select customer_id from stripe.customers where customer_id = 'cus_late'")
        assert found.fetchall() == [("cus_late",)]
