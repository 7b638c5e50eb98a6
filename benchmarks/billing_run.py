"""How fast invoices are issued, beside a bare COPY of the very same rows by as many workers in the same run.

One invoice is 2 lines, 4 postings, 1 entry and 1 billed period, with every key, index, trigger and check switched on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import make_url

from billing_pipeline.adapters.postgres import Database, migrate
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.flows.issue_invoices import ACCOUNTS_PER_CHUNK, issue_invoices

WORKERS: Final = (1, 2)
WORDS: Final = {10_000: "10k", 100_000: "100k", 1_000_000: "1m"}
FIRST: Final = datetime(2026, 1, 1, tzinfo=UTC)
TABLES: Final = ("invoices", "invoice_lines", "journal_entries", "postings", "billed_periods")
ORDERED_BY: Final = {"journal_entries": "entry_id", "postings": "entry_id", "billed_periods": "subscription_id"}
ROWS_PER_INVOICE: Final = {"invoice_lines": 2, "postings": 4}
SEED: Final = Path(__file__).parent / "sql" / "billing_seed.sql"
SEED_NAME: Final = "bench_billing_seed"

Row = dict[str, object]


class FixedClock:
    """A clock that stands at noon of the day on which everything is due."""

    def now(self) -> datetime:
        return FIRST.replace(hour=12)


@dataclass(frozen=True, slots=True)
class Measured:
    """Invoices per second of each round, and of the floor beside it. memory_mb: the most that one worker took."""

    size: int
    workers: int
    ours: tuple[float, ...]
    floors: tuple[float, ...]
    memory_mb: float


def measure(rounds_of: Mapping[int, int], url: str) -> list[Row]:
    """Invoices per second for so many due subscriptions, by one worker and by two, and how the cost of one grows.

    rounds_of: the rounds of each number of subscriptions. url: a server to work on.
    """
    found = [one for size, rounds in rounds_of.items() for one in measured(size, url, rounds)]
    return [row(one) for one in found] + [growth(min(rounds_of), max(rounds_of), found)]


def measured(size: int, url: str, rounds: int) -> list[Measured]:
    """The rounds for one number of subscriptions. The floor copies what the first run of all has written."""
    files: list[str] = []
    with seeded(url, size), TemporaryDirectory() as folder:
        return [measured_by(workers, size, url, rounds, Path(folder), files) for workers in WORKERS]


# long because a round needs the database, the folder and what an earlier round left in it
def measured_by(workers: int, size: int, url: str, rounds: int, folder: Path, files: list[str]) -> Measured:
    """The rounds by so many workers, each with its floor right after it."""
    ours: list[float] = []
    floors: list[float] = []
    memory_mb = 0.0
    for _ in range(rounds):
        with clone(url, "bench_billing_run") as target:
            seconds, memory = timed(bill, [(target,)] * workers)
            ours.append(size / seconds)
            memory_mb = max(memory_mb, memory)
            if not files:
                files += map(str, dump(target, folder, size))
        with clone(url, "bench_billing_floor") as target:
            seconds, _ = timed(copy_files, [(target, files[number::workers]) for number in range(workers)])
            floors.append(size / seconds)
    return Measured(size, workers, tuple(ours), tuple(floors), memory_mb)


def row(one: Measured) -> Row:
    """One line of the table of benchmarks."""
    value, floor = median(one.ours), median(one.floors)
    many = "" if one.workers == 1 else f"_{one.workers}_workers"
    return {
        "name": f"billing_run_{WORDS.get(one.size, str(one.size))}{many}", "value": round(value), "unit": "invoices/s",
        "floor": round(floor), "ratio": round(value / floor, 3), "n": one.size,
        "note": f"{one.workers} worker(s), {one.memory_mb:.0f} MB at most in one; floor: COPY of the same bytes by as many",
    }  # fmt: skip


def growth(small: int, large: int, found: Sequence[Measured]) -> Row:
    """Cost per invoice at the large size, as a multiple of that at the small one, by one worker."""
    rate = {one.size: median(one.ours) for one in found if one.workers == 1}
    ratio = round(rate[small] / rate[large], 3)
    return {
        "name": "billing_run_growth", "value": ratio, "unit": "x", "floor": 1, "ratio": ratio, "n": large,
        "note": f"cost per invoice at {large} / at {small}, 1 worker",
    }  # fmt: skip


def bill(barrier: Barrier, url: str) -> tuple[float, float, float]:
    """One worker that bills everything it can claim: when it began and ended, and its memory in MB."""
    db = Database(url)
    store = BillingStore(db)
    store.due_ranges(FIRST, ACCOUNTS_PER_CHUNK)
    barrier.wait()
    begun = perf_counter()
    issue_invoices(store, FixedClock(), through=date(2026, 1, 1))
    ended = perf_counter()
    db.close()
    return begun, ended, getrusage(RUSAGE_SELF).ru_maxrss / 1024


def copy_files(barrier: Barrier, url: str, files: Sequence[str]) -> tuple[float, float, float]:
    """One worker that copies its share of the files into their tables, a group of accounts per transaction."""
    with psycopg.connect(plain(url), autocommit=True) as connection:
        connection.execute("select 1")
        barrier.wait()
        begun = perf_counter()
        for name in files:
            with connection.transaction():
                for table in TABLES:
                    copy_in(connection, table, Path(name, table).read_bytes())
        return begun, perf_counter(), 0.0


def copy_in(connection: psycopg.Connection, table: str, block: bytes) -> None:
    """Write the bytes of a COPY, columns named in their first line."""
    columns, _, body = block.partition(b"\n")
    names = SQL(", ").join(map(Identifier, columns.decode().split()))
    with (
        connection.cursor() as cursor,
        cursor.copy(SQL("copy {} ({}) from stdin").format(Identifier(table), names)) as to,
    ):
        to.write(body)


def timed(
    work: Callable[..., tuple[float, float, float]], arguments: Sequence[tuple[object, ...]]
) -> tuple[float, float]:
    """Seconds from the first worker's start to the last one's end, each in a process; and the highest memory in MB."""
    context = get_context("spawn")
    with context.Manager() as manager:
        barrier = manager.Barrier(len(arguments))
        with context.Pool(len(arguments)) as pool:
            spans = pool.starmap(work, [(barrier, *each) for each in arguments])
    return max(end for _, end, _ in spans) - min(begin for begin, _, _ in spans), max(memory for _, _, memory in spans)


def dump(url: str, folder: Path, size: int) -> list[Path]:
    """What the billing run wrote, as the bytes of a COPY, a folder for each group of accounts."""
    groups = [folder / f"{number:06d}" for number in range(-(-size // ACCOUNTS_PER_CHUNK))]
    with psycopg.connect(plain(url)) as connection:
        for group in groups:
            group.mkdir()
        for table in TABLES:
            dump_table(connection, table, groups)
    return groups


def dump_table(connection: psycopg.Connection, table: str, groups: Sequence[Path]) -> None:
    """One table in the order of its accounts, cut into the groups."""
    columns = [
        str(name)
        for (name,) in connection.execute(
            "select column_name from information_schema.columns where table_name = %s and column_name <> 'tx' "
            "order by ordinal_position", [table],
        )
    ]  # fmt: skip
    query = SQL("copy (select {} from {} order by {}) to stdout").format(
        SQL(", ").join(map(Identifier, columns)), Identifier(table), Identifier(ORDERED_BY.get(table, "invoice_id"))
    )
    lines_each = ACCOUNTS_PER_CHUNK * ROWS_PER_INVOICE.get(table, 1)
    with connection.cursor() as cursor, cursor.copy(query) as out:
        lines = (line + b"\n" for block in out for line in bytes(block).splitlines())
        for group in groups:
            body = b"".join(line for _, line in zip(range(lines_each), lines, strict=False))
            (group / table).write_bytes(" ".join(columns).encode() + b"\n" + body)
        if next(lines, None) is not None:
            raise RuntimeError(f"{table} has more rows than one invoice each accounts for")


@contextmanager
def seeded(url: str, size: int) -> Iterator[None]:
    """A database with so many accounts, each with a subscription of two items that is due; dropped afterwards."""
    with database(url, SEED_NAME, "template1") as target:
        migrate(target)
        with psycopg.connect(plain(target), autocommit=True) as connection:
            for statement in SEED.read_text().split(";\n"):
                connection.execute(statement.replace("{size}", str(size)).encode())
            connection.execute("vacuum analyze")
        yield


@contextmanager
def clone(url: str, name: str) -> Iterator[str]:
    """A copy of the seeded database; dropped afterwards."""
    with database(url, name, SEED_NAME) as target:
        with psycopg.connect(plain(target), autocommit=True) as connection:
            connection.execute("checkpoint")
        yield target


@contextmanager
def database(url: str, name: str, template: str) -> Iterator[str]:
    """The address of a new database on that server; dropped afterwards."""
    drop = SQL("drop database if exists {} with (force)").format(Identifier(name))
    with psycopg.connect(plain(url), autocommit=True) as admin:
        admin.execute(drop)
        admin.execute(SQL("create database {} template {}").format(Identifier(name), Identifier(template)))
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
        admin.execute(drop)


def plain(url: str) -> str:
    """The address as psycopg reads it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
