"""`billing-pipeline import`: files in."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from billing_pipeline.adapters.intake_files import read_sheet
from billing_pipeline.adapters.stores.intake_store import IntakeStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.cli import EXIT_BROKEN
from billing_pipeline.commands.listing import print_table
from billing_pipeline.domain.intake import Kind
from billing_pipeline.domain.intake_kinds import KINDS
from billing_pipeline.flows.import_accounts import How, import_rows, kind_named
from billing_pipeline.flows.ports.intake import Imported

app = typer.Typer(no_args_is_help=True, help="Import CSV files: all of a file or nothing; importing twice is fine.")


def importer(kind: str) -> Callable[..., None]:
    """The command that imports files of that kind."""

    def take(
        file: Annotated[Path, typer.Argument(help="A CSV file; `import columns` says what it holds.")],
        skip_refused: Annotated[bool, typer.Option("--skip-refused", help="Take the good rows.")] = False,
        update: Annotated[bool, typer.Option("--update", help="Change names and addresses of known rows.")] = False,
        dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, take nothing.")] = False,
        by: Annotated[str, typer.Option(help="Who imports.")] = "command line",
        as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    ) -> None:
        sheet = read_sheet(file)
        with open_world() as world:
            settings = world.settings
            how = How(skip_refused, update, dry_run, by, "import", settings.collect_from, settings.zone)
            done = import_rows(IntakeStore(world.db), world.clock, kind, sheet, how)
        typer.echo(json.dumps(asdict(done)) if as_json else sentence(done))
        if not as_json:
            for refusal in done.refused:
                typer.echo(str(refusal), err=True)
        if done.refused and not skip_refused:
            raise typer.Exit(EXIT_BROKEN)

    return take


def help_of(kind: Kind) -> str:
    """What the file holds, and how the one that is shipped is imported."""
    return f"{kind.about}\n\nExample: billing-pipeline import {kind.name} examples/import/{kind.name}.csv"


for _kind in KINDS.values():
    app.command(_kind.name, help=help_of(_kind))(importer(_kind.name))


@app.command()
def columns(kind: Annotated[str, typer.Argument(help="The kind of file, such as accounts.")]) -> None:
    """Print the columns of a kind of file.

    Example: billing-pipeline import columns accounts
    """
    found = kind_named(kind)
    typer.echo(found.about)
    print_table(("column", "needed", "meaning"), described(found), "")


def described(kind: Kind) -> list[tuple[str, str, str]]:
    """Column, whether it must be there, and its meaning, as docs/import.md has them."""
    return [(c.name, "yes" if c.required else "", c.help) for c in kind.columns]


def sentence(done: Imported) -> str:
    """What came of the file."""
    if done.again:
        return f"{done.kind}: this file was imported before, nothing to do"
    taken = f"{done.added} added, {done.changed} changed, {done.known} known, {len(done.refused)} refusals"
    nothing = done.dry or (done.refused and not done.added and not done.changed)
    what = "nothing taken" if nothing else "taken"
    return f"{done.kind}: {done.rows} rows: {taken}: {what}"
