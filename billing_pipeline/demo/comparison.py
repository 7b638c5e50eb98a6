"""A policy against simpler ladders: the same refused customers, each ladder in a world of its own with equal luck."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import product
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.scratch_postgres import scratch_ledgers
from billing_pipeline.adapters.stores.dunning_history import DunningHistory
from billing_pipeline.demo.rival_life import DAYS, live, opened_life
from billing_pipeline.domain.dunning_baselines import baselines
from billing_pipeline.domain.dunning_compared import Compared, Outcome, compared
from billing_pipeline.domain.dunning_history import Told
from billing_pipeline.domain.dunning_model import CHARGED_DAYS, FIRST_DAY, WATCHED_DAYS
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.dunning_sums import tries_of_one_card_30_days_max
from billing_pipeline.domain.errors import Broken

WATCHED = timedelta(days=WATCHED_DAYS)


@dataclass(frozen=True, slots=True)
class Size:
    """How large the comparison is. seeds: one world each. customers: refused ones, in each world."""

    seeds: Sequence[int]
    customers: int

    @property
    def days(self) -> int:
        """Days that are lived in all, for a progress bar, with four ladders."""
        return DAYS * len(self.seeds) * 4


def compare_policies(
    policy: Policy, policies: Path, home: Path, size: Size, tick: Callable[[str], None], pg_bin: Path | None = None
) -> list[Compared]:  # fmt: skip
    """A row per ladder, ours first. tick: told the ladder whenever a day of its life has passed.

    home: where the scratch database lives meanwhile. policies: the folder whose templates are used.
    """
    rivals = baselines(policy)
    outcomes: dict[str, list[Outcome]] = {name: [] for name in rivals}
    with scratch_ledgers(home, pg_bin=pg_bin) as another:
        for seed, (name, rival) in product(size.seeds, rivals.items()):
            with opened_life(another(), home, policies, rival, seed, size.customers) as life:
                live(life, lambda day, name=name: tick(name))  # type: ignore[misc]
                outcomes[name].append(outcome_of(life.world.db))
    return [compared(name, found) for name, found in outcomes.items()]


def outcome_of(db: Database) -> Outcome:
    """What stands in the ledger after the last day. Raises Broken when no charge was refused."""
    last = FIRST_DAY + timedelta(days=CHARGED_DAYS)
    told = DunningHistory(db).history(FIRST_DAY, last).told
    end = datetime.combine(last, time(), UTC) + WATCHED
    effort = db.row("dunning/effort", until=end)
    if not told or effort is None:
        raise Broken("no first charge was refused: ask for more customers")
    tries = db.rows("dunning/card_tries", from_at=datetime.combine(FIRST_DAY, time(), UTC), to_at=end)
    return Outcome(
        invoices=len(told),
        owed_minor=_sum(told),
        recovered_minor=_sum(one for one in told if _in_time(one)),
        by_retry_minor=_sum(one for one in told if _in_time(one) and one.by_retry),
        retries=effort.retries,
        messages=effort.messages,
        suspended=effort.suspended,
        canceled=effort.canceled,
        tries_of_one_card_30_days_max=tries_of_one_card_30_days_max(row.tries for row in tries),
    )


def _sum(told: Iterable[Told]) -> int:
    return sum(one.case.late.owed.minor for one in told)


def _in_time(one: Told) -> bool:
    return one.paid_at is not None and one.paid_at - one.case.failed_at <= WATCHED
