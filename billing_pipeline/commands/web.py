"""`billing-pipeline web`: the process that listens, polls and applies."""

from typing import Annotated

import typer

from billing_pipeline import operations
from billing_pipeline.adapters.loopback import free_port
from billing_pipeline.bootstrap import open_world
from billing_pipeline.dunning_parts import dunning_parts
from billing_pipeline.web.serve import serve as serve_world

app = typer.Typer(no_args_is_help=True, help="The webhook, the payment page and the loop that applies events.")


@app.callback()
def group() -> None:
    """Keep `serve` a command of its own."""


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8000,
) -> None:
    """Receive webhooks, poll Stripe's events, apply what arrives, carry messages and hooks; until Ctrl-C.

    Example: billing-pipeline web serve --port 8080
    """
    free_port(port, "--host and --port", host)  # before anything is begun, and said as everything else is
    with open_world() as world:
        typer.echo(
            f"listening on http://{host}:{port}; webhook /api/webhooks/stripe, health /healthz, metrics /metrics"
        )
        serve_world(
            world,
            host,
            port,
            run_errands=lambda errands: operations.run_errands(world, errands),
            rounds={
                "reinstate": lambda: operations.reinstate(world),
                "hooks": lambda: dunning_parts(world).tell(),
                "messages": lambda: dunning_parts(world).send(),
            },
        )
