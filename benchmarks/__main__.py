"""`make bench [ONLY=name] [SIZE=full]`: every figure beside its floor, as one table and as benchmarks/results.json."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from billing_pipeline.adapters import embedded_postgres

Row = dict[str, Any]
RESULTS: Final = Path(__file__).parent / "results.json"
COLUMNS: Final = ("figure", "value", "unit", "floor", "ratio", "n", "note")
WIDTH: Final = 132  # columns at least: in fewer the notes have no room

FIGURES: Final[dict[str, tuple[str, ...]]] = {
    "collect": ("collect_limit", "collect_limit_100", "collect_calls_per_invoice"),
    "events": ("webhook_http_c10", "apply_events", "poll_ingest", "webhook_to_state_p99"),
    "extract": ("extract_ledger",),
    "reconcile": ("reconcile_1m", "reconcile_10m", "reconcile_increment", "publish_1m", "publish_10m"),
    "sensors": ("sensors_inbox_to_state", "sensors_event_to_state"),
}
"""What a group measures, where its figures are not called like the group."""


def module(name: str) -> Any:
    """A benchmark module, imported when its turn comes."""
    return import_module(f"benchmarks.{name}")


def suites(url: str, full: bool) -> dict[str, Callable[[], list[Row]]]:
    """Name of a group of figures -> what measures it."""
    billed = {10_000: 3, 100_000: 3, 1_000_000: 1} if full else {10_000: 3, 100_000: 1}
    return {
        "billing_run": lambda: module("billing_run").measure(billed, url),
        "collect": lambda: module("collection").measure(url),
        "collect_memory": lambda: module("collection_memory").measure(url, full=full),
        "events": lambda: module("events").measure(url),
        "extract": lambda: module("extract").measure(url),
        "reconcile": lambda: module("reconcile").measure(full=full),
        "sensors": lambda: module("sensors").measure(url),
        "simulator_inprocess": lambda: [module("simulator").in_process()],
        "simulator_http": lambda: [module("simulator").over_http()],
        "simulator_page": lambda: [module("simulator").pages()],
        "simulate_years": lambda: [module("simulator").years()],
    }


def main() -> int:
    """Measure what was asked for, print it, write it down."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--only", default="", help="a group or the beginning of a figure's name, such as 'collect'")
    parser.add_argument("--size", default="", choices=["", "full"], help="'full' runs the large sizes too")
    asked = parser.parse_args()
    if not selected(suites("", full=False), asked.only):
        parser.error(f"no figure is called {asked.only!r}; the groups are {', '.join(suites('', full=False))}")
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        server = embedded_postgres.start(Path(home))
        try:
            rows = measured(suites(server.url, asked.size == "full"), asked.only)
        finally:
            embedded_postgres.destroy(Path(home))
    Console(width=max(Console().width, WIDTH)).print(shown(rows))
    keep(rows)
    return 0 if rows else 1


def measured(groups: dict[str, Callable[[], list[Row]]], only: str) -> list[Row]:
    """The rows of every group that was asked for, with a line of progress each."""
    rows: list[Row] = []
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        for name, run in selected(groups, only).items():
            task = bar.add_task(name, total=1)
            rows += run()
            bar.advance(task)
    return rows


def selected(groups: dict[str, Callable[[], list[Row]]], only: str) -> dict[str, Callable[[], list[Row]]]:
    """The groups that are called `only` or measure a figure of that name; failing that, those whose names go together."""
    names = {group: (group, *FIGURES.get(group, ())) for group in groups}
    exactly = {group: run for group, run in groups.items() if only in names[group]}
    return exactly or {
        group: run
        for group, run in groups.items()
        if any(name.startswith(only) or only.startswith(name) for name in names[group])
    }


def shown(rows: list[Row]) -> Table:
    """The table that `make bench` prints."""
    table = Table(*(Column(name, no_wrap=True) for name in COLUMNS[:-1]), COLUMNS[-1])
    for row in rows:
        table.add_row(row["name"], *(cell(row[column]) for column in COLUMNS[1:]))
    return table


def cell(value: str | int | float) -> str:
    """A number with its thousands apart, and the small ones with four places."""
    if isinstance(value, str):
        return value
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}" if value >= 0.1 else f"{value:.4f}"


def keep(rows: list[Row]) -> None:
    """Write the rows down; figures not measured this time keep their last values."""
    known = {row["name"]: row for row in json.loads(RESULTS.read_text())} if RESULTS.exists() else {}
    known |= {row["name"]: row for row in rows}
    RESULTS.write_text(json.dumps(sorted(known.values(), key=lambda row: row["name"]), indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
