"""What changes while a run is under way counts: holds, the gate, divergences."""

from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control
from billing_pipeline.domain.ids import InvoiceId
from tests import seeds
from tests.dunning_world import DUE, World


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def test_a_hold_that_is_put_between_plan_and_step_is_kept(world: World):
    world.late()
    world.day(1)
    read = world.stripe.read

    def paused_meanwhile(path: str, params: object = None) -> object:
        hold = {"kind": "pause", "who": "ann", "why": "key account", "made_at": world.clock.now()}
        seeds.add(world.db, control.dunning_holds, account_id="acme", **hold)
        return read(path)

    world.stripe.read = paused_meanwhile  # type: ignore[assignment, method-assign]

    done = world.run()

    assert (done.taken, done.held["changed_meanwhile"], world.steps()) == ({}, 1, [])


def test_a_hold_that_ended_or_whose_day_has_passed_stops_no_step(world: World):
    world.late()
    now = world.day(1).clock.now()
    hold = {"kind": "promise", "who": "ann", "why": "", "made_at": now - timedelta(days=1)}
    seeds.add(world.db, control.dunning_holds, invoice_id="inv-1", until=DUE, **hold)
    seeds.add(world.db, control.dunning_holds, account_id="acme", ended_at=now, **(hold | {"kind": "pause"}))

    assert world.run().taken == {"retry": 1}


def test_a_gate_that_closes_during_the_run_stops_the_steps_that_are_left(world: World):
    world.late()
    world.day(1)
    read = world.stripe.read

    def stale_meanwhile(path: str, params: object = None) -> object:
        world.gate.open, world.gate.reason = False, "the certificate is 26 hours old"
        return read(path)

    world.stripe.read = stale_meanwhile  # type: ignore[assignment, method-assign]

    done = world.run()

    assert (done.taken, done.held["gate_closed"], world.steps()) == ({}, 1, [])


def test_a_divergence_that_is_found_during_the_run_stops_the_step(world: World):
    world.late()
    world.late("inv-2", "bolt")
    world.day(1)
    read = world.stripe.read

    def diverges_meanwhile(path: str, params: object = None) -> object:
        world.gate.divergent = {InvoiceId("inv-1"): "amount: ours 4900, theirs 4800"}
        return read(path)

    world.stripe.read = diverges_meanwhile  # type: ignore[assignment, method-assign]

    done = world.run()

    assert (done.taken, done.held["open_divergence"]) == ({"retry": 1}, 1)
    assert (world.steps("inv-1"), world.steps("inv-2")) == ([], ["retry-1"])
