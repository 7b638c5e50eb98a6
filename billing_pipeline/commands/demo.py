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
from billing_pipeline.demo.faults import delay_settlement, delayed, inject
from billing_pipeline.demo.founding import found_company
from billing_pipeline.demo.life import Life, advance, begin, live_day
from billing_pipeline.demo.rounds import DUNNING_HOURS, dun, live_through_dagster, mirror, reconcile
from billing_pipeline.demo.screen import figures_of, show
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import add_months
from billing_pipeline.settings import Settings

FIRST: Final = date(2026, 1, 1)
DAGSTER_DAYS: Final = 2  # the last days run through Dagster's own jobs
EVENING: Final = time(21)  # of the day before them everything goes wrong
LATE_FROM_DAYS, LATE_UNTIL_DAYS = 7, 4  # so long before the end a charge is left unsettled: late, and not yet too late
MONDAY, TUESDAY, THURSDAY = 0, 1, 3
RECONCILING: Final = {
    False: {MONDAY},
    True: {MONDAY, THURSDAY},
}  # more often in the last month; production does it daily
LAST_MONTH_DAYS: Final = 30  # in which finance has decided to mirror subscriptions in Stripe
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

        late: dict[str, str] = {}
        for number in range(days - DAGSTER_DAYS):
            day = life.first + timedelta(days=number)
            left = (life.last - day).days
            late |= morning(life, day, delaying=not late and LATE_UNTIL_DAYS <= left <= LATE_FROM_DAYS)
            office_hours(life.world, bank, day, last_month=day > life.last - timedelta(days=LAST_MONTH_DAYS))
            tick(day)
        injected = go_wrong(life, bank)
        live_through_dagster(life, bank, DAGSTER_DAYS, tick)
    return injected | late


def morning(life: Life, day: date, *, delaying: bool) -> dict[str, str]:
    """The day's round; how one charge in it was left unsettled, where `delaying` and there was one."""
    if delaying:
        delay_settlement(life.world, until=datetime.combine(day + timedelta(days=1), time(), UTC))
    live_day(life, day)
    return delayed(life.world) if delaying else {}


def office_hours(world: World, bank: Bank, day: date, *, last_month: bool) -> None:
    """Bank statements on Mondays; once a week, later twice, both sides are compared and debtors dunned.

    Tuesday's dunning rests on Monday's comparison: it is fresh for a day and two hours.
    """
    if day.weekday() == MONDAY:
        bank.deliver(world, day - timedelta(days=1))
    if day.weekday() in RECONCILING[last_month]:
        advance(world, datetime.combine(day, MORNING, UTC))
        if last_month:
            mirror(world)
        reconcile(world)
        dun(world, day, DUNNING_HOURS)
    elif day.weekday() == TUESDAY:
        dun(world, day, DUNNING_HOURS[:1])


def go_wrong(life: Life, bank: Bank) -> dict[str, str]:
    """On the evening before the last days, one of each known fault."""
    evening = life.last - timedelta(days=DAGSTER_DAYS)
    advance(life.world, datetime.combine(evening, EVENING, UTC))
    return inject(life.world, bank)
