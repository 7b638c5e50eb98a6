"""`billing-pipeline bank`: statements in, payouts found."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from billing_pipeline.adapters.bank_files import read_statement
from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.bootstrap import open_world
from billing_pipeline.domain.bank_statements import MatchRules
from billing_pipeline.flows.import_bank import import_bank

app = typer.Typer(no_args_is_help=True, help="Bank statements: CSV by a mapping in reconciliation.toml, or camt.053.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="The statement.")],
    account: Annotated[str, typer.Option(help="The account, whose section describes a CSV file.")] = "main",
    as_json: AsJson = False,
) -> None:
    """Take a statement in and find the payouts it paid.

    Example: billing-pipeline bank import statement.csv --account eur
    """
    with open_world() as world:
        parts = parts_of(world)
        policy = parts.policy_file.policy
        statement = read_statement(file, account, parts.policy_file.banks)
        rules = MatchRules(policy.bank_tolerance_minor, policy.bank_lag_days)
        run_id = f"bank-{world.clock.now():%Y%m%dT%H%M%S}"
        done = import_bank(
            parts.bank, world.clock, rules, statement.lines, file=statement.file, run_id=run_id,
            zone=world.settings.zone, others=statement.others,
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(asdict(done) | {"others": len(statement.others)}))
        return
    typer.echo(
        f"{done.lines} new lines, {len(statement.others)} of others; {done.matched} paid a payout, "
        f"{done.received} show a payment booked by hand, {done.unmatched} wait"
    )


@app.command()
def match(as_json: AsJson = False) -> None:
    """Look again for the payouts of lines that wait.

    Example: billing-pipeline bank match
    """
    with open_world() as world:
        parts = parts_of(world)
        policy = parts.policy_file.policy
        rules = MatchRules(policy.bank_tolerance_minor, policy.bank_lag_days)
        done = import_bank(
            parts.bank, world.clock, rules, (), file="", run_id=f"bank-{world.clock.now():%Y%m%dT%H%M%S}",
            zone=world.settings.zone,
        )  # fmt: skip
    if as_json:
        typer.echo(json.dumps(asdict(done)))
        return
    typer.echo(
        f"{done.matched} lines paid a payout, {done.received} show a payment booked by hand, {done.unmatched} wait"
    )
