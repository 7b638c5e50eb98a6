"""`billing-pipeline dunning compare`: the policy against simpler ladders, each in a world of its own."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from billing_pipeline.adapters.dunning_policy_file import candidate, read_policy
from billing_pipeline.domain.dunning_compared import Compared
from billing_pipeline.settings import Settings


def compare(
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=100, help="How many worlds.")] = 3,
    customers: Annotated[int, typer.Option("--customers", min=5, max=2_000, help="Refused customers in each.")] = 200,
    policy: Annotated[Path | None, typer.Option("--policy", help="A policy file to compare instead.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare the policy with simpler ladders on the simulator: the table of docs/dunning.md.

    Nothing of your data is touched: a scratch database and a simulator in this process, both gone afterwards.

    Example: billing-pipeline dunning compare --seeds 1 --customers 50
    """
    from billing_pipeline.demo.comparison import Size, compare_policies  # here: it imports the simulator

    settings = Settings.load()
    found = candidate(policy, settings.policies) if policy else read_policy(settings.policies)
    size = Size(range(1, seeds + 1), customers)
    with day_by_day(size.days) as tick:
        rows = compare_policies(found, settings.policies, settings.home, size, tick, settings.pg_bin)
    typer.echo(json.dumps([asdict(row) for row in rows], indent=2) if as_json else compare_table(rows))


@contextmanager
def day_by_day(days: int) -> Iterator[Callable[[str], None]]:
    """What moves a progress bar on by a day, under that label."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} days"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("", total=days)
        yield lambda label: progress.update(task, advance=1, description=label)


def compare_table(rows: Sequence[Compared]) -> str:
    """The rows as a Markdown table, as docs/dunning.md shows it."""
    names = [field.name for field in fields(Compared)]
    lines = [[name.replace("_", " ") for name in names], ["---"] * len(names)]
    lines += [[str(getattr(row, name)) for name in names] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
