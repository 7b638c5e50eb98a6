"""`billing-pipeline demo`: six months of a company in virtual time, ending on one screen."""

import json
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.bootstrap import World, open_world
from billing_pipeline.dagster_home import prepare_dagster
from billing_pipeline.demo.bank import Bank
from billing_pipeline.demo.company import customers
from billing_pipeline.demo.faults import inject
from billing_pipeline.demo.founding import found_company
from billing_pipeline.demo.life import Life, advance, begin, live_day
from billing_pipeline.demo.rounds import dun, live_through_dagster, reconcile
from billing_pipeline.demo.screen import figures_of, show
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import add_months
from billing_pipeline.settings import Settings

FIRST: Final = date(2026, 1, 1)
DAGSTER_DAYS: Final = 2  # the last days run through Dagster's own jobs
EVENING: Final = time(21)  # of the day before them everything goes wrong
BANK_WEEKDAY: Final = 0  # statements come on Mondays
RECONCILING_WEEKDAYS: Final = (0, 3)  # twice a week, so that six months pass in a minute
MORNING: Final = time(7, 30)


def demo(
    accounts: Annotated[int, typer.Option(min=20, max=1600, help="Customers of the demo company.")] = 500,
    months: Annotated[int, typer.Option(min=1, max=24, help="Months to live, from January 2026.")] = 6,
    seed: Annotated[int, typer.Option(help="The same seed gives the same numbers.")] = 7,
    as_json: Annotated[bool, typer.Option("--json", help="Print the closing figures as JSON.")] = False,
) -> None:
    """Create a believable SaaS company, live some months of it, break one of everything, and show that it is found.

    Example: billing-pipeline demo --accounts 100 --months 2
    """
    settings = Settings.load()
    if settings.secret_key:
        raise Broken("the demo runs on the simulator only: unset STRIPE_SECRET_KEY")
    prepare_dagster(settings.home)
    last = add_months(FIRST, months) - timedelta(days=1)
    with open_world(settings) as world:
        store = DemoStore(world.db)
        if store.accounts():
            raise Broken(f"{world.home} already holds a company: `make clean` forgets it, `make ui` shows it")
        found_company(store)
        life = begin(world, customers(accounts, FIRST, last, seed), FIRST, last)
        injected = tell_story(life, Console(stderr=True))
        told = figures_of(store, world.home / "warehouse.duckdb", injected)
    if as_json:
        typer.echo(json.dumps(told, default=str, indent=2))
    else:
        show(Console(), told)


def tell_story(life: Life, console: Console) -> dict[str, str]:
    """Live all days under a progress bar; what was injected."""
    bank = Bank(Path(life.world.home) / "bank", life.first - timedelta(days=1))
    days = (life.last - life.first).days + 1
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total} days"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task("living", total=days)

        def tick(day: date) -> None:
            progress.update(task, advance=1, description=f"{day:%d %b %Y}")

        for number in range(days - DAGSTER_DAYS):
            day = life.first + timedelta(days=number)
            live_day(life, day)
            office_hours(life.world, bank, day)
            tick(day)
        injected = go_wrong(life, bank)
        live_through_dagster(life, bank, DAGSTER_DAYS, tick)
    return injected


def office_hours(world: World, bank: Bank, day: date) -> None:
    """Bank statements on Mondays, reconciliation two mornings a week, and on those days dunning."""
    if day.weekday() == BANK_WEEKDAY:
        bank.deliver(world, day - timedelta(days=1))
    if day.weekday() in RECONCILING_WEEKDAYS:
        advance(world, datetime.combine(day, MORNING, UTC))
        reconcile(world)
        dun(world, day)


def go_wrong(life: Life, bank: Bank) -> dict[str, str]:
    """On the evening before the last days, one of each known fault."""
    evening = life.last - timedelta(days=DAGSTER_DAYS)
    advance(life.world, datetime.combine(evening, EVENING, UTC))
    return inject(life.world, bank)
