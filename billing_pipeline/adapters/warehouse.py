"""Publishing: the working file becomes `warehouse.duckdb` by copy, fsync and rename.

The pipeline never opens the published file, and an analyst's open notebook never stops the pipeline: whoever has the
old file open keeps the old file.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.exchange_rates import Reporting, save_rates
from billing_pipeline.adapters.ledger_extract import connect
from billing_pipeline.adapters.postgres import Database, raw_statement
from billing_pipeline.adapters.workbench import Workbench, require, save_arrow, statements
from billing_pipeline.domain.currencies import THREE_DECIMAL, TWO_DECIMAL, ZERO_DECIMAL, Currency, exponent
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.reconciliation import Published

Connection = duckdb.DuckDBPyConnection

FILE: Final = "warehouse.duckdb"
DOLLARS: Final = Reporting(Currency("usd"))
CONTROL_TABLES: Final = ("divergences", "divergence_history", "repairs", "reconciliation_runs")
"""Read from PostgreSQL at publishing: they are small, and change with every run."""


@dataclass(frozen=True, slots=True)
class FileWarehouse:
    """The port Warehouse. home: the folder where analysts find the file; dated copies lie in `warehouse/` below it.

    zone: whose days and months the marts cut, as the ledger does.
    """

    workbench: Workbench
    db: Database
    home: Path
    reporting: Reporting = DOLLARS
    zone: str = "UTC"

    @property
    def path(self) -> Path:
        """The published file."""
        return self.home / FILE

    def publish(self, run_id: str, now: datetime, *, copies: int) -> Published:
        """Put the newest state in place. copies: how many dated files to keep."""
        with self.workbench.open(then=partial(self._put, now, copies)) as bench:
            require(bench, {"ledger.invoices": "run `billing-pipeline reconcile extract`"})
            save_control_tables(bench, self.db)
            bench.run("warehouse/currencies")
            bench.connection.executemany(raw_statement("warehouse/save_currency"), currency_rows())
            bench.run("warehouse/publication")
            bench.run("warehouse/save_publication", run_id=run_id, at=now, zone=self.zone)
            for name in statements("marts", ""):
                bench.run(name)
            save_rates(bench, self.reporting)
            make_readable(bench)
            count = len(bench.tables())
            bench.connection.execute("checkpoint")
        return Published(self.path, self._dated(now), self.path.stat().st_size, count)

    def _put(self, now: datetime, copies: int, working: Path) -> None:
        """The closed working file in the place where analysts look; drafts of publications that were killed are removed.

        While nobody else may open the working file: two publications at once would take each other's drafts away.
        """
        for draft in [*self.home.glob(f".{FILE}.*"), *self._copies.glob("*.tmp")]:
            draft.unlink()
        replace_by_copy(working, self.path)
        self._keep(self._dated(now))
        for old in sorted(self._copies.glob("warehouse-*.duckdb"))[: -max(copies, 1)]:
            old.unlink()

    @property
    def _copies(self) -> Path:
        return self.home / "warehouse"

    def _dated(self, now: datetime) -> Path:
        return self._copies / f"warehouse-{now:%Y-%m-%d}.duckdb"

    def _keep(self, copy: Path) -> None:
        """The day's copy: another name of the same file, so it costs nothing until the next publication."""
        copy.parent.mkdir(exist_ok=True)
        draft = copy.with_suffix(".tmp")
        os.link(self.path, draft)
        os.replace(draft, copy)


def save_control_tables(bench: Bench, db: Database) -> None:
    """Nothing; afterwards schema reconciliation holds what PostgreSQL knows of divergences, repairs and runs."""
    with connect(db.url) as connection, connection.cursor() as cursor:
        for table in CONTROL_TABLES:
            cursor.execute(raw_statement(f"extract/{table}"))
            save_arrow(bench, f"reconciliation.{table}", cursor.fetch_arrow_table())


