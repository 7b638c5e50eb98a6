"""`billing-pipeline warehouse`: publish it, ask it, document it."""

import json
from typing import Annotated

import typer

from billing_pipeline.adapters.compaction import compact
from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.adapters.table_docs import describe
from billing_pipeline.adapters.warehouse import read_published
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.tables import WIDTH_MIN, console, listed
from billing_pipeline.flows.publish_warehouse import publish_warehouse

app = typer.Typer(no_args_is_help=True, help="The DuckDB file that analysts open.")


@app.command()
def publish() -> None:
    """Put the newest state in place; readers of the old file are not disturbed.

    Example: billing-pipeline warehouse publish
    """
    with open_world() as world:
        parts = parts_of(world)
        run_id = f"publish-{world.clock.now():%Y%m%dT%H%M%S}"
        done = publish_warehouse(parts.warehouse, world.clock, parts.policy_file.policy, run_id=run_id)
    typer.echo(f"{done.path}: {done.tables} tables, {done.size_bytes} bytes; dated copy {done.copy}")


@app.command("compact")
def compact_(
    runs: Annotated[int, typer.Option(help="Leave a side with no more extractions than that as it is.", min=1)] = 1,
) -> None:
    """Put the files of many extractions together to one, and remove what no longer counts.

    Example: billing-pipeline warehouse compact --runs 10
    """
    with open_world() as world:
        removed = compact(parts_of(world).workbench, world.clock.now(), runs)
    typer.echo(f"{removed} files removed")


@app.command()
def query(
    sql: Annotated[str, typer.Argument(help="A query in DuckDB's SQL.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows as JSON.")] = False,
) -> None:
    """Ask the published warehouse.

    Example: billing-pipeline warehouse query "select currency, sum(open_minor) from marts.ar_ageing group by currency"
    """
    with open_world() as world:
        rows = read_published(parts_of(world).warehouse.path, sql)
    if as_json:
        typer.echo(json.dumps(rows, default=str))
        return
    table = listed(*(rows[0] if rows else ()))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console(WIDTH_MIN).print(table if rows else "no rows")


@app.command()
def document() -> None:
    """Print docs/tables.md for the published warehouse.

    Example: billing-pipeline warehouse document
    """
    with open_world() as world:
        typer.echo(describe(parts_of(world).warehouse.path), nl=False)
