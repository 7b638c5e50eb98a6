"""Attempts that failed: each is counted once, whoever tells it, in whatever order, and even when its own event is lost."""

from itertools import permutations
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.flows.sweep_objects import sweep_objects
from tests import seeds
from tests.flows.event_world import T0, EventWorld, declined, event, intent


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    seeds.insert_collection(db, status="", failures=0, last_codes={}, last_failed_at=None)
    return EventWorld(db, SweepStore(db))


def failed_charge(name: str = "ch_0", **values: Any) -> dict[str, Any]:
    """The charge of a declined attempt to pay inv-1, as Stripe keeps it for ever."""
    row = {
        "id": name, "object": "charge", "status": "failed", "payment_intent": "pi_1", "created": T0, "livemode": False,
        "failure_code": "card_declined", "failure_message": "No money.", "failure_balance_transaction": None,
        "balance_transaction": None, "outcome": {"reason": "insufficient_funds", "type": "issuer_declined"},
        "metadata": intent()["metadata"], "amount": 4900, "currency": "usd",
        "payment_method_details": {"type": "card", "card": {"fingerprint": "visa-1"}},
    }  # fmt: skip
    return row | values


def counted(world: EventWorld) -> tuple[int, list[str], str]:
    """How many failures, of which charges, the latest for what."""
    (row,) = seeds.fetch(world.db, stripe.collections)
    return row["failures"], row["failed_charges"], row["last_codes"].get("decline", "")


def cards_declined(world: EventWorld) -> list[tuple[str, str]]:
    """Each declined charge with its card."""
    return sorted((row["charge_id"], row["fingerprint"]) for row in seeds.fetch(world.db, stripe.card_declines))


def sweep_charges(world: EventWorld) -> int:
    """How many facts a sweep of the charges found that no event had told."""
    assert isinstance(world.store, SweepStore)
    return sweep_objects(world.store, world.stripe, world.clock, object_types=["charge"]).missed_by_events


def test_a_failure_whose_event_was_lost_before_the_success_is_found_among_the_charges(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent())
    world.stripe.lists["/v1/charges"] = [failed_charge()]
    world.stripe.hold("/v1/charges/ch_0", failed_charge())
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()

    missed = sweep_charges(world)
    world.apply()
    again = sweep_charges(world)

    assert (missed, again) == (1, 0)
    assert counted(world) == (1, ["ch_0"], "insufficient_funds")
    assert cards_declined(world) == [("ch_0", "visa-1")]


def test_a_failed_attempt_of_somebody_elses_is_not_read_at_all(world: EventWorld) -> None:
    world.stripe.lists["/v1/charges"] = [failed_charge(metadata={})]

    missed = sweep_charges(world)

    assert (missed, world.stripe.reads) == (0, ["/v1/charges"])


def test_a_bank_debit_that_came_back_is_no_failed_attempt(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent())
    world.tell(event("payment_intent.succeeded", intent()))
    world.tell(event("charge.failed", failed_charge("ch_1", failure_balance_transaction="txn_2")))

    world.apply()

    assert counted(world)[0] == 0


STORIES = list(permutations([
    event("charge.failed", failed_charge("ch_a"), "evt_1"),
    event("payment_intent.payment_failed", declined(charge="ch_a"), "evt_2"),
    event("charge.failed", failed_charge("ch_b", outcome={"reason": "expired_card"}), "evt_3"),
    event("payment_intent.payment_failed", declined(charge="ch_b", last_payment_error={
        "charge": "ch_b", "code": "expired_card", "decline_code": "expired_card", "message": "Too old."}), "evt_4"),
]))  # fmt: skip


@pytest.mark.parametrize("told", STORIES)
def test_two_failures_of_one_second_end_alike_in_any_order(world: EventWorld, told: tuple[dict[str, Any], ...]) -> None:
    stands = [one["data"]["object"] for one in told if one["type"] == "payment_intent.payment_failed"][-1]
    world.stripe.hold("/v1/payment_intents/pi_1", stands)
    for one in told:
        world.tell(one)
        world.apply()

    (row,) = seeds.fetch(world.db, stripe.collections)

    assert counted(world) == (2, ["ch_a", "ch_b"], "expired_card")
    assert row["last_codes"]["message"] == "Too old."
    assert cards_declined(world) == [("ch_a", "visa-1"), ("ch_b", "visa-1")]


def test_failures_that_a_collection_brought_along_are_kept(db: Database) -> None:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    seeds.insert_collection(db, status="", failures=2, failed_charges=[])
    world = EventWorld(db, SweepStore(db))
    world.stripe.hold("/v1/payment_intents/pi_1", declined())

    world.tell(event("payment_intent.payment_failed", declined()))
    world.apply()

    assert counted(world)[0] == 3
