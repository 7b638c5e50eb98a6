"""The pipeline's own DuckDB file: all landed runs merged, both sides side by side. Nobody else opens it.

It can be thrown away at any time: it is made again from the lake.
"""

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.home import locked
from billing_pipeline.adapters.parquet_lake import Manifest, ParquetLake
from billing_pipeline.adapters.stripe_columns import COLUMNS, schema_of
from billing_pipeline.adapters.touched import note_touched
from billing_pipeline.domain.errors import Broken

STORAGE_VERSION: Final = "v1.5.0"  # so that analysts on DuckDB 1.5 can open what is published from it
MEMORY_LIMIT_MB: Final = 1_900  # what DuckDB may take; with its own overhead the process stays under 2.5 GB
SCHEMAS: Final = ("ledger", "stripe", "reconciliation", "marts", "meta")
LOCKED: Final = "Could not set lock"  # what DuckDB says while another process has the file open


CARRIED: Final = ("increment/schema", "increment/compared", "increment/touched", "increment/findings")
"""What is carried from one comparison to the next; made where an older file has none."""


@dataclass(frozen=True, slots=True)
class Workbench:
    """Where the working file lies. Opening it brings in what was landed since it was last open."""

    lake: ParquetLake
    memory_limit_mb: int = MEMORY_LIMIT_MB

    @property
    def folder(self) -> Path:
        """The folder of the working file."""
        return self.lake.folder / "bench"

    @property
    def path(self) -> Path:
        """The working file."""
        return self.folder / "working.duckdb"

    @contextmanager
    def open(self, then: Callable[[Path], None] | None = None) -> Iterator[Bench]:
        """The working file, up to date with the lake; one process at a time. An unreadable one is made again.

        then: what is done with the file when all went well and it is closed, before anybody else may open it. An open file
        may still be cut at its end, and one that another process has opened since may hold half of what that does.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with locked(self.folder):
            with self._attached() as connection:
                bring_up_to_date(Bench(connection), self.lake)
                yield Bench(connection)
            if then is not None:
                refuse_unfinished(self.path)
                then(self.path)

    @contextmanager
    def _attached(self) -> Iterator[duckdb.DuckDBPyConnection]:
        spill = self.folder / "spill"
        connection = duckdb.connect(":memory:")
        try:
            connection.execute(f"set memory_limit = '{int(self.memory_limit_mb)}MB'")
            connection.execute("set temp_directory = " + literal(spill))
            connection.execute("set timezone = 'UTC'; set preserve_insertion_order = false")
            attach(connection, self.path)
            connection.execute("use working")
            yield connection
        finally:
            connection.close()
            shutil.rmtree(spill, ignore_errors=True)


def refuse_unfinished(path: Path) -> None:
    """Nothing. Raises Broken while something of the file is still in its log: the file alone is not what was written."""
    log = path.with_name(f"{path.name}.wal")
    if log.exists() and log.stat().st_size:
        raise Broken(f"{log} was left behind: run the command again, or remove {path.parent} to have it made again")


def attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach the working file as `working`; one that DuckDB cannot read is set aside and made again."""
    order = f"attach {literal(path)} as working (storage_version {literal(STORAGE_VERSION)})"
    try:
        connection.execute(order)
    except duckdb.Error as error:
        if not path.exists() or LOCKED in str(error):
            raise Broken(f"cannot open {path}: {str(error).splitlines()[0]}") from error
        path.replace(path.with_suffix(".unreadable"))
        connection.execute(order)


def bring_up_to_date(bench: Bench, lake: ParquetLake) -> None:
    """Merge every landed run that is not in the working file yet, each in one transaction."""
    if "meta.applied_runs" not in bench.tables():
        lay_out(bench)
    for name in CARRIED:
        bench.run(name)
    applied = {(row["seq"], row["run_id"]) for row in bench.rows("warehouse/read_applied_runs")}
    for manifest in lake.current():
        run = manifest.seq, manifest.run_id  # the number alone is given again when the last manifest is removed
        if run not in applied:
            merge(bench, lake.folder, manifest)


def lay_out(bench: Bench) -> None:
    """An empty working file's schemas and the tables that every other statement may rely on."""
    bench.connection.execute("begin")
    for schema in SCHEMAS:
        bench.connection.execute(f"create schema if not exists {schema}")
    bench.run("warehouse/freshness")
    for table in COLUMNS:
        save_arrow(bench, f"stripe.{table}", schema_of(table).empty_table())
    bench.run("warehouse/applied_runs")
    bench.connection.execute("commit")


def save_arrow(bench: Bench, table: str, content: pa.Table) -> None:
    """Nothing; afterwards the table holds exactly that content."""
    bench.connection.register("content", content)
    bench.connection.execute(f"create or replace table {table} as select * from content")
    bench.connection.unregister("content")


def merge(bench: Bench, folder: Path, manifest: Manifest) -> None:
    """Bring one run in, whole or not at all. Raises Broken with the name of a file that cannot be read."""
    connection = bench.connection
    connection.execute("begin")
    try:
        if manifest.full:
            connection.execute(f"drop schema if exists {manifest.side} cascade; create schema {manifest.side}")
            bench.run("increment/forget_compared")
        known = bench.tables()
        for part in manifest.parts:
            table = f"{manifest.side}.{part.table}"
            merge_part(bench, table, folder / part.path, part.key if part.mode == "merge" and table in known else ())
            known.add(table)
            bench.run(
                "warehouse/save_freshness", table=f"{manifest.side}.{part.table}", run_id=manifest.run_id,
                at=manifest.made_at, watermark=manifest.watermark, rows=part.rows,
            )  # fmt: skip
        bench.run("warehouse/save_applied_run", seq=manifest.seq, run_id=manifest.run_id, side=manifest.side)
        connection.execute("commit")
    except duckdb.Error as error:
        connection.execute("rollback")
        raise Broken(
            f"run {manifest.run_id} of the lake cannot be read ({str(error).splitlines()[0]}): "
            "run `billing-pipeline reconcile extract --full`"
        ) from error


def merge_part(bench: Bench, table: str, file: Path, key: tuple[str, ...]) -> None:
    """Bring one file in: its rows over those with the same key, or the whole table anew where there is no key."""
    source = f"read_parquet({literal(file)}, hive_partitioning = false)"
    note_touched(bench, table, source, key)
    if not key:
        bench.connection.execute(f"create or replace table {table} as select * from {source}")
        return
    same = " and ".join(f"t.{column} = d.{column}" for column in key)
    bench.connection.execute(f"delete from {table} t using {source} d where {same}")
    bench.connection.execute(f"insert into {table} by name select * from {source}")


def literal(value: object) -> str:
    """The value as an SQL string: for the few places where DuckDB binds no parameters, such as file names."""
    return "'" + str(value).replace("'", "''") + "'"


@cache
def statements(area: str, prefix: str) -> tuple[str, ...]:
    """The names of all statements of an area whose file name begins so, in alphabetical order."""
    folder = Path(__file__).parent / "sql" / area
    return tuple(f"{area}/{path.stem}" for path in sorted(folder.glob(f"{prefix}*.sql")))


def require(bench: Bench, tables: Mapping[str, str]) -> None:
    """Nothing. Raises Broken with the remedy when one of those tables has never been landed."""
    known = bench.tables()
    for table, remedy in tables.items():
        if table not in known:
            raise Broken(f"{table} was never extracted: {remedy}")
