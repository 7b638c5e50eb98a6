"""Mornings of the demo: the faster way for most days, and the last days through Dagster's own jobs, as in production."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from billing_pipeline import operations
from billing_pipeline.bootstrap import World
from billing_pipeline.demo.bank import Bank
from billing_pipeline.demo.life import Life, advance, customers_act

HOURS: Final = (
    (time(6), "billing_day", True),
    (time(7, 30), "reconciliation_round", False),
    (time(8), "close_books", True),
    (time(9), "dunning_round", False),
)
"""(UTC, job, whether it is partitioned by day): as the schedules do, with one round of dunning."""

DUNNING_HOURS: Final = (time(9), time(17))  # daylight in Europe and Japan, then in America


def live_through_dagster(life: Life, bank: Bank, days: int, progress: Callable[[date], None]) -> None:
    """So many days up to the last one, each through the jobs that the schedules start."""
    from billing_pipeline.definitions import run_job  # loading Dagster takes two seconds: only now is it needed

    for back in reversed(range(days)):
        day = life.last - timedelta(days=back)
        for at, job, partitioned in HOURS:
            advance(life.world, datetime.combine(day, at, UTC))
            if job == "billing_day":
                customers_act(life, day)
                bank.deliver(life.world, day - timedelta(days=1))
            run_job(job, operations.today(life.world) if partitioned else None)
        progress(day)


def mirror(world: World) -> None:
    """Prices and subscriptions as Stripe should hold them."""
    operations.sync_prices(world)
    operations.mirror_subscriptions(world)
    operations.guard(world)


def reconcile(world: World) -> None:
    """Both sides extracted and compared, missed facts applied, known faults repaired."""
    run_id = operations.run_name(world)
    operations.extract_theirs(world, run_id)
    operations.extract_ours(world, run_id)
    operations.reconcile(world, run_id)
    operations.apply(world)
    operations.repair(world)
    operations.apply(world)


def dun(world: World, day: date, hours: Sequence[time]) -> None:
    """The day's rounds of dunning, at those hours (UTC)."""
    for at in hours:
        advance(world, datetime.combine(day, at, UTC))
        operations.dun(world)
        operations.apply(world)
    operations.reinstate(world)
