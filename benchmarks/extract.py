"""How fast the ledger's journal lands as Parquet, beside the server's own binary COPY of the same rows to nowhere."""

from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import psycopg
from sqlalchemy import make_url

from billing_pipeline.adapters.ledger_extract import connect, pull
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.postgres import Database, migrate

ROUNDS: Final = 3
TABLE: Final = "journal_entries"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
NAME: Final = "bench_extract"
FILL: Final = """
insert into journal_entries (source, kind, currency, occurred_at, accounting_date, recorded_at, run_id, content_hash)
select 'payment:ch_' || n, 'payment', 'usd', now(), current_date, now(), 'bench', decode(md5(n::text) || md5(n::text), 'hex')
from generate_series(1, %s) n
"""

Row = dict[str, object]


def measure(url: str, size: int = 500_000, rounds: int = ROUNDS) -> list[Row]:
    """Row extract_ledger. url: a server to work on; a database of its own is made there and dropped."""
    target = make_url(url).set(database=NAME, drivername="postgresql")
    with psycopg.connect(address(url), autocommit=True) as admin:
        admin.execute(f"drop database if exists {NAME} with (force)")
        admin.execute(f"create database {NAME}")
        try:
            return [measured(target.render_as_string(hide_password=False), size, rounds)]
        finally:
            admin.execute(f"drop database if exists {NAME} with (force)")


def measured(url: str, size: int, rounds: int) -> Row:
    """Rows per second of our extraction and of the bare COPY, interleaved."""
    migrate(url)
    with psycopg.connect(address(url)) as filling:
        filling.execute(FILL, (size,))
    ours, floors = list[float](), list[float]()
    with TemporaryDirectory() as folder:
        for _ in range(rounds):
            floors.append(bare_copy(url))
            ours.append(extraction(url, Path(folder)))
    seconds, floor = median(ours), median(floors)
    return {
        "name": "extract_ledger", "value": round(size / seconds), "unit": "rows/s", "floor": round(size / floor),
        "ratio": round(floor / seconds, 2), "n": size, "note": f"{TABLE}; aim: at least 0.5 of the server's own COPY",
    }  # fmt: skip


def bare_copy(url: str) -> float:
    """Seconds of a binary COPY of the table to nowhere."""
    begin = perf_counter()
    copying = f"copy {TABLE} to stdout (format binary)"
    with psycopg.connect(address(url)) as connection, connection.cursor() as cursor, cursor.copy(copying) as stream:
        for _ in stream:
            pass
    return perf_counter() - begin


def extraction(url: str, folder: Path) -> float:
    """Seconds of landing the table through ADBC as Parquet."""
    lake, db = ParquetLake.at(folder), Database(url)
    begin = perf_counter()
    with connect(db.url) as connection, lake.landing("bench", "ledger", NOW) as landing:
        landing.full = True
        pull(connection, landing, TABLE, 0, {})
    seconds = perf_counter() - begin
    db.close()
    return seconds


def address(url: str) -> str:
    """The address as psycopg takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
