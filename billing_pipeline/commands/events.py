"""`billing-pipeline events`: what the inbox holds, why something is stuck, and once more."""

from dataclasses import asdict
from json import dumps
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from billing_pipeline import operations
from billing_pipeline.adapters.fast_json import as_text
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.bootstrap import World, open_world
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.apply_events import Applied
from billing_pipeline.flows.ingest_events import ingest_events
from billing_pipeline.flows.ports.inbox import FactState
from billing_pipeline.flows.sweep_objects import sweep_everything

app = typer.Typer(no_args_is_help=True, help="The inbox: list, show and replay facts; poll and apply by hand.")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WIDTH = 160


@app.command("list")
def list_facts(
    state: Annotated[FactState | None, typer.Option(help="Only facts in this state; all.")] = None,
    about: Annotated[str, typer.Option(help="Only facts about this object, such as pi_... or an invoice.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Facts at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """The newest facts.

    Example: billing-pipeline events list --state dead
    Example: billing-pipeline events list --about pi_123
    """
    with open_world() as world:
        rows = [
            dict(row._mapping)
            for row in world.db.rows("inbox/list_facts", state=state or "", object_id=about, limit=limit)
        ]
    if as_json:
        typer.echo(dumps(rows, default=str))
        return
    table = Table("no", "fact", "type", "about", "state", "occurred", "reason")
    for row in rows:
        cells = (
            row["inbox_id"],
            row["event_id"],
            row["type"],
            row["object_id"],
            row["state"],
            row["occurred_at"],
            row["reason"],
        )
        table.add_row(*map(str, cells))
    Console(width=WIDTH).print(table)


@app.command()
def show(name: Annotated[str, typer.Argument(help="The fact's name (evt_...) or number.")]) -> None:
    """One fact, whole, as JSON.

    Example: billing-pipeline events show evt_123
    """
    with open_world() as world:
        row = world.db.row("inbox/show_fact", fact=name)
    if row is None:
        raise Broken(f"no fact {name}: `billing-pipeline events list` shows what there is")
    typer.echo(dumps(dict(row._mapping), default=str, indent=2))


@app.command()
def replay(
    names: Annotated[list[str] | None, typer.Argument(help="Names or numbers; all dead facts by default.")] = None,
) -> None:
    """Apply dead (or, by name, ignored) facts once more.

    Example: billing-pipeline events replay evt_123
    """
    with open_world() as world:
        unknown = [name for name in names or [] if world.db.row("inbox/show_fact", fact=name) is None]
        if unknown:
            raise Broken(f"no fact {', '.join(unknown)}: `billing-pipeline events list` shows what there is")
        replayed = world.db.rows("inbox/replay", names=names or [])
        done = apply_waiting(world)
    typer.echo(f"replayed {len(replayed)}: {dumps(asdict(done))}")


@app.command()
def poll(as_json: AsJson = False) -> None:
    """Ask Stripe for events since the last poll, and apply them.

    Example: billing-pipeline events poll
    """
    with open_world() as world:
        store = SweepStore(world.db, world.settings.zone)
        reader, clock = world.reader, world.clock
        polled = ingest_events(
            store, reader, clock, bootstrap=lambda: sweep_everything(store, reader, clock), dump=as_text
        )
        done = apply_waiting(world)
    report = {"polled": asdict(polled), "applied": asdict(done)}
    typer.echo(
        dumps(report)
        if as_json
        else f"{polled.new} new of {polled.events} events; {done.applied} applied, {done.dead} dead"
    )


@app.command("apply")
def apply_now(as_json: AsJson = False) -> None:
    """Apply what waits in the inbox.

    Example: billing-pipeline events apply
    """
    with open_world() as world:
        done = apply_waiting(world)
    typer.echo(dumps(asdict(done)) if as_json else f"{done.applied} applied, {done.ignored} ignored, {done.dead} dead")


def apply_waiting(world: World) -> Applied:
    """Apply what waits in the world's inbox."""
    return operations.apply(world)
