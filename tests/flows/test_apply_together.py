"""Applying when several do it, when Stripe or the database is away, and when a process dies holding facts."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest

from billing_pipeline.adapters.database_errors import translated
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_rows import WRITERS
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain.errors import Broken, TryLater
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.event_rows import Row
from tests import seeds
from tests.clusters import Cluster
from tests.flows.event_world import EventWorld, FakeGateway, declined, event, intent, transaction

INVOICES = 30


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    for number in range(INVOICES):
        seeds.insert_invoice(db, f"inv-{number}")
    return EventWorld(db, EventStore(db))


def together(work: Callable[[], object], times: int = 4) -> None:
    """Do the work in several threads at once."""
    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def payments(world: EventWorld) -> list[dict[str, Any]]:
    return [
        event("payment_intent.succeeded", intent(f"pi_{number}", invoice=f"inv-{number}"), f"evt_{number}_{again}")
        for again in range(3)
        for number in range(INVOICES)
    ]


def test_several_appliers_at_once_book_every_payment_once(world: EventWorld) -> None:
    world.tell(*payments(world))

    together(lambda: apply_events(world.store, world.stripe, world.clock))
    world.apply()

    assert world.balances() == {"receivable": -4900 * INVOICES, "stripe_pending": 4900 * INVOICES}
    assert sorted(world.facts().values()) == ["applied"] * INVOICES + ["ignored"] * 2 * INVOICES


@dataclass
class Watching(FakeGateway):
    """A Stripe that notices when one object is read by two at the same time."""

    open_reads: set[str] = field(default_factory=set)
    clashes: list[str] = field(default_factory=list)
    pause: threading.Event = field(default_factory=threading.Event)

    def read(self, path: str, params: Json | None = None) -> Json | None:
        if path in self.open_reads:
            self.clashes.append(path)
        self.open_reads.add(path)
        self.pause.wait(0.05)
        self.open_reads.discard(path)
        return FakeGateway.read(self, path, params)


def test_one_object_is_never_read_by_two_at_a_time(world: EventWorld) -> None:
    stripe_seen = Watching()
    stripe_seen.hold("/v1/payment_intents/pi_1", declined())
    for number in range(8):
        world.tell(event("payment_intent.payment_failed", declined(charge=f"ch_{number}"), f"evt_{number}"))

    def apply_a_few() -> None:
        apply_events(world.store, stripe_seen, world.clock, limit=3)

    together(apply_a_few)

    assert stripe_seen.clashes == []
    assert stripe_seen.reads


def test_facts_wait_while_stripe_is_away_and_are_applied_when_it_is_back(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent(invoice="inv-1"))
    world.tell(
        event("payment_intent.processing", intent(status="processing", invoice="inv-1")),
        event("payment_intent.succeeded", intent("pi_2", invoice="inv-2")),
    )
    world.stripe.away = TryLater("Stripe is away")
    while_away = world.apply()
    world.stripe.away = None

    afterwards = world.apply()

    assert (while_away.applied, while_away.postponed) == (1, 1)
    assert (afterwards.applied, afterwards.postponed) == (1, 0)


def test_an_object_that_stripe_does_not_have_makes_its_fact_dead(world: EventWorld) -> None:
    world.tell(event("payout.paid", {"id": "po_9", "object": "payout", "status": "paid"}))

    applied = world.apply()

    assert (applied.dead, world.reasons()) == (1, ["Stripe has no payout po_9"])


def test_facts_that_a_dead_process_held_are_taken_up_again_when_its_lease_ends(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent(invoice="inv-1"))
    world.tell(event("payment_intent.processing", intent(status="processing", invoice="inv-1")))
    (fact,) = seeds.fetch(world.db, stripe.inbox)
    world.store.claim([fact["inbox_id"]])
    while_held = world.apply()
    with world.db.cursor() as cursor:
        cursor.execute("update inbox set claimed_until = clock_timestamp() - interval '1 second'")

    afterwards = world.apply()

    assert (while_held.applied, afterwards.applied) == (0, 1)


def test_many_balance_transactions_are_read_by_the_page(world: EventWorld) -> None:
    found: list[Json] = [transaction(f"txn_{number}", source=f"ch_{number}") for number in range(25)]
    world.stripe.lists["/v1/balance_transactions"] = found
    for number in range(25):
        charge = {
            "id": f"ch_{number}",
            "object": "charge",
            "status": "succeeded",
            "balance_transaction": f"txn_{number}",
        }
        world.tell(event("charge.updated", charge))

    applied = world.apply()

    assert (applied.applied, world.stripe.reads) == (25, ["/v1/balance_transactions"])


def test_a_batch_larger_than_one_transaction_is_applied_whole_and_a_limit_is_kept(world: EventWorld) -> None:
    noise = [event("charge.refunded", {"id": "ch_1", "object": "charge"}, f"evt_{number}") for number in range(1200)]
    world.tell(*noise)

    some = apply_events(world.store, world.stripe, world.clock, limit=700)
    rest = world.apply()

    assert (some.ignored, rest.ignored) == (700, 500)


def test_a_database_that_is_away_stops_applying_with_try_later(cluster: Cluster, template: str) -> None:
    name = cluster.create(template)
    db = Database(cluster.url(name))
    world = EventWorld(db, EventStore(db))
    world.tell(event("payment_intent.succeeded", intent()))
    db.close()
    cluster.drop(name)

    with pytest.raises(TryLater):
        world.apply()
    db.close()


def test_what_the_database_will_never_take_is_broken_and_names_no_values(world: EventWorld) -> None:
    with pytest.raises(Broken, match="violates") as refused, translated():
        seeds.insert_invoice(world.db, "inv-1", state="unicorn")

    assert "\n" not in str(refused.value)


def test_every_kind_of_row_can_be_written() -> None:
    assert set(get_args(Row)) == set(WRITERS)


def test_a_second_payment_in_the_same_batch_sees_what_the_first_one_did(world: EventWorld) -> None:
    world.tell(*[event("payment_intent.succeeded", intent(f"pi_{n}", invoice="inv-1"), f"evt_{n}") for n in range(3)])

    world.apply()

    grants = seeds.fetch(world.db, billing.credit_grants)
    assert [grant["amount_minor"] for grant in grants] == [4900, 4900]
