"""Whoever pays gets back what dunning took, once."""

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control, stripe
from billing_pipeline.flows.reinstate_payers import reinstate_payers
from tests import seeds
from tests.dunning_world import DUE, World


@pytest.fixture
def world(db: Database) -> World:
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    seeds.insert_price(db)
    seeds.insert_subscription(db, "s1")
    return found


def reinstate(world: World) -> int:
    return reinstate_payers(world.store, world.policy, world.clock, world.letters).accounts


def until(world: World, late_days: int) -> None:
    for day in range(1, late_days + 1):
        world.day(day).run()


def facts(world: World, word: str) -> list[str]:
    return [row["object_id"] for row in seeds.fetch(world.db, stripe.inbox) if row["type"] == f"subscription.{word}"]


def test_a_suspended_payer_is_reinstated_and_told(world: World):
    until(world, 20)
    world.pay()

    accounts = reinstate(world)

    letter = seeds.fetch(world.db, control.messages, template="reinstated")[0]
    hooks = [row["type"] for row in seeds.fetch(world.db, control.hooks)]
    assert (accounts, facts(world, "reinstate")) == (1, ["s1"])
    assert sorted(hooks) == ["account.reinstated", "account.suspended"]
    assert "Thank you" in letter["subject"]


def test_doing_it_again_reinstates_nobody_twice(world: World):
    until(world, 20)
    world.pay()
    reinstate(world)

    again = reinstate(world)

    assert (again, facts(world, "reinstate")) == (0, ["s1"])


def test_nobody_is_reinstated_while_another_invoice_is_overdue(world: World):
    until(world, 20)
    world.late("inv-2", due_on=DUE, total_minor=100, subtotal_minor=100, due_minor=100)
    world.pay()
    too_early = reinstate(world)

    world.pay("inv-2")

    assert (too_early, reinstate(world)) == (0, 1)


def test_who_was_never_suspended_is_not_reinstated(world: World):
    until(world, 5)
    world.pay()

    assert (reinstate(world), facts(world, "reinstate")) == (0, [])


def test_a_suspension_that_was_skipped_by_hand_needs_no_reinstatement(world: World):
    until(world, 18)
    hold = {"who": "ann", "why": "friend of the house", "made_at": world.clock.now()}
    seeds.add(world.db, control.dunning_holds, invoice_id="inv-1", kind="skip", **hold)
    until(world, 20)
    world.pay()

    assert (reinstate(world), facts(world, "suspend")) == (0, [])


def test_an_invoice_that_was_written_off_keeps_the_account_suspended_until_it_is_paid(world: World):
    until(world, 20)
    now = world.clock.now()
    seeds.change(world.db, billing.invoices, "inv-1", state="written_off", written_off_at=now)
    before = reinstate(world)

    world.pay()

    assert (before, reinstate(world)) == (0, 1)


def test_an_invoice_that_was_voided_gives_the_service_back_too(world: World):
    until(world, 20)
    seeds.change(world.db, billing.invoices, "inv-1", state="void", voided_at=world.clock.now())

    assert reinstate(world) == 1


def test_a_second_suspension_after_a_bank_return_is_reinstated_anew(world: World):
    until(world, 20)
    world.pay()
    reinstate(world)
    seeds.change(world.db, billing.invoices, "inv-1", state="overdue", paid_at=None, paid_minor=0)
    with world.db.transaction() as connection:
        connection.execute(stripe.collections.update().values(close_reason="returned"))
    for late_days in range(21, 45):
        world.day(late_days).run()
    world.pay()

    again = reinstate(world)

    assert "suspend@2" in world.steps()
    assert (again, facts(world, "reinstate")) == (1, ["s1", "s1"])


def test_a_payer_whose_subscriptions_were_canceled_is_not_told_that_the_service_is_back(world: World):
    until(world, 20)
    seeds.change(world.db, billing.subscriptions, "s1", state="canceled", next_period_start=None)
    world.pay()

    accounts = [reinstate(world) for _ in range(2)]

    assert (accounts, facts(world, "reinstate")) == ([0, 0], [])
    assert seeds.fetch(world.db, control.messages, template="reinstated") == []
    assert [row["type"] for row in seeds.fetch(world.db, control.hooks)] == ["account.suspended"]
