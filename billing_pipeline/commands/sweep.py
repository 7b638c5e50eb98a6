"""`billing-pipeline sweep`: look at Stripe's objects themselves and certify that nothing is missing."""

from collections.abc import Sequence
from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from billing_pipeline import operations
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.inbox import Certificate
from billing_pipeline.flows.sweep_objects import OBJECT_TYPES, ObjectType, sweep_objects

app = typer.Typer(no_args_is_help=True, help="Find what no event told; certify that nothing is missing.")


@app.callback()
def group() -> None:
    """Keep `run` a command of its own."""


@app.command()
def run(
    kind: Annotated[
        list[ObjectType] | None,
        typer.Option("--type", metavar="TYPE", help=f"Only this type, once for each: {', '.join(OBJECT_TYPES)}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Sweep, apply what was found, hold again what could charge, print the certificates.

    Example: billing-pipeline sweep run --type refund --type dispute
    """
    with open_world() as world:
        store = SweepStore(world.db, world.settings.zone)
        swept = sweep_objects(store, world.reader, world.clock, object_types=kind or OBJECT_TYPES)
        operations.apply(world)
        operations.guard(world)
        certificates = [one for one in store.certificates() if one.sweep_id == swept.sweep_id]
    if as_json:
        typer.echo(dumps(asdict(swept)))
    else:
        Console(width=120).print(table_of(certificates))
        typer.echo(f"{swept.sweep_id}: {swept.missed_by_events} facts that no event told")


def table_of(certificates: Sequence[Certificate]) -> Table:
    """One line per object type: complete up to when, with count, sums and digest; or that it is not, and why."""
    table = Table("object", "seen", "sums", "complete up to", "digest")
    for one in certificates:
        sums = ", ".join(str(Money(minor, Currency(currency))) for currency, minor in sorted(one.sums.items()))
        said = f"{one.complete_to:%Y-%m-%d %H:%M:%S}" if one.issued else f"NOT ISSUED: {one.reason}"
        table.add_row(one.object_type, str(one.objects), sums, said, one.digest[:12])
    return table
