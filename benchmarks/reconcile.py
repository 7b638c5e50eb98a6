"""How fast two sides of payments are compared, beside a plain full outer join of the same files in the same run.

The statements are the ones of production; the two sides are Parquet files with 0.1 % of divergences, seven kinds of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from shutil import copyfile
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import duckdb

from benchmarks import increment
from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.comparison import PREPARE, set_cut
from billing_pipeline.adapters.parquet_lake import COMPRESSION, ROW_GROUP_ROWS
from billing_pipeline.adapters.warehouse import replace_by_copy
from billing_pipeline.adapters.workbench import MEMORY_LIMIT_MB, STORAGE_VERSION
from billing_pipeline.domain.reconciliation import ReconciliationPolicy

ROUNDS: Final = 3
SEED: Final = Path(__file__).parent / "sql" / "two_sides.sql"
CUT_OFF: Final = datetime(2026, 6, 1, tzinfo=UTC)
COMPARISON: Final = tuple(name for name in PREPARE if name.startswith("warehouse/compare"))
KINDS: Final = ("missing_in_stripe", "missing_in_ledger", "currency", "amount", "status", "orphan_object")

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Sides:
    """The two files and how many rows each was made from."""

    ours: Path
    theirs: Path
    rows: int


def measure(*, full: bool = False) -> list[Row]:
    """A million rows on each side; full: ten million, too."""
    sizes = (1_000_000, 10_000_000) if full else (1_000_000,)
    return [row for size in sizes for row in (*measured(size), increment.measured(size))]


def measured(size: int, rounds: int = ROUNDS) -> list[Row]:
    """Rows reconcile_<size> and publish_<size>; value and floor from the same run, interleaved."""
    with TemporaryDirectory() as folder:
        sides = make_sides(Path(folder), size)
        full, floor = list[float](), list[float]()
        counts: dict[str, int] = {}
        for _ in range(rounds):
            floor.append(timed(Path(folder), plain_join, sides)[0])
            seconds, counts = timed(Path(folder), compare, sides)
            full.append(seconds)
        check(counts)
        return [
            reconcile_row(size, median(full), median(floor), counts),
            publish_row(Path(folder), sides, rounds),
        ]


def make_sides(folder: Path, rows: int) -> Sides:
    """The two Parquet files, written as the lake writes them."""
    sides = Sides(folder / "ours.parquet", folder / "theirs.parquet", rows)
    for file, theirs in ((sides.ours, False), (sides.theirs, True)):
        query = SEED.read_text().replace("$rows", str(int(rows))).replace("$theirs", str(theirs).lower())
        with duckdb.connect() as connection:
            connection.execute(
                f"copy ({query}) to '{file}' (format parquet, compression {COMPRESSION}, row_group_size {ROW_GROUP_ROWS})"
            )
    return sides


def timed(folder: Path, work: Callable[[Bench, Sides], dict[str, int]], sides: Sides) -> tuple[float, dict[str, int]]:
    """Seconds of the work in a fresh DuckDB of limited memory, and its counts."""
    with duckdb.connect() as connection:
        connection.execute(f"set memory_limit = '{MEMORY_LIMIT_MB}MB'; set temp_directory = '{folder}/spill'")
        connection.execute("set preserve_insertion_order = false; set timezone = 'UTC'")
        begin = perf_counter()
        counts = work(Bench(connection), sides)
        return perf_counter() - begin, counts


def views(bench: Bench, sides: Sides) -> None:
    """The two sides under the names that the statements of production read."""
    set_cut(bench, CUT_OFF, ReconciliationPolicy(), "UTC")
    for name, file in (("ours_payments", sides.ours), ("theirs_payments", sides.theirs)):
        bench.connection.execute(f"create or replace view {name} as select * from read_parquet('{file}')")


def compare(bench: Bench, sides: Sides) -> dict[str, int]:
    """Findings by kind, classified and written to a table."""
    views(bench, sides)
    for name in COMPARISON:
        bench.run(name)
    query = (
        "select kind, count(*) from payment_findings group by kind union all select 'twice', count(*) from duplicates"
    )
    return dict(bench.connection.execute(query).fetchall())


def plain_join(bench: Bench, sides: Sides) -> dict[str, int]:
    """A full outer join of the same files that reads the columns that are compared."""
    views(bench, sides)
    bench.connection.execute(
        "create temp table joined as select count(*) as n, sum(o.amount_minor) as a, sum(t.amount_minor) as b, "
        "count(*) filter (where o.status <> t.status) as c, count(*) filter (where o.currency <> t.currency) as d, "
        "max(o.invoice_id) as e, max(t.invoice_id) as f, max(o.touched_at) as g, max(t.touched_at) as h "
        "from ours_payments o full outer join theirs_payments t on o.payment_intent_id = t.payment_intent_id"
    )
    return {}


def check(counts: dict[str, int]) -> None:
    """Nothing. Raises when a kind that was put in was not found: a fast wrong answer is no answer."""
    if missing := [kind for kind in KINDS if not counts.get(kind)]:
        raise RuntimeError(f"not found: {missing} in {counts}")


def reconcile_row(size: int, seconds: float, floor: float, counts: dict[str, int]) -> Row:
    """Rows per second; ratio: our time over the plain join's time."""
    memory_mb = max(getrusage(RUSAGE_SELF).ru_maxrss, getrusage(RUSAGE_CHILDREN).ru_maxrss) // 1024
    return {
        "name": f"reconcile_{named(size)}", "value": round(size / seconds), "unit": "rows/s", "floor": round(size / floor),
        "ratio": round(seconds / floor, 2), "n": size,
        "note": f"{seconds:.2f} s against {floor:.2f} s; aim: <= 2.0 times; {sum(counts.values())} found; peak {memory_mb} MB",
    }  # fmt: skip


def publish_row(folder: Path, sides: Sides, rounds: int) -> Row:
    """Seconds from a working file of that many rows to a published one, beside a bare copy of the file."""
    working, target = folder / "working.duckdb", folder / "warehouse.duckdb"
    with duckdb.connect() as connection:
        connection.execute(f"attach '{working}' as working (storage_version '{STORAGE_VERSION}')")
        connection.execute(f"create table working.payments as select * from read_parquet('{sides.ours}')")
    ours, floors = list[float](), list[float]()
    for _ in range(rounds):
        begin = perf_counter()
        copyfile(working, folder / "floor.duckdb")
        floors.append(perf_counter() - begin)
        begin = perf_counter()
        replace_by_copy(working, target)
        ours.append(perf_counter() - begin)
    seconds, floor = median(ours), median(floors)
    return {
        "name": f"publish_{named(sides.rows)}", "value": round(seconds, 3), "unit": "s", "floor": round(floor, 3),
        "ratio": round(seconds / floor, 2), "n": sides.rows,
        "note": f"{working.stat().st_size / 1e6:.0f} MB, copied, synced and renamed; aim: under 3 s",
    }  # fmt: skip


def named(size: int) -> str:
    """'1m' for a million."""
    return f"{size // 1_000_000}m" if size >= 1_000_000 else str(size)
