"""`billing-pipeline reconcile`: extract, compare, prove, look at divergences."""

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Literal

import typer
from rich.table import Table

from billing_pipeline.adapters.reconciliation_parts import Parts, parts_of
from billing_pipeline.adapters.workbench import require
from billing_pipeline.bootstrap import World, open_world
from billing_pipeline.cli import EXIT_FINDINGS
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.tables import WIDTH_WIDE, console, listed
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.reconciliation import Kind, State
from billing_pipeline.domain.sides import readable
from billing_pipeline.flows.extract_ledger import extract_ledger
from billing_pipeline.flows.extract_stripe import extract_stripe
from billing_pipeline.flows.ports.reconciliation import Divergence, Extracted
from billing_pipeline.flows.publish_warehouse import publish_warehouse
from billing_pipeline.flows.reconcile_books import Reconciled, reconcile_books

app = typer.Typer(no_args_is_help=True, help="Compare the ledger with Stripe and the bank; keep what disagrees.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Full = Annotated[bool, typer.Option("--full", help="Extract everything, not only what is new.")]
Everything = Annotated[bool, typer.Option("--everything", help="Compare everything, not only what was touched.")]


@app.command()
def extract(full: Full = False, as_json: AsJson = False) -> None:
    """Land what is new in Stripe and in the ledger as Parquet.

    Example: billing-pipeline reconcile extract --full
    """
    with open_world() as world:
        parts, run_id = parts_of(world), run_name(world, "extract")
        sides = extract_both(world, parts, run_id, full=full)
    if as_json:
        typer.echo(json.dumps([asdict(done) for done in sides]))
        return
    for done in sides:
        typer.echo(f"{done.side}: {done.rows} rows {done.pulled_whole}".rstrip())


@app.command()
def run(
    full: Full = False,
    everything: Everything = False,
    as_json: AsJson = False,
    publish: Annotated[bool, typer.Option(help="Publish the warehouse afterwards.")] = True,
) -> None:
    """Extract both sides, compare them, prove the days, publish. Exit code 1 when a divergence is an error.

    Example: billing-pipeline reconcile run --everything
    """
    with open_world() as world:
        parts, run_id = parts_of(world), run_name(world, "reconcile")
        extract_both(world, parts, run_id, full=full)
        done = reconcile(world, parts, run_id, whole=everything)
        if publish:
            publish_warehouse(parts.warehouse, world.clock, parts.policy_file.policy, run_id=run_id)
        typer.echo(json.dumps(asdict(done), default=str) if as_json else told(done))
        if done.errors:
            raise typer.Exit(EXIT_FINDINGS)


@app.command("list")
def list_(
    state: Annotated[State, typer.Option(help="How they stand.")] = State.OPEN,
    kind: Annotated[Kind | None, typer.Option(metavar="KIND", help=f"Only this kind: {', '.join(Kind)}.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show divergences, oldest first.

    Example: billing-pipeline reconcile list --kind amount
    """
    with open_world() as world:
        found = parts_of(world).divergences.divergences(state=state, kind=kind)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, indent=2))
    else:
        console(WIDTH_WIDE).print(table_of(list(found)))


@app.command()
def note(
    divergence: Annotated[str, typer.Argument(help="Its id, as `reconcile list` shows it.")],
    by: Annotated[str, typer.Option(help="Who says so.")],
    text: Annotated[str, typer.Option(help="What is said.")] = "",
    owner: Annotated[str, typer.Option(help="Who looks after it from now on.")] = "",
    state: Annotated[
        Literal["explained", "open"] | None, typer.Option(help="explained: it is as it should be; open: it is not.")
    ] = None,
) -> None:
    """Write a person's word on a divergence; it stays in its history.

    Example: billing-pipeline reconcile note amount-1f0c9a63b2d4 --by ann --state explained --text "agreed with the customer"
    """
    with open_world() as world:
        parts_of(world).divergences.annotate(
            divergence, world.clock.now(), by, state=state or "", owner=owner, note=text
        )
    typer.echo(f"{divergence}: {state or 'noted'}{f', {owner} looks after it' if owner else ''}")


@app.command()
def gate(as_json: AsJson = False) -> None:
    """Say whether dunning may act, and which invoices must wait. Exit code 1 while the gate is closed.

    Example: billing-pipeline reconcile gate
    """
    with open_world() as world:
        store = parts_of(world).divergences
        verdict, held = store.gate(world.clock.now()), store.held_invoices()
    lines = [f"{'open' if verdict.open else 'closed'}: {verdict.reason}"]
    lines += [f"held {invoice}: {reason}" for invoice, reason in held.items()]
    typer.echo(json.dumps(asdict(verdict) | {"held": dict(held)}) if as_json else "\n".join(lines))
    if not verdict.open:
        raise typer.Exit(EXIT_FINDINGS)


@app.command()
def proof(
    day: Annotated[date | None, typer.Option(parser=typed_day, help="Only this day, such as 2026-03-01; all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the bridges of the proof of close as of the last run.

    Example: billing-pipeline reconcile proof --day 2026-06-30
    """
    with open_world() as world, parts_of(world).workbench.open() as bench:
        require(bench, {"reconciliation.proof_of_close": "run `billing-pipeline reconcile run`"})
        proven = bench.rows("warehouse/proof_of_close")
    rows = [row for row in proven if day in (None, row["day"])]
    if proven and not rows:
        raise Broken(f"no proof of {day}: days from {proven[0]['day']} to {proven[-1]['day']} are proven")
    if as_json:
        typer.echo(json.dumps(rows, default=str, indent=2))
        return
    table = listed("day", "bridge", "line", "amount", "items")
    for row in rows:
        amount = str(Money(row["minor"], row["currency"]))
        table.add_row(str(row["day"]), row["bridge"], row["name"], amount, str(row["items"]))
    console(WIDTH_WIDE).print(table)


def extract_both(world: World, parts: Parts, run_id: str, *, full: bool) -> tuple[Extracted, Extracted]:
    """What was landed of both sides: Stripe first, so that the ledger is at least as new as Stripe's objects."""
    theirs = extract_stripe(
        parts.stripe, parts.comparison, world.reader, world.clock, parts.policy_file.policy, run_id=run_id, full=full
    )
    return theirs, extract_ledger(parts.ledger, world.clock, run_id=run_id, full=full)


def reconcile(world: World, parts: Parts, run_id: str, *, whole: bool = False) -> Reconciled:
    """What the comparison found. whole: of everything, not only of what was touched."""
    return reconcile_books(
        parts.comparison, parts.divergences, parts.stripe, world.clock, parts.policy_file.policy,
        run_id=run_id, zone=world.settings.zone, whole=whole,
    )  # fmt: skip


def run_name(world: World, verb: str) -> str:
    """The name of a run started by hand."""
    return f"{verb}-{world.clock.now():%Y%m%dT%H%M%S}"


def told(done: Reconciled) -> str:
    """The numbers of a run in words."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(done.by_kind.items())) or "the books agree"
    return (
        f"{done.findings} divergences up to {done.cut_off:%Y-%m-%d %H:%M} UTC ({done.new} new, {done.closed} closed, "
        f"{done.errors} errors): {kinds}; {done.unexplained} unexplained remainders; compared: "
        f"{'everything' if done.whole else 'what was touched'}"
    )


def table_of(found: list[Divergence]) -> Table:
    """Divergences as a table."""
    table = listed("divergence", "severity", "about", "amount", "ours", "theirs", "since", "repair")
    for one in found:
        finding = one.finding
        at_stake = (
            ""
            if finding.amount_minor is None or finding.currency is None
            else str(Money(finding.amount_minor, finding.currency))
        )
        table.add_row(
            one.divergence_id, finding.severity, finding.invoice or finding.subject, at_stake,
            readable(finding.ours, finding.currency), readable(finding.theirs, finding.currency),
            f"{one.first_seen:%Y-%m-%d}", one.proposed_repair or "",
        )  # fmt: skip
    return table
