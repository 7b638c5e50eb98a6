"""PostgreSQL: one engine, transactions that flows can name, SQL from files, COPY, migrations."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import psycopg
import psycopg.sql
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, Row, TextClause, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError

from billing_pipeline.adapters.database_errors import first_line
from billing_pipeline.adapters.named_postgres import address_of, conninfo, shown_address
from billing_pipeline.domain.errors import Broken

SQL_FOLDER: Final = Path(__file__).parent / "sql"
MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"
POOL_SIZE: Final = 20  # opened when first needed, then kept: threads that push to Stripe write often and shortly
POOL_OVERFLOW: Final = 20  # for a moment at most: these are closed again at once
CONNECT_TIMEOUT_SECONDS: Final = 10


@cache
def statement(name: str) -> TextClause:
    """The SQL statement of that name, such as 'billing/claim_accounts'. Read once."""
    return text((SQL_FOLDER / f"{name}.sql").read_text())


@cache
def raw_statement(name: str) -> str:
    """The same file's text, for psycopg's own executemany (parameters as %(name)s)."""
    return (SQL_FOLDER / f"{name}.sql").read_text()


class Database:
    """One PostgreSQL database. Within `transaction()` everything in this thread uses the same connection."""

    def __init__(self, url: str, *, pool_size: int = POOL_SIZE) -> None:
        self.url = make_url(url).set(drivername="postgresql+psycopg")
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=POOL_OVERFLOW,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS, "options": "-c timezone=UTC -c jit=off"},
        )
        self._open: ContextVar[Connection | None] = ContextVar(f"transaction of {id(self)}", default=None)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """The connection of one transaction: committed at the end, rolled back on any exception. Inner ones join."""
        if (current := self._open.get()) is not None:
            yield current
            return
        with self.engine.begin() as connection:
            token = self._open.set(connection)
            try:
                yield connection
            finally:
                self._open.reset(token)

    @property
    def in_transaction(self) -> bool:
        """Whether this thread holds a transaction open: the gateway refuses to call Stripe then."""
        return self._open.get() is not None

    def rows(self, name: str, **parameters: Any) -> Sequence[Row[Any]]:
        """All rows of the named statement."""
        with self.transaction() as connection:
            return connection.execute(statement(name), parameters).all()

    def row(self, name: str, **parameters: Any) -> Row[Any] | None:
        """The only row of the named statement, or None."""
        with self.transaction() as connection:
            return connection.execute(statement(name), parameters).one_or_none()

    def run(self, name: str, **parameters: Any) -> int:
        """Run the named statement; how many rows it touched."""
        with self.transaction() as connection:
            return connection.execute(statement(name), parameters).rowcount

    def run_many(self, name: str, parameters: Sequence[dict[str, Any]]) -> int:
        """Run a %(name)s statement once per set of parameters, pipelined; how many rows were touched in all."""
        if not parameters:
            return 0
        with self.cursor() as cursor:
            cursor.executemany(raw_statement(name).encode(), parameters)
            return cursor.rowcount

    def copy(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Write rows by COPY: the fast way in, all constraints and triggers on. table and columns are our own names."""
        into = psycopg.sql.SQL("copy {} ({}) from stdin").format(
            psycopg.sql.Identifier(table), psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns))
        )
        with self.cursor() as cursor, cursor.copy(into) as stream:
            for row in rows:
                stream.write_row(row)

    @contextmanager
    def cursor(self) -> Iterator[psycopg.Cursor[Any]]:
        """A psycopg cursor on the current transaction, for COPY and pipelines."""
        with self.transaction() as connection:
            driver = cast("psycopg.Connection[Any]", connection.connection.driver_connection)
            with driver.cursor() as cursor:
                yield cursor

    def close(self) -> None:
        """Give back all connections: a template cannot be cloned while one is idle on it."""
        self.engine.dispose()


def migrate(url: str, revision: str = "head") -> None:
    """Bring the schema to that revision; quick where it is there already. Raises Broken with the remedy."""
    shown = shown_address(address_of(url))
    try:
        if revision != "head" or schema_revision(url) != head_revision():
            command.upgrade(alembic_config(url), revision)
    except (DBAPIError, psycopg.Error) as error:
        if remedy := remedy_for(cause := error.orig if isinstance(error, DBAPIError) else error):
            raise Broken(f"cannot {remedy[0]} the database {shown} ({first_line(cause)}): {remedy[1]}") from error
        raise
    except CommandError as error:
        raise Broken(
            f"the schema of the database {shown} is not of this version ({error}): "
            "install the newer version that set it up, or restore a backup"
        ) from error


def remedy_for(cause: BaseException | None) -> tuple[str, str] | None:
    """What cannot be done with the database and what helps; None where it is our fault."""
    if isinstance(cause, psycopg.OperationalError):
        return "reach", "check BILLING_DATABASE_URL and that the server runs"
    if isinstance(cause, (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)):
        return "set up", "use a user who owns it, on a server that takes writes"
    if type(cause) is psycopg.ProgrammingError:  # of the driver itself, before it connects
        return "connect to", "check the parameters in BILLING_DATABASE_URL"
    return None


@cache
def head_revision() -> str | None:
    """The newest revision that this code knows."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def schema_revision(url: str) -> str | None:
    """The revision of the database; None where there is no schema yet. A check of a millisecond, Alembic takes hundreds."""
    with psycopg.connect(conninfo(make_url(url)), connect_timeout=CONNECT_TIMEOUT_SECONDS) as connection:
        if connection.execute(raw_statement("ops/has_schema").encode()).fetchone() == (None,):
            return None
        found = connection.execute(raw_statement("ops/schema_revision").encode()).fetchone()
    return str(found[0]) if found else None


def alembic_config(url: str) -> Config:
    """Alembic's configuration for our migrations, on that database, quiet."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["url"] = make_url(url).set(drivername="postgresql+psycopg")
    return config
