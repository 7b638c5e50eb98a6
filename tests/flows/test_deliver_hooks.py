"""Other systems hear of suspensions, at least once, in order."""

from datetime import datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control
from billing_pipeline.flows.deliver_hooks import BACK_OFF, Told, deliver_hooks
from billing_pipeline.flows.ports.dunning import Delivery, Hook, Outcome
from tests import seeds
from tests.dunning_world import World


class Neighbour:
    """Another system that is ill so many times, then well."""

    def __init__(self, ill: int = 0) -> None:
        self.ill = ill
        self.heard: list[str] = []

    def post(self, hook: Hook, now: datetime) -> Delivery:
        self.heard.append(hook.hook_id)
        self.ill -= 1
        return Delivery(Outcome.DEFERRED if self.ill >= 0 else Outcome.SENT, "503")


@pytest.fixture
def world(db: Database) -> World:
    found = World(db)
    seeds.insert_account(db)
    for number in (1, 2):
        at = found.clock.now() + timedelta(seconds=number)
        found.store.queue_hook(Hook(f"h{number}", "acme", "account.suspended", {"n": number}, at))  # type: ignore[arg-type]
    found.clock.advance(minutes=1)
    return found


def test_hooks_are_told_once_and_in_order(world: World):
    neighbour = Neighbour()

    first, second = (deliver_hooks(world.store, neighbour, world.clock) for _ in range(2))

    assert (first, second, neighbour.heard) == (Told(delivered=2), Told(), ["h1", "h2"])


def test_a_hook_that_was_not_heard_is_told_again_later(world: World):
    neighbour = Neighbour(ill=1)
    first = deliver_hooks(world.store, neighbour, world.clock)

    world.clock.advance(minutes=1)
    second = deliver_hooks(world.store, neighbour, world.clock)

    assert (first, second) == (Told(deferred=1), Told(delivered=2))
    assert neighbour.heard == ["h1", "h1", "h2"]


def test_a_hook_that_nobody_hears_for_days_is_reported(world: World):
    neighbour = Neighbour(ill=len(BACK_OFF) + 1)

    for wait in (timedelta(), *BACK_OFF):
        world.clock.set(world.clock.now() + wait)
        deliver_hooks(world.store, neighbour, world.clock)

    states = {row["hook_id"]: row["state"] for row in seeds.fetch(world.db, control.hooks)}
    assert states == {"h1": "failed", "h2": "delivered"}
    assert neighbour.heard == ["h1"] * (len(BACK_OFF) + 1) + ["h2"]


def test_a_hook_is_stored_once_under_its_name(world: World):
    world.store.queue_hook(Hook("h1", "acme", "account.suspended", {"n": 9}, world.clock.now()))  # type: ignore[arg-type]

    assert [row["payload"] for row in seeds.fetch(world.db, control.hooks)] == [{"n": 1}, {"n": 2}]


def test_what_happened_later_to_an_account_is_told_after_what_happened_before(world: World):
    at = world.clock.now()
    seeds.insert_account(world.db, "bolt")
    world.store.queue_hook(Hook("other", "bolt", "account.suspended", {}, at))  # type: ignore[arg-type]
    neighbour = Neighbour(ill=1)

    first = deliver_hooks(world.store, neighbour, world.clock)
    world.clock.advance(minutes=1)
    deliver_hooks(world.store, neighbour, world.clock)

    assert first == Told(delivered=1, deferred=1)
    assert neighbour.heard == ["h1", "other", "h1", "h2"]
