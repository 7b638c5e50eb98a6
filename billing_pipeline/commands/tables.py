"""Rows on a terminal, or as JSON for other programs."""

import json
from collections.abc import Iterable, Sequence
from typing import Any, Final

from rich.console import Console
from rich.table import Table

WIDTH_MIN: Final = 120  # piped output is not squeezed into the 80 columns of a terminal that is not there
WIDTH_WIDE: Final = 200  # the same, for tables of many ids


def show_rows(rows: Sequence[Any], as_json: bool, *, empty: str) -> None:
    """Print the rows under their column names. rows: as the database gives them. empty: what to say of none."""
    found = [dict(row._mapping) for row in rows]
    if as_json:
        print(json.dumps(found, default=str))
    elif not found:
        print(empty)
    else:
        print_table(found)


def print_table(found: Sequence[dict[str, Any]]) -> None:
    """Print rows that are there."""
    console(WIDTH_MIN).print(table_of(found))


def console(width: int) -> Console:
    """A console as wide as the terminal; where there is none (a pipe, a file), that many columns."""
    return Console(width=None if Console().is_terminal else width)


def listed(*columns: str) -> Table:
    """An empty table whose cells are broken over lines where they are too long, never cut."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold", justify="right" if name == "owed" else "left")
    return table


def table_of(found: Sequence[dict[str, Any]]) -> Table:
    """The rows as a table, amounts to the right."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in found[0]:
        table.add_column(name.replace("_", " "), justify="right" if name.endswith("_minor") else "left")
    for row in found:
        table.add_row(*texts(row.values()))
    return table


def texts(values: Iterable[Any]) -> list[str]:
    """Each value as text; nothing for nothing."""
    return ["" if value is None else str(value) for value in values]
