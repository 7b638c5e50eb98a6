"""Rows on a terminal: columns side by side, numbers to the right; or as JSON."""

import json
from collections.abc import Sequence
from typing import Any

import typer


def print_table(heads: Sequence[str], rows: Sequence[Sequence[Any]], nothing: str) -> None:
    """Nothing; afterwards the rows stand on the terminal, or `nothing` where there are none."""
    if not rows:
        typer.echo(nothing)
        return
    cells = [[str(cell) for cell in row] for row in rows]
    numeric = [all(is_number(row[place]) for row in cells) for place in range(len(heads))]
    widths = [max(len(row[place]) for row in [list(heads), *cells]) for place in range(len(heads))]
    for row in [list(heads), *cells]:
        parts = [
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ]
        typer.echo("  ".join(parts).rstrip())


def print_json(rows: Sequence[Any]) -> None:
    """Nothing; afterwards the rows of a statement stand on the terminal as a list of JSON objects."""
    typer.echo(json.dumps([dict(row._mapping) for row in rows], default=str))


def is_number(cell: str) -> bool:
    """Whether the cell is an amount or a count; an empty one may be."""
    return cell.replace(".", "", 1).lstrip("-").isdigit() or not cell
