"""`billing-pipeline explain`: the whole trail of one number."""

from typing import Annotated

import typer

from billing_pipeline.adapters.stores.trail_store import Trails
from billing_pipeline.bootstrap import open_world
from billing_pipeline.flows.explain import explain as explain_flow


def explain(
    subject: Annotated[
        str, typer.Argument(help="Invoice (id or number), payment, refund, dispute, payout or divergence.")
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
) -> None:
    """Print the trail of the subject, oldest first.

    Example: billing-pipeline explain inv-sub-acme-20260331
    """
    with open_world() as world:
        found = explain_flow(Trails(world.db), subject)
    typer.echo(found.json if as_json else found.text)
