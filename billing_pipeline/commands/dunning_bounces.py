"""`billing-pipeline dunning bounces`: what mail servers report is noted on our messages."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from billing_pipeline.adapters.bounce_files import read_bounces
from billing_pipeline.bootstrap import open_world
from billing_pipeline.cli import EXIT_FINDINGS
from billing_pipeline.commands.tables import console, listed
from billing_pipeline.dunning_parts import dunning_parts
from billing_pipeline.flows.note_bounces import Read, Result, note_bounces

WIDTH = 180  # of listings that go into a pipe or a file

bounces = typer.Typer(no_args_is_help=True, help="Delivery reports that came back for our messages.")


@bounces.command()
def read(
    place: Annotated[Path, typer.Argument(help="A folder of .eml files, a Maildir, an mbox, or one .eml file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Note every bounce among those mails; nothing is moved or deleted. Ends with 1 when a report could not be read.

    Example: billing-pipeline dunning bounces read /var/mail/billing
    """
    found = read_bounces(place)
    with open_world() as world:
        done = note_bounces(dunning_parts(world).desk, found)
    typer.echo(json.dumps([asdict(one) for one in done], indent=2)) if as_json else show(done)
    if any(one.result is Result.UNREADABLE for one in done):
        raise typer.Exit(EXIT_FINDINGS)


def show(done: Sequence[Read]) -> None:
    """Print a line per mail, and how many of which sort."""
    table = listed("mail", "result", "message", "kind", "status", "words")
    for one in done:
        table.add_row(one.file, str(one.result), one.message_id, one.kind, one.status, one.words)
    if done:
        console(WIDTH).print(table)
    counts = Counter(str(one.result) for one in done)
    typer.echo(", ".join(f"{name} {count}" for name, count in sorted(counts.items())) or "no mail is there")
