"""`billing-pipeline db`: the embedded database."""

import json
from typing import Annotated, Any

import typer

from billing_pipeline.adapters import embedded_postgres
from billing_pipeline.adapters.embedded_postgres import Status
from billing_pipeline.bootstrap import open_world
from billing_pipeline.domain.errors import Broken
from billing_pipeline.settings import Settings

app = typer.Typer(no_args_is_help=True, help="The embedded PostgreSQL: start, stop, look, remove.")


@app.command()
def start() -> None:
    """Start the database, creating it the first time. Starting it twice is fine.

    Example: billing-pipeline db start
    """
    settings = _embedded()
    server = embedded_postgres.start(settings.home, pg_bin=settings.pg_bin)
    typer.echo(f"running: PostgreSQL {server.major} in {server.data}")
    typer.echo(f"address: {server.url}")


@app.command()
def stop() -> None:
    """Stop the database. Nothing is lost; open transactions are rolled back.

    Example: billing-pipeline db stop
    """
    typer.echo(_sentence(embedded_postgres.stop(_embedded().home)))


@app.command()
def status(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say where the database is and whether it runs.

    Example: billing-pipeline db status
    """
    found = embedded_postgres.status(_embedded().home)
    typer.echo(json.dumps(_facts(found), default=str) if as_json else _sentence(found))


@app.command()
def adopt(
    reason: Annotated[str, typer.Option(help="Why this copy or restore is the one to go on with; kept for ever.")],
) -> None:
    """Make a copied or restored database ours: compare it with everything in Stripe, then let it move money again.

    Example: billing-pipeline db adopt --reason "restored after the disk failure of 3 May"
    """
    from billing_pipeline import operations  # it imports the whole pipeline, which start and stop do not need

    if not reason.strip():
        raise Broken("say why this copy or restore is the one to go on with: --reason TEXT")
    with open_world(adopt=True) as world:
        swept = operations.adopt(world, reason)
        typer.echo(
            f"adopted: {sum(swept.objects.values())} objects of {world.identity} compared, "
            f"{swept.missed_by_events} facts were missing here"
        )


@app.command()
def destroy(yes: Annotated[bool, typer.Option("--yes", help="Do it: every invoice in it is lost.")] = False) -> None:
    """Stop the database and remove it with all that is in it.

    Example: billing-pipeline db destroy --yes
    """
    home = _embedded().home
    if not yes:
        raise Broken(f"this removes the database of {home} with every invoice in it: say --yes if you mean it")
    embedded_postgres.destroy(home)
    typer.echo("removed")


def _embedded() -> Settings:
    """The settings, when the database is ours to start and stop. Raises Broken when a server was named."""
    settings = Settings.load()
    if not settings.embedded_database:
        raise Broken(
            "BILLING_DATABASE_URL names a server that is not ours to start or stop: unset it for the embedded one"
        )
    return settings


def _facts(found: Status) -> dict[str, Any]:
    """What is there, for other programs; null for what is not."""
    major = found.server.major if found.server else None
    return {"running": found.server is not None, "data": found.data, "major": major, "pid": found.pid}


def _sentence(found: Status) -> str:
    if found.server:
        return f"running: PostgreSQL {found.server.major} in {found.data}, process {found.pid}"
    return (
        f"stopped: its data is in {found.data}" if found.data else "not created yet: `billing-pipeline db start` does"
    )
