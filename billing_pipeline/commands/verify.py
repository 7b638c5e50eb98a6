"""`billing-pipeline verify`: recompute every promise of the books."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.cli import EXIT_FINDINGS
from billing_pipeline.flows.verify_books import CHECKS, Verified, verify_books

app = typer.Typer()


@app.callback(invoke_without_command=True)
def verify(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Recompute hashes, seals, balances and sub-ledgers; exit code 1 when something does not hold.

    Example: billing-pipeline verify --json
    """
    with open_world() as world:
        verified = verify_books(LedgerStore(world.db), world.clock, zone=world.settings.zone)
    typer.echo(json.dumps(asdict(verified) | {"sound": verified.sound}) if as_json else sentences(verified))
    if not verified.sound:
        raise typer.Exit(EXIT_FINDINGS)


def sentences(verified: Verified) -> str:
    """One line per promise, the findings below those that do not hold, then what is not sealed yet."""
    lines = []
    for check, promise in CHECKS.items():
        found = [one for one in verified.findings if one.check == check]
        lines.append(f"{'BROKEN' if found else 'holds '}  {promise}")
        lines += [f"        {one.subject}: {one.detail}" for one in found]
    looked_at = ", ".join(f"{count} {name}" for name, count in verified.counted.items())
    tail = f"not sealed yet: {verified.unsealed} entries, the oldest {verified.unsealed_seconds} s old"
    return "\n".join([*lines, f"looked at: {looked_at}", tail if verified.unsealed else "everything is sealed"])