def currency_rows() -> list[list[Any]]:
    """Currency, its decimal places, and what one minor unit is worth."""
    known = sorted(ZERO_DECIMAL | TWO_DECIMAL | THREE_DECIMAL)
    return [
        [code, exponent(Currency(code)), {0: "1", 2: "0.01", 3: "0.001"}[exponent(Currency(code))]] for code in known
    ]


def make_readable(bench: Bench) -> None:
    """A view in schema readable for every table with minor units: each amount once more, in decimal major units."""
    known, tables = bench.columns(), bench.tables()
    views = [readable_view(table, columns) for table, columns in sorted(known.items()) if table in tables]
    bench.connection.execute(
        "; ".join(["drop schema if exists readable cascade", "create schema readable", *filter(None, views)])
    )


def readable_view(table: str, columns: Mapping[str, str]) -> str:
    """The statement that makes the table's view; empty for a table without amounts."""
    amounts = [name for name, type_ in columns.items() if name.endswith("_minor") and type_ == "BIGINT"]
    if not amounts or "currency" not in columns or table.startswith("carried."):
        return ""
    decimals = ", ".join(f"t.{amount} * c.unit as {amount.removesuffix('_minor')}" for amount in amounts)
    return (
        f"create view readable.{table.replace('.', '_')} as select t.*, {decimals} "
        f"from {table} t left join meta.currencies c on c.currency = t.currency"
    )


def replace_by_copy(source: Path, target: Path) -> None:
    """Nothing; afterwards target is a copy of source. A reader sees the old file or the new one, never half.

    Raises Broken when the copy cannot be written, such as on a full disk; nothing of it stays there.
    """
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        shutil.copyfile(source, draft)
        with open(draft, "rb+") as written:
            os.fsync(written.fileno())
        os.replace(draft, target)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise Broken(
            f"cannot publish {target} ({error.strerror}): the one before it is still in place; make room for another of its "
            "size and run `billing-pipeline warehouse publish`"
        ) from error
    folder = os.open(target.parent, os.O_RDONLY)
    os.fsync(folder)
    os.close(folder)


def opened(path: Path, connect: Callable[..., Connection] = duckdb.connect) -> Connection:
    """The published file, opened read-only, as one version of it.

    DuckDB opens a file three times to attach it. When a publication comes in between it meets two versions, and fails or
    would read one by the other's directory: then it is opened once more. connect: how DuckDB is asked to.
    """
    before = path.stat().st_ino
    try:
        connection = connect(str(path), read_only=True)
    except duckdb.Error:
        if path.stat().st_ino == before:
            raise
        return opened(path, connect)
    if path.stat().st_ino == before:
        return connection
    connection.close()
    return opened(path, connect)


@contextmanager
def published(path: Path) -> Iterator[Connection]:
    """The published file for as many questions as there are, all about one version. Raises Broken when there is none."""
    if not path.exists():
        raise Broken(f"{path} does not exist yet: run `billing-pipeline warehouse publish`")
    with opened(path) as connection:
        yield connection


def answer(connection: Connection, query: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    """Rows of a query on a published file. Raises Broken when DuckDB refuses it."""
    try:
        if not connection.extract_statements(query):
            raise Broken("there is no query: write one such as select * from marts.ar_ageing")
        cursor = connection.execute(query, parameters)
        columns = [column[0] for column in cursor.description or ()]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    except duckdb.Error as error:
        refused = str(error).partition("\n")[0]
        raise Broken(
            f"the published warehouse cannot answer ({refused}): docs/tables.md names its tables and columns, and "
            "`billing-pipeline warehouse publish` puts the newest in place"
        ) from error


def read_published(path: Path, query: str, parameters: Mapping[str, object] | None = None) -> list[dict[str, Any]]:
    """Rows of one query on a published file, opened read-only. Raises Broken when there is none, or DuckDB refuses it."""
    with published(path) as connection:
        return answer(connection, query, parameters)
