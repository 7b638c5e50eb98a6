"""The column kinds of this schema, so that a table reads like a list of promises."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, DateTime, ForeignKey, MetaData, Text
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import UserDefinedType

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pk",
        "fk": "%(table_name)s_%(column_0_N_name)s_fk",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "ck": "%(table_name)s_%(constraint_name)s_check",
    }
)


class Xid8(UserDefinedType[int]):
    """A full transaction id of PostgreSQL: the watermark that loses no row."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


ischema_names["xid8"] = Xid8  # so that reflection, which Alembic's check needs, knows it


def key(name: str, *more: Any, **options: Any) -> Column[Any]:
    """A text primary key column."""
    return Column(name, Text, *more, primary_key=True, **options)


def text(name: str, *more: Any, **options: Any) -> Column[Any]:
    """Text that is always there; '' is the absence of words, null only where nullable=True says so."""
    return Column(name, Text, *more, nullable=options.pop("nullable", False), **options)


def minor(name: str, *more: Any, **options: Any) -> Column[Any]:
    """Whole minor units of the row's currency."""
    return Column(name, BigInteger, *more, nullable=options.pop("nullable", False), **options)


def whole(name: str, *more: Any, **options: Any) -> Column[Any]:
    """A whole number."""
    return Column(name, BigInteger, *more, nullable=options.pop("nullable", False), **options)


def day(name: str, **options: Any) -> Column[Any]:
    """A calendar day."""
    return Column(name, Date, nullable=options.pop("nullable", False), **options)


def instant(name: str, **options: Any) -> Column[Any]:
    """A moment, in UTC."""
    return Column(name, DateTime(timezone=True), nullable=options.pop("nullable", False), **options)


def flag(name: str, default: bool = False) -> Column[Any]:
    """True or false, never null."""
    return Column(name, Boolean, nullable=False, server_default="true" if default else "false")


def jsonb(name: str, **options: Any) -> Column[Any]:
    """A JSON document."""
    return Column(name, JSONB, nullable=options.pop("nullable", False), **options)


def currency(name: str = "currency") -> Column[Any]:
    """A lower-case ISO 4217 code."""
    return Column(name, Text, CheckConstraint(f"{name} ~ '^[a-z]{{3}}$'", name=name), nullable=False)


def account(nullable: bool = False, **options: Any) -> Column[Any]:
    """The account that the row belongs to."""
    return Column("account_id", Text, ForeignKey("accounts.account_id"), nullable=nullable, **options)


def transaction_id() -> Column[Any]:
    """The transaction that last wrote the row: extraction reads by it, because timestamps lose rows."""
    return Column("tx", Xid8, nullable=False, server_default=sql_text("pg_current_xact_id()"), index=True)


def one_of(column: str, *values: str) -> CheckConstraint:
    """A closed set of values; a test compares it with the enum of the domain."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} in ({words})", name=column)
