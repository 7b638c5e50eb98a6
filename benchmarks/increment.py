"""A day's increment beside the whole comparison of the same two books: all nineteen kinds, and for the whole one the proof.

Both are what production calls. The books are a working file as the pipeline keeps it, 0.1 % of it spoilt; the day is one of
DAYS, and with it come some old charges that a day's refunds and disputes lead to.
"""

from datetime import UTC, datetime
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.touched import NAMED, note_rows
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.domain.reconciliation import Finding, ReconciliationPolicy
from billing_pipeline.flows.ports.reconciliation import Run

ROUNDS: Final = 3
DAYS: Final = 300  # the synthetic payments are spread over so many days
OLD_SHARE: Final = 100  # one in so many of the day's payments is an old one
BOOKS: Final = Path(__file__).parent / "sql" / "two_books.sql"
RUN: Final = Run("bench", datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 1, 1, tzinfo=UTC))
LAST_DAY: Final = "timestamptz '2025-10-27 00:00:00+00'"
MOMENTS: Final = {
    "stripe.payment_intents": "created_at", "stripe.charges": "created_at", "stripe.balance_transactions": "created_at",
    "ledger.payments": "succeeded_at", "ledger.invoices": "issued_at", "ledger.collections": "opened_at",
    "ledger.journal_entries": "occurred_at",
}  # fmt: skip

Row = dict[str, object]


def measured(size: int) -> Row:
    """Row reconcile_increment: the share of the whole time that a day's increment takes."""
    policy = ReconciliationPolicy()
    with TemporaryDirectory() as folder:
        comparison = books_of(Path(folder), size)
        begin = perf_counter()
        whole = comparison.examine(RUN, policy, zone="UTC").findings
        whole_seconds = perf_counter() - begin
        seconds = list[float]()
        for _ in range(ROUNDS):
            touch_a_day(comparison, size)
            begin = perf_counter()
            examined = comparison.examine_touched(RUN, policy, zone="UTC")
            seconds.append(perf_counter() - begin)
            check(whole, examined.findings if examined else ())
    return row(size, median(seconds), whole_seconds)


def books_of(home: Path, size: int) -> DuckComparison:
    """The comparison on a new working file of that many payments on each side."""
    workbench = Workbench(ParquetLake.at(home))
    with workbench.open() as bench:
        for statement in BOOKS.read_text().replace("$rows", str(int(size))).split(";"):
            if statement.strip():
                bench.connection.execute(statement)
    return DuckComparison(workbench)


def touch_a_day(comparison: DuckComparison, size: int) -> None:
    """The last day's rows, and some old charges, count as touched, as if they had just been merged."""
    with comparison.workbench.open() as bench:
        for table, moment in MOMENTS.items():
            note_rows(bench, NAMED[table], table, f"{moment} >= {LAST_DAY}")
        note_old(bench, size // DAYS // OLD_SHARE)


def note_old(bench: Bench, count: int) -> None:
    """So many charges of any time count as touched."""
    bench.connection.execute(
        f"insert into carried.touched select 'charge', charge_id from stripe.charges using sample {int(count)} rows"
    )


def check(whole: tuple[Finding, ...], increment: tuple[Finding, ...]) -> None:
    """Nothing. Raises when the increment does not find what the whole comparison found: a fast wrong answer is no answer."""
    if whole != increment:
        raise RuntimeError(f"the whole comparison found {len(whole)} divergences, the increment {len(increment)}")


def row(size: int, seconds: float, whole: float) -> Row:
    """The row; its floor is the day's share of all days."""
    return {
        "name": f"reconcile_increment_{size // 1_000_000}m", "value": round(seconds / whole, 4), "unit": "of full time",
        "floor": round(1 / DAYS, 4), "ratio": round(seconds / whole * DAYS, 2), "n": size // DAYS,
        "note": f"{seconds:.2f} s for one day of {DAYS}, {whole:.1f} s for everything with the proof; aim: <= 0.02 at 10m; "
                f"peak {getrusage(RUSAGE_SELF).ru_maxrss // 1024} MB",
    }  # fmt: skip
