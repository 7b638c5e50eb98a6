"""The law of the inbox: any order, repetition, delay and loss of a month's events ends in the same states and balances."""

from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.sweep_objects import sweep_objects
from tests.clusters import Cluster
from tests.flows.month import EndClock, Month, books_for, gateway_of, live_with, outcome, settle_all, tell

SAMPLE = 25  # orders per run; `make soak` tries thousands


@pytest.fixture(scope="module")
def lived(cluster: Cluster, template: str) -> tuple[Month, dict[str, Any]]:
    """The month, and what it ended in for books that followed it step by step."""
    with database(cluster, template) as db:
        store = books_for(db)
        month = live_with(store)
        settle_all(store, month.simulator)
        return month, outcome(db)


@pytest.fixture
def month(lived: tuple[Month, dict[str, Any]]) -> Month:
    return lived[0]


@pytest.fixture
def expected(lived: tuple[Month, dict[str, Any]]) -> dict[str, Any]:
    return lived[1]


class database:  # noqa: N801
    """A database of one example's own."""

    def __init__(self, cluster: Cluster, template: str) -> None:
        self._cluster, self._name = cluster, cluster.create(template)
        self._db = Database(cluster.url(self._name))

    def __enter__(self) -> Database:
        return self._db

    def __exit__(self, *error: object) -> None:
        self._db.close()
        self._cluster.drop(self._name)


def shuffled(events: Sequence[Json], random: Random) -> list[list[Json]]:
    """The events out of order, some lost, some told again under another name, cut into batches."""
    told = random.sample(events, k=random.randint(0, len(events)))
    again = [{**one, "id": f"{one['id']}_again"} for one in random.choices(events, k=random.randint(0, 10))]
    whole = [*told, *again]
    random.shuffle(whole)
    cuts = sorted(random.randint(0, len(whole)) for _ in range(random.randint(0, 4)))
    return [whole[begin:end] for begin, end in pairwise([0, *cuts, len(whole)])]


def test_the_ordered_run_ends_with_every_kind_of_ending(expected: dict[str, Any]) -> None:
    states = {state for _, state, *_ in expected["invoices"]}
    statuses = {status for _, status, *_ in expected["disputes"]}

    assert states == {"paid", "pending", "overdue"}
    assert {"lost"} <= statuses
    assert {status for _, status, _ in expected["refunds"]} == {"succeeded", "failed"}
    assert expected["payouts"]
    assert expected["credits"] == [("plain", 4900 - 1700)]
    assert expected["dead"] == []


@settings(
    max_examples=SAMPLE, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.explicit, Phase.generate)
)
@given(seed=st.integers(0, 2**32))
def test_any_order_repetition_delay_and_loss_ends_in_the_same_states_and_balances(
    month: Month, expected: dict[str, Any], cluster: Cluster, template: str, seed: int
) -> None:
    ends_alike(month, expected, cluster, template, seed)


def ends_alike(month: Month, expected: dict[str, Any], cluster: Cluster, template: str, seed: int) -> None:
    """Tell the month in the order of that seed, sweep, compare."""
    batches = shuffled(month.events, Random(seed))

    with database(cluster, template) as db:
        store = books_for(db)
        for batch in batches:
            tell(store, batch)
            settle_all(store, month.simulator)
        swept = sweep_objects(store, gateway_of(month.simulator), EndClock())
        settle_all(store, month.simulator)
        ended = outcome(db)

    assert ended == expected
    assert not swept.refused


def test_a_month_of_which_no_event_ever_arrived_is_found_by_the_sweep(
    month: Month, expected: dict[str, Any], cluster: Cluster, template: str
) -> None:
    with database(cluster, template) as db:
        store = books_for(db)
        swept = sweep_objects(store, gateway_of(month.simulator), EndClock())
        settle_all(store, month.simulator)
        ended = outcome(db)
        again = sweep_objects(store, gateway_of(month.simulator), EndClock())

    assert ended == expected
    assert swept.missed_by_events > 0
    assert again.missed_by_events == 0
    assert set(again.certified) == set(again.objects)


@pytest.mark.soak
@settings(max_examples=3000, deadline=None, suppress_health_check=list(HealthCheck), phases=(Phase.generate,))
@given(seed=st.integers(0, 2**32))
def test_thousands_of_orders_end_in_the_same_states_and_balances(
    month: Month, expected: dict[str, Any], cluster: Cluster, template: str, seed: int
) -> None:
    ends_alike(month, expected, cluster, template, seed)
