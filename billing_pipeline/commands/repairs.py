"""`billing-pipeline repairs`: what may be done about divergences."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.tables import WIDTH_WIDE, console, listed
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.repairs import RepairState, propose
from billing_pipeline.flows.ports.reconciliation import StoredRepair
from billing_pipeline.flows.repair_divergences import repair_divergences
from billing_pipeline.repair_hands import hands_of

app = typer.Typer(no_args_is_help=True, help="Repairs of divergences: each adds facts, none edits history.")

Number = Annotated[int, typer.Argument(help="Its number, as `repairs list` shows it.")]
By = Annotated[str, typer.Option("--by", help="Who decides; never who asked for it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("list")
def list_(
    state: Annotated[RepairState, typer.Option(help="How they stand.")] = "proposed",
    as_json: AsJson = False,
) -> None:
    """Show repairs, oldest first.

    Example: billing-pipeline repairs list --state approved
    """
    with open_world() as world:
        found = parts_of(world).repairs.repairs(state)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, indent=2))
    else:
        console(WIDTH_WIDE).print(table_of(list(found)))


@app.command()
def approve(
    repair: Number, by: By, invoice: Annotated[str, typer.Option(help="The invoice that an orphan pays.")] = ""
) -> None:
    """Approve a repair that somebody else, or the comparison, asked for.

    Example: billing-pipeline repairs approve 7 --by bob
    Example: billing-pipeline repairs approve 8 --by bob --invoice inv-sub-acme-20260331
    """
    with open_world() as world:
        named = InvoiceId(invoice) if invoice else None
        parts_of(world).repairs.approve(repair, by, world.clock.now(), invoice=named)
    typer.echo(f"repair {repair} is approved; `billing-pipeline repairs run` does it")


@app.command()
def refuse(repair: Number, by: By, why: Annotated[str, typer.Option(help="The reason.")]) -> None:
    """Refuse a repair.

    Example: billing-pipeline repairs refuse 7 --by bob --why "the customer has paid by wire"
    """
    with open_world() as world:
        parts_of(world).repairs.refuse(repair, by, why, world.clock.now())
    typer.echo(f"repair {repair} is refused: {why}")


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done and booked.")] = False,
    as_json: AsJson = False,
) -> None:
    """Do what is safe and small, and what was approved.

    Example: billing-pipeline repairs run --dry-run
    """
    with open_world() as world:
        parts = parts_of(world)
        policy = parts.policy_file.policy
        done = repair_divergences(
            parts.divergences, parts.repairs, world.gateway, InboxStore(world.db), world.clock, policy,
            hands=hands_of(world), dry_run=dry_run,
        )  # fmt: skip
        plans = [one for d in parts.divergences.divergences() if (one := propose(d.finding))] if dry_run else []
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"plans": [asdict(plan) for plan in plans]}, default=str))
        return
    for plan in plans:
        by = "by itself" if plan.runs_by_itself(policy) else "after approval"
        typer.echo(f"{plan.kind} {plan.object_id} {by}: {plan.why}; {'; '.join(plan.entries)}")
    if not dry_run:
        typer.echo(
            f"{done.proposed} proposed, {done.done} done, {done.failed} failed, {done.postponed} postponed, "
            f"{done.waiting} wait for approval"
        )


def table_of(found: list[StoredRepair]) -> Table:
    """Repairs as a table."""
    table = listed("repair", "kind", "object", "amount", "why", "would book", "asked by", "approved by")
    for one in found:
        repair = one.repair
        amount = str(Money(repair.amount_minor, repair.currency)) if repair.currency else ""
        table.add_row(
            str(one.repair_id), repair.kind, repair.object_id, amount, repair.why, "; ".join(repair.entries),
            one.requested_by, one.approved_by or "",
        )  # fmt: skip
    return table
