"""`billing-pipeline backlog`: invoices older than the day we collect from wait for a person."""

from typing import Annotated, Any

import typer

from billing_pipeline.adapters.stores.intake_store import IntakeStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.listing import print_json, print_table
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money

app = typer.Typer(no_args_is_help=True, help="Invoices from before we collected: list them, approve them.")


@app.command("list")
def show(
    approved: Annotated[bool, typer.Option("--approved", help="Also those that were approved.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List open invoices that are neither charged nor dunned until they are approved.

    Example: billing-pipeline backlog list --approved
    """
    with open_world() as world:
        rows = IntakeStore(world.db).backlog(waiting=not approved)
    if as_json:
        print_json(rows)
        return
    heads = ("invoice", "account", "number", "issued", "due", "open", "approved")
    print_table(heads, [cells(row) for row in rows], "no backlog")


@app.command()
def approve(
    invoices: Annotated[list[str] | None, typer.Argument(help="Invoice ids.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
) -> None:
    """Let invoices be charged and dunned from now on.

    Example: billing-pipeline backlog approve old-2025-131
    """
    if everything == bool(invoices):
        raise Broken("name the invoices to approve, or say --all")
    with open_world() as world:
        store = IntakeStore(world.db)
        wanted = [row.invoice_id for row in store.backlog(waiting=True)] if everything else list(invoices or [])
        done = store.approve_backlog(wanted, world.clock.now())
    typer.echo(f"{len(done)} approved")
    if left := sorted(set(wanted) - set(done)):
        raise Broken(f"not in the backlog, or approved before: {', '.join(left)}")


def cells(row: Any) -> tuple[str, ...]:
    """An invoice as a line of the list."""
    amount = str(Money(row.open_minor, Currency(row.currency)))
    approved = f"{row.backlog_approved_at:%Y-%m-%d}" if row.backlog_approved_at else ""
    return row.invoice_id, row.account_id, row.number, str(row.issued_on), str(row.due_on), amount, approved
