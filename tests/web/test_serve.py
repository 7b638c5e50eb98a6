"""The long-running process: what is delivered or polled becomes state by itself, and no round's failure ends it."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.errors import TryLater
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.books import Errand
from billing_pipeline.web.app import build_app
from billing_pipeline.web.counted_gateway import CountedGateway
from billing_pipeline.web.metrics import Metrics
from billing_pipeline.web.serve import ROUND_SECONDS, Loops, applying, working
from stripe_simulator import Simulator
from tests import seeds
from tests.collecting import customer, invoice, open_desk
from tests.fakes import FakeClock
from tests.flows.event_world import FakeGateway, event, intent
from tests.flows.month import charge, customer_of, gateway_of
from tests.web.web_world import Client, world_on

PATIENCE_SECONDS = 30
LOOSE = {"id": "sub_1", "object": "subscription", "status": "active", "metadata": {}, "pause_collection": None}


@pytest.fixture
def world(db: Database, tmp_path: Path, fake_clock: FakeClock, simulator: Simulator) -> World:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    gateway = gateway_of(simulator)
    return replace(world_on(db, tmp_path, fake_clock), gateway=gateway, reader=gateway)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it comes to hold within PATIENCE_SECONDS."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not (held := holds()) and time.monotonic() < until:
        time.sleep(0.01)
    return held


def is_paid(db: Database) -> bool:
    (invoice,) = seeds.fetch(db, billing.invoices)
    return bool(invoice["state"] == "paid")


def test_a_delivery_becomes_state_without_anybody_asking(world: World, fake_clock: FakeClock) -> None:
    loops = Loops(world, Metrics())
    client = Client(build_app(world, metrics=loops.metrics, on_stored=lambda new: loops.wake.set()), fake_clock)

    with applying(loops):
        answer = client.deliver(event("payment_intent.succeeded", intent()))
        paid = eventually(lambda: is_paid(world.db))

    assert (answer.status, paid) == (200, True)
    assert 'billing_facts_applied_total{state="applied"} 1.0' in loops.metrics.exposition(None).decode()


def test_what_no_webhook_brought_is_polled_and_applied(world: World, simulator: Simulator) -> None:
    client = simulator.client()
    customer, method = customer_of(client, "acme", "pm_card_visa")
    charge(client, "inv-1", "acme", customer, method)
    loops = Loops(world, Metrics())

    with working(loops):
        paid = eventually(lambda: is_paid(world.db))

    assert paid
    assert b"billing_stripe_calls_total" in loops.metrics.exposition(None)


def test_a_dead_mail_server_keeps_no_payer_waiting_and_nothing_has_to_arrive(world: World) -> None:
    dead, reinstated = Event(), Event()
    loops = Loops(world, Metrics(), rounds={"messages": dead.wait, "reinstate": reinstated.set})

    with working(loops):
        in_time = reinstated.wait(PATIENCE_SECONDS)
        dead.set()

    assert in_time
    assert ROUND_SECONDS * 2 < 60  # a payer has the service back within a minute, and the hook of it leaves


def test_a_round_that_fails_is_counted_and_the_next_one_goes_on(world: World) -> None:
    stripe_away = FakeGateway(away=TryLater("Stripe is away"))
    loops = Loops(replace(world, reader=stripe_away), Metrics())  # type: ignore[arg-type]

    with working(loops):
        failed = eventually(
            lambda: 'billing_loop_failures_total{loop="poll"} 1.0' in loops.metrics.exposition(None).decode()
        )
        stripe_away.away = None
        went_on = eventually(lambda: SweepStore(world.db).high_water("events") is not None)

    assert (failed, went_on) == (True, True)


def test_a_call_without_a_known_end_is_settled_and_applied_without_anybody_asking(
    world: World, simulator: Simulator
) -> None:
    desk = open_desk(world.db, simulator)
    customer(desk, "late")
    invoice(desk, "inv-late", "late")
    desk.fault("drop_after")
    unknown = desk.collect().unknown
    desk.pass_time(minutes=1)

    with working(Loops(replace(world, clock=simulator.clock), Metrics())):
        settled = eventually(lambda: not desk.attempts(outcome=None))
        paid = eventually(lambda: seeds.fetch(world.db, billing.invoices, invoice_id="inv-late")[0]["state"] == "paid")

    assert (unknown, settled, paid) == (1, True, True)
    assert desk.charges() == {"inv-late": 1}


def test_what_facts_ask_for_in_stripe_is_done_by_a_loop_of_its_own(world: World, fake_clock: FakeClock) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, stripe_subscription_id="sub_1", mirror_state="held")
    stripe_says = FakeGateway(objects={"/v1/subscriptions/sub_1": LOOSE})
    asked: list[Errand] = []
    loops = Loops(replace(world, reader=stripe_says), Metrics(), run_errands=asked.extend)  # type: ignore[arg-type]
    client = Client(build_app(world, metrics=loops.metrics, on_stored=lambda new: loops.wake.set()), fake_clock)

    with working(loops):
        client.deliver(event("customer.subscription.updated", LOOSE))
        done = eventually(lambda: bool(asked))

    assert done
    assert asked == [Errand("hold", SubscriptionId("s1"), "sub_1")]


def test_a_gateway_that_counts_says_what_the_other_says() -> None:
    behind, metrics = (
        FakeGateway(objects={"/v1/charges/ch_1": {"id": "ch_1"}}, lists={"/v1/charges": [{"id": "ch_1"}]}),
        Metrics(),
    )
    gateway = CountedGateway(behind, metrics)

    read, pages = gateway.read("/v1/charges/ch_1"), list(gateway.pages("/v1/charges"))

    text = metrics.exposition(None).decode()
    assert (read, [page.objects for page in pages]) == ({"id": "ch_1"}, [({"id": "ch_1"},)])
    assert 'billing_stripe_calls_total{operation="read"} 1.0' in text
    assert 'billing_stripe_calls_total{operation="list"} 2.0' in text


def test_two_appliers_at_once_apply_each_fact_once(world: World) -> None:
    first, second = Loops(world, Metrics()), Loops(world, Metrics())
    client = Client(build_app(world, on_stored=lambda new: (first.wake.set(), second.wake.set())), world.clock)  # type: ignore[arg-type, func-returns-value]

    with applying(first), applying(second):
        for number in range(20):
            client.deliver(event("payment_intent.succeeded", intent(), f"evt_{number}"))
        done = eventually(lambda: all(row["state"] != "new" for row in seeds.fetch(world.db, stripe.inbox)))

    states = sorted(row["state"] for row in seeds.fetch(world.db, stripe.inbox))
    assert done
    assert states == ["applied", *["ignored"] * 19]
