"""Dunning with everything around it real: the simulator's Stripe, collection, the inbox, the books, subscriptions."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import billing, control, stripe
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.pass_due_dates import pass_due_dates
from billing_pipeline.flows.reinstate_payers import reinstate_payers
from billing_pipeline.flows.run_billing import run_billing
from billing_pipeline.flows.run_dunning import run_dunning
from stripe_simulator import Simulator
from tests import seeds
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.dunning_world import World


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    found = open_desk(db, simulator)
    found.pass_time(hours=10)
    return found


def apply(desk: Desk) -> None:
    events = [event_fact(one, "poll") for one in reversed(desk.sim.objects("event"))]
    InboxStore(desk.db).put(events, desk.clock.now())
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def day(desk: Desk, world: World) -> None:
    """One day of the schedule, at ten in the morning."""
    pass_due_dates(EventStore(desk.db), desk.clock)
    apply(desk)
    run_dunning(world.store, desk.gateway, world.gate, world.policy, desk.clock, world.letters)
    desk.collect()
    desk.settle()
    apply(desk)
    reinstate_payers(world.store, world.policy, desk.clock, world.letters)
    apply(desk)
    run_billing(BillingStore(desk.db), desk.clock, through=desk.clock.now().date())
    desk.pass_time(days=1)


def days_until(desk: Desk, world: World, reached: Callable[[], bool], at_most: int) -> int:
    for passed in range(at_most):
        if reached():
            return passed
        day(desk, world)
    raise AssertionError(f"not reached within {at_most} days")


def state(desk: Desk) -> str:
    return str(seeds.fetch(desk.db, billing.invoices, invoice_id="inv-1")[0]["state"])


def suspended(desk: Desk) -> bool:
    return seeds.fetch(desk.db, billing.subscriptions)[0]["suspended_at"] is not None


def subscribed(desk: Desk, card: str) -> str:
    """A customer with that card and one unpaid invoice, whose subscription is not billed again in this story."""
    theirs = customer(desk, card=card)
    seeds.insert_price(desk.db)
    seeds.insert_subscription(desk.db, next_period_start=desk.clock.now() + timedelta(days=400))
    invoice(desk, subscription_id="s1")
    return theirs


def test_a_customer_who_ignores_everything_is_suspended_and_back_within_the_day_of_payment(desk: Desk, db: Database):
    world = World(db)
    theirs = subscribed(desk, "pm_sim_lost_card")
    days_until(desk, world, lambda: suspended(desk), 30)
    letters = [row["template"] for row in seeds.fetch(db, control.messages)]
    give_card(desk, "acme", theirs, "pm_card_visa")

    day(desk, world)

    assert sorted(letters) == ["escalation", "final_notice", "payment_failed", "suspended"]
    assert (state(desk), suspended(desk), desk.charges()) == ("paid", False, {"inv-1": 1})


def test_retries_are_made_on_the_same_intent_and_a_refilled_account_pays(desk: Desk, db: Database):
    world = World(db)
    theirs = subscribed(desk, "pm_sim_insufficient_funds")
    day(desk, world)
    days_until(desk, world, lambda: desk.collection()["failures"] == 3, 20)
    give_card(desk, "acme", theirs, "pm_card_mastercard")

    day(desk, world)

    steps = [row["step"] for row in seeds.fetch(db, control.dunning_steps) if row["action"] == "retry"]
    assert len(steps) >= 2
    assert (state(desk), len(desk.sim.objects("payment_intent"))) == ("paid", 1)


def test_an_invoice_that_nobody_pays_ends_written_off_with_its_subscription_ended(desk: Desk, db: Database):
    world = World(db)
    subscribed(desk, "pm_sim_generic_decline")

    days_until(desk, world, lambda: state(desk) == "written_off", 90)

    subscription = seeds.fetch(db, billing.subscriptions)[0]
    tries = [row for row in desk.attempts() if row["operation"] in ("charge", "confirm")]
    waiting = seeds.fetch(db, stripe.inbox, state="new")
    assert (subscription["state"], waiting) == ("canceled", [])
    assert 2 < len(tries) <= 8
    assert seeds.fetch(db, control.hooks, type="invoice.written_off")
