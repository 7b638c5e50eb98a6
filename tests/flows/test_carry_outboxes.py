"""What dunning gives back reaches the customer and other systems at once, whoever applied the payment."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import stripe

from billing_pipeline import bootstrap, operations
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control
from billing_pipeline.settings import Settings
from stripe_simulator import Simulator
from tests import seeds
from tests.adapters.test_outgoing_webhook import receiving
from tests.dunning_world import POLICIES, World
from tests.flows.month import gateway_of
from tests.web.web_world import world_on

SECRET = "whsec_ours"


@pytest.fixture
def world(db: Database) -> World:
    """A customer whom dunning has suspended, and who has just paid."""
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    seeds.insert_price(db)
    seeds.insert_subscription(db, "s1")
    for late_days in range(1, 21):
        found.day(late_days).run()
    return found


def opened(world: World, home: Path, simulator: Simulator, url: str) -> bootstrap.World:
    settings = {
        "BILLING_POLICIES": str(POLICIES),
        "BILLING_DUNNING_HOOK_URL": url,
        "BILLING_DUNNING_HOOK_SECRET": SECRET,
    }
    gateway = gateway_of(simulator)
    found = replace(world_on(world.db, home, world.clock), settings=Settings.load(settings))
    return replace(found, gateway=gateway, reader=gateway)


def is_suspended(world: World) -> bool:
    return seeds.fetch(world.db, billing.subscriptions)[0]["suspended_at"] is not None


def test_a_payer_is_back_and_everybody_knows_it_after_one_round(world: World, tmp_path: Path, simulator: Simulator):
    with receiving(200) as (url, heard):
        whole = opened(world, tmp_path, simulator, url)
        operations.apply(whole)
        operations.bill(whole, world.clock.now().date())
        before = is_suspended(world)
        world.pay()

        done = operations.carry(whole)

    told = [(json.loads(body)["type"], header) for header, body in heard]
    assert (before, is_suspended(world), done.reinstated) == (True, False, 1)
    assert [word for word, _ in told] == ["account.suspended", "account.reinstated"]
    assert stripe.WebhookSignature.verify_header(heard[1][1].decode(), told[1][1], SECRET, tolerance=None)
    assert any("reinstate" in file.name for file in (tmp_path / "outbox").iterdir())


def test_what_could_not_leave_is_tried_again_by_the_next_rounds(world: World, tmp_path: Path, simulator: Simulator):
    with receiving(503) as (url, heard):
        whole = opened(world, tmp_path, simulator, url)
        for _ in range(2):
            operations.carry(whole)
            world.clock.advance(seconds=61)
        too_often = len(heard)
        (waiting,) = seeds.fetch(world.db, control.hooks)

    assert (too_often, waiting["state"], waiting["attempts"]) == (2, "queued", 2)


def test_a_round_carries_no_more_than_it_may(world: World, tmp_path: Path, simulator: Simulator):
    with receiving(200) as (url, heard):
        whole = opened(world, tmp_path, simulator, url)
        world.pay()
        waiting = len(seeds.fetch(world.db, control.messages, state="queued"))

        operations.carry(whole, messages=1, hooks=1)

    left = len(seeds.fetch(world.db, control.messages, state="queued"))
    assert (waiting + 1 - left, len(heard)) == (1, 1)
    assert len(seeds.fetch(world.db, control.hooks, state="queued")) == 1
