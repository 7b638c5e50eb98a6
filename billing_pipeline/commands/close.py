"""`billing-pipeline close`: freeze days, and see what came to be known later."""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.files import writing
from billing_pipeline.commands.tables import WIDTH_MIN, console, listed
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.close_day import close_day
from billing_pipeline.flows.ports.reconciliation import Run
from billing_pipeline.flows.reconcile_books import cut_off_of
from billing_pipeline.flows.restate import restate

app = typer.Typer(no_args_is_help=True, help="Close days with their proof; show what changed in closed days since.")


@app.command()
def through(
    day: Annotated[date, typer.Argument(parser=typed_day, help="The last day to close.")],
    by: Annotated[str, typer.Option(help="Who closes.")],
    accept_remainder: Annotated[
        bool, typer.Option("--accept-remainder", help="Close although a bridge has one.")
    ] = False,
) -> None:
    """Close every open day up to that one, each with its proof.

    Example: billing-pipeline close through 2026-06-30 --by ann
    """
    with open_world() as world:
        parts, policy = parts_of(world), parts_of(world).policy_file.policy
        run = Run("close", cut_off_of(parts.stripe, policy, world.clock.now()), world.clock.now())
        proof = parts.comparison.examine(run, policy, zone=world.settings.zone).proof
        done = close_day(
            parts.closes, proof, world.clock, through=day, zone_name=world.settings.zone,
            zone=world.settings.time_zone, who=by, cut_off=run.cut_off, accept_remainder=accept_remainder,
        )  # fmt: skip
    reached = f"the books are closed through {done.through}" if done.through else "no day is closed yet"
    typer.echo(f"{done.days} days closed; {reached}")
    for closed, digest in done.digests.items():
        typer.echo(f"{closed} {digest}")


@app.command()
def restatement(
    from_day: Annotated[date, typer.Argument(parser=typed_day, help="The first of the closed days.")],
    to_day: Annotated[date, typer.Argument(parser=typed_day, help="The last of them.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show closed days as they were closed and as they are known now, and each change with its cause.

    Example: billing-pipeline close restatement 2026-06-01 2026-06-30
    """
    with open_world() as world:
        found = restate(parts_of(world).closes, from_day, to_day)
    if as_json:
        typer.echo(json.dumps(asdict(found), default=str, indent=2))
        return
    out = console(WIDTH_MIN)
    if not found.changes:
        out.print(f"{from_day} to {to_day} are known as they were closed")
        return
    sums = listed("account", "as closed", "as known now", "change")
    for each in found.accounts:
        closed, known = (Money(minor, Currency(each.currency)) for minor in (each.as_closed_minor, each.as_known_minor))
        sums.add_row(each.account, str(closed), str(known), str(known - closed))
    table = listed("belongs to", "booked on", "amount", "kind", "cause")
    for one in found.changes:
        table.add_row(
            str(one.day), str(one.booked_on), str(Money(one.minor, Currency(one.currency))), one.kind, one.source
        )
    out.print(sums if found.accounts else "no sum of these days is another", table)


@app.command()
def report(
    month: Annotated[str, typer.Argument(help="Such as 2026-03.")],
    folder: Annotated[str, typer.Option(help="Where the files go.")] = ".",
) -> None:
    """Write the month-end report as HTML with charts and as Excel, from the published warehouse.

    Example: billing-pipeline close report 2026-06 --folder reports
    """
    from billing_pipeline.adapters.close_report import write_report  # matplotlib takes a second to import

    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise Broken(f"{month!r} is no month: write it like 2026-03") from error
    with open_world() as world, writing(Path(folder)):
        for path in write_report(parts_of(world).warehouse.path, first, folder):
            typer.echo(str(path))
