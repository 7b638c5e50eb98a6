"""`billing-pipeline refunds`: ask for money to be given back, approve it, carry it out."""

import json
from typing import Annotated

import typer

from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.collect import show
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.flows.ports.collection import RefundState
from billing_pipeline.flows.refund_payments import REFUNDS_MAX, refund_payments
from billing_pipeline.flows.request_refunds import Destination, RefundWish, approve_refund, request_refund

app = typer.Typer(no_args_is_help=True, help="Refunds: one person asks, another approves, a run carries them out.")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option(help="Your name.")]


@app.command()
def request(
    payment: Annotated[str, typer.Argument(help="The payment id, as `payments list` shows it.")],
    reason: Annotated[str, typer.Option(help="Why; it stays in the books.")],
    by: By,
    amount_minor: Annotated[int | None, typer.Option(help="In minor units; all that is left.")] = None,
    to: Annotated[Destination, typer.Option(help="Back where it came from, or onto the account.")] = "card",
    key: Annotated[str, typer.Option(help="Tells it from an equal request made before.")] = "",
) -> None:
    """Ask for a payment, or a part of it, to be given back.

    Example: billing-pipeline refunds request pi_123 --amount-minor 1900 --reason "seat not used" --by ann
    """
    wish = RefundWish(PaymentId(payment), amount_minor, to, reason, by, key)
    with open_world() as world:
        name, amount = request_refund(RefundStore(world.db), world.clock, wish)
    typer.echo(f"{name}: {amount} of {payment} to {to}, waits for approval by somebody else")


@app.command()
def approve(
    name: Annotated[str, typer.Argument(help="The name of the request, as `refunds list` shows it.")], by: By
) -> None:
    """Agree to a refund that somebody else asked for.

    Example: billing-pipeline refunds approve refund-1a2b3c4d5e6f --by bob
    """
    with open_world() as world:
        approve_refund(RefundStore(world.db), world.clock, name, by)
    typer.echo(f"{name}: approved by {by}; `billing-pipeline refunds run` carries it out")


@app.command()
def run(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be given back.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Refunds at most.")] = REFUNDS_MAX,
    limit_minor: Annotated[int | None, typer.Option(min=1, help="Leave out those above so many minor units.")] = None,
    as_json: AsJson = False,
) -> None:
    """Carry out the approved refunds, each once.

    Example: billing-pipeline refunds run --dry-run --limit-minor 50000
    """
    with open_world() as world:
        done = refund_payments(
            RefundStore(world.db),
            world.gateway,
            world.clock,
            limit=limit,
            limit_minor=limit_minor,
            dry_run=dry_run,
            zone=world.settings.zone,
            environment=world.settings.mode,
        )
    show(done, as_json)


@app.command("list")
def list_requests(
    state: Annotated[RefundState | None, typer.Option(help="Only those in this state; all.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """What was asked for, and how it stands.

    Example: billing-pipeline refunds list --state requested
    """
    with open_world() as world:
        found = RefundStore(world.db).refund_requests(state or "", limit)
    if as_json:
        told = [
            {"name": one.refund_request_id, "payment": one.payment.payment_id, "amount_minor": one.amount.minor,
             "currency": one.amount.currency, "to": one.destination, "state": one.state, "reason": one.reason,
             "requested_by": one.requested_by, "approved_by": one.approved_by}
            for one in found
        ]  # fmt: skip
        typer.echo(json.dumps(told))
        return
    for one in found:
        who = f"{one.requested_by}, {one.approved_by or 'nobody yet'}"
        typer.echo(f"{one.refund_request_id}  {one.state:10} {one.amount!s:>16} of {one.payment.payment_id} ({who})")
    if not found:
        typer.echo("no refund requests")
