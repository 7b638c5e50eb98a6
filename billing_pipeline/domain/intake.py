"""Intake: rows of a file become values, or refusals that name the row, the column and the remedy."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final
from zoneinfo import available_timezones

from billing_pipeline.domain import currencies
from billing_pipeline.domain.errors import Broken

Value = str | int | bool | date | datetime | None
Values = dict[str, Value]

TEXT_LENGTH_MAX: Final = 500  # longer than any name or address; a file with broken quotes runs into it
WHOLE_MAX: Final = 10**15  # minor units: far above any invoice, far below what a bigint holds
KEY: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}")
EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
COUNTRY: Final = re.compile(r"[A-Z]{2}")
FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row is not taken. row: its line in the file, the header being line 1; column: '' for the row as a whole."""

    row: int
    column: str
    problem: str

    def __str__(self) -> str:
        return f"row {self.row}{f', {self.column}' if self.column else ''}: {self.problem}"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind of file. read: text to value, raises Broken with the remedy.

    default: for an empty cell; a required column has none. into: the field it fills, its own name unless said.
    refers: the kind of file whose key it names.
    """

    name: str
    read: Callable[[str], Value]
    help: str
    required: bool = False
    default: Value = None
    into: str = ""
    refers: str = ""

    @property
    def field(self) -> str:
        """The field of the row that it fills."""
        return self.into or self.name


Rule = Callable[[Values], str | None]
"""What must hold within a row: the complaint with its remedy, or None."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file. key: the columns that name a row; a row whose key is known is not taken a second time.

    changeable: fields that --update may change in a row that is there.
    """

    name: str
    table: str
    about: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    rules: tuple[Rule, ...] = ()
    changeable: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be taken. given: fields with a cell of their own, the others hold the default."""

    number: int
    key: str
    values: Values = field(hash=False, compare=False)
    given: frozenset[str] = frozenset()


def check_header(kind: Kind, header: Iterable[str]) -> None:
    """Nothing. Raises Broken on a column that the kind does not know, that is missing, or that is there twice."""
    names = list(header)
    known = [column.name for column in kind.columns]
    if unknown := [name for name in names if name not in known]:
        raise Broken(f"unknown column {unknown[0]!r} in a file of {kind.name}: it has {', '.join(known)}")
    if missing := [column.name for column in kind.columns if column.required and column.name not in names]:
        raise Broken(f"column {missing[0]!r} is missing in a file of {kind.name}: it needs a value in every row")
    if twice := [name for name in names if names.count(name) > 1]:
        raise Broken(f"column {twice[0]!r} is there twice: remove one")


def read_row(kind: Kind, number: int, cells: Mapping[str, str]) -> Row | list[Refusal]:
    """The row's values, or everything that is wrong with it."""
    values, refusals = {}, []
    given = frozenset(column.field for column in kind.columns if cells.get(column.name, "").strip())
    for column in kind.columns:
        try:
            values[column.field] = read_cell(column, cells.get(column.name, "").strip())
        except Broken as error:
            refusals.append(Refusal(number, column.name, str(error)))
    if refusals:
        return refusals
    if complaints := [complaint for rule in kind.rules if (complaint := rule(values))]:
        return [Refusal(number, "", complaint) for complaint in complaints]
    return Row(number, "/".join(str(values[name]) for name in kind.key), values, given)


def read_cell(column: Column, cell: str) -> Value:
    """The value of the cell, or the column's default where it is empty. Raises Broken with the remedy."""
    if cell:
        return column.read(cell)
    if column.required:
        raise Broken("is empty: every row needs it")
    return column.default


def text(cell: str) -> str:
    """The text itself. Raises Broken when it is unreasonably long or holds a control character."""
    if len(cell) > TEXT_LENGTH_MAX:
        raise Broken(f"has {len(cell)} characters: use at most {TEXT_LENGTH_MAX}, and check the quotes of the file")
    if any(ord(letter) < 32 and letter not in "\n\t" for letter in cell):
        raise Broken("holds a control character: save the file as plain UTF-8")
    return cell


def key(cell: str) -> str:
    """A name that ids are made of."""
    if not KEY.fullmatch(cell):
        raise Broken(f"{cell!r} is no id: use at most 100 letters, digits and . _ : -, a letter or digit first")
    return cell


def whole(minimum: int = 0, maximum: int = WHOLE_MAX) -> Callable[[str], int]:
    """A reader of whole numbers within these bounds."""

    def read(cell: str) -> int:
        if not re.fullmatch(r"[+-]?[0-9]{1,18}", cell):
            raise Broken(f"{cell!r} is no whole number: write 4900 for 49.00 (minor units, no separators)")
        if not minimum <= int(cell) <= maximum:
            raise Broken(f"{cell} is out of bounds: use {minimum} to {maximum}")
        return int(cell)

    return read


def percent(cell: str) -> int:
    """Parts per million of a percentage such as 19 or 7.25; exact to four decimals."""
    try:
        ppm = Decimal(cell) * 10_000
    except InvalidOperation:
        raise Broken(f"{cell!r} is no percentage: write 19 or 7.25") from None
    if ppm != ppm.to_integral_value() or not 0 <= ppm <= 1_000_000:
        raise Broken(f"{cell!r} is no percentage between 0 and 100 with at most four decimals")
    return int(ppm)


def one_of(*words: str) -> Callable[[str], str]:
    """A reader of one word of a closed set."""

    def read(cell: str) -> str:
        if cell not in words:
            raise Broken(f"{cell!r} is unknown: use {', '.join(words)}")
        return cell

    return read


def flag(cell: str) -> bool:
    """True or False."""
    if cell.lower() not in FLAGS:
        raise Broken(f"{cell!r} is neither true nor false")
    return FLAGS[cell.lower()]


def day(cell: str) -> date:
    """A calendar day."""
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise Broken(f"{cell!r} is no date: write 2026-03-01") from None


def instant(cell: str) -> datetime:
    """A moment in UTC; a date alone is its first moment."""
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise Broken(f"{cell!r} is no moment: write 2026-03-01 or 2026-03-01T12:00:00Z") from None
    if len(cell) > len("2026-03-01") and moment.tzinfo is None:
        raise Broken(f"{cell!r} has no zone: add Z for UTC, or an offset such as +01:00")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def currency(cell: str) -> str:
    """A currency that Stripe knows, in lower case."""
    return currencies.currency(cell)


def zone(cell: str) -> str:
    """A time zone that exists."""
    if cell not in available_timezones():
        raise Broken(f"{cell!r} is no time zone: use a name such as Europe/Berlin")
    return cell


def country(cell: str) -> str:
    """Two capital letters."""
    if not COUNTRY.fullmatch(cell.upper()):
        raise Broken(f"{cell!r} is no country: use two letters such as DE")
    return cell.upper()


def email(cell: str) -> str:
    """An e-mail address, as far as its form tells."""
    if not EMAIL.fullmatch(text(cell)):
        raise Broken(f"{cell!r} is no e-mail address")
    return cell
