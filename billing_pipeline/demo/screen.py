"""The demo's last screen: what the six months came to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from billing_pipeline.adapters.postgres import raw_statement
from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money

QUESTIONS: Final = ("mrr_movements", "open_by_age", "divergences")


def figures_of(store: DemoStore, warehouse: Path, injected: Mapping[str, str]) -> dict[str, Any]:
    """Everything the screen shows, as plain data: the same seed gives the same."""
    rows = store.figures()
    found = {row["label"]: row["items"] for row in rows if row["section"] == "found"}
    return {
        "figures": rows,
        "injected": [{"kind": kind, "how": how, "found": found.get(kind, 0)} for kind, how in injected.items()],
        "unexpected": {kind: n for kind, n in found.items() if kind not in injected},
        "closed_through": store.closed_through(),
        "warehouse": str(warehouse),
    }


def show(console: Console, told: Mapping[str, Any]) -> None:
    """Print the screen."""
    rows = told["figures"]
    console.print(grid("Invoices by state", rows, "invoices"))
    console.print(grid("Cash collected", rows, "collected"))
    console.print(grid("Recovered after a failed attempt", rows, "recovered"))
    steps = ", ".join(f"{row['items']} {row['label']}" for row in rows if row["section"] == "dunning")
    console.print(f"[bold]Dunning[/]: {steps or 'no step was due'}")
    console.print(divergences(told["injected"], told["unexpected"]))
    console.print(
        f"[bold]Proof of close[/]: the books are proven and closed through {told['closed_through'] or 'no day yet'}"
    )
    console.print(f"[bold]Warehouse[/]: {told['warehouse']} (open it read-only with DuckDB)")
    for name in QUESTIONS:
        console.print(f"  duckdb> {question(name)};", highlight=False, soft_wrap=True)


def grid(title: str, rows: list[dict[str, Any]], section: str) -> Table:
    """A row per label, a column per currency: how many, and how much."""
    mine = [row for row in rows if row["section"] == section]
    currencies = sorted({row["currency"] for row in mine})
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column("")
    for currency in currencies:
        table.add_column(currency, justify="right")
    for label in sorted({row["label"] for row in mine}):
        cells = {
            row["currency"]: f"{money(row['minor'], row['currency'])} ({row['items']})"
            for row in mine
            if row["label"] == label
        }
        table.add_row(label, *(cells.get(currency, "") for currency in currencies))
    return table


def money(minor: int, currency: str) -> str:
    """Such as '12,345.60'."""
    whole, _, cents = str(Money(minor, Currency(currency))).split(" ", maxsplit=1)[0].partition(".")
    return f"{int(whole):,}" + (f".{cents}" if cents else "")


def divergences(injected: list[dict[str, Any]], unexpected: Mapping[str, int]) -> Table:
    """Injected against found."""
    hits = sum(1 for one in injected if one["found"])
    table = Table(
        title=f"Divergences: {hits} of {len(injected)} injected kinds found", title_justify="left", title_style="bold"
    )
    for column in ("kind", "how it was made", "found"):
        table.add_column(column)
    for one in injected:
        table.add_row(one["kind"], one["how"], "[green]yes[/]" if one["found"] else "[red]no[/]")
    for kind, count in unexpected.items():
        table.add_row(kind, "[dim]follows from the above, or happened by itself[/]", str(count))
    return table


def question(name: str) -> str:
    """The query in that file, without its header."""
    return " ".join(line for line in raw_statement(f"questions/{name}").splitlines() if not line.startswith("--"))
