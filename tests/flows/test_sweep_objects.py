"""The sweep: what no event told is found in the objects, and a certificate says that nothing is missing, or why not."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.tables import billing, catalog, control, stripe
from billing_pipeline.domain.errors import TryLater
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.ports import Json, Page
from billing_pipeline.flows.sweep_objects import LISTINGS, Swept, sweep_everything, sweep_objects
from tests import seeds
from tests.fakes import START
from tests.flows.event_world import T0, EventWorld, FakeGateway, declined, event, intent, transaction


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    seeds.insert_collection(db, status="", failures=0, last_codes={}, last_failed_at=None)
    made = EventWorld(db, SweepStore(db))
    hold(made, "payment_intent", intent())
    made.stripe.hold("/v1/customers/cus_acme", {"id": "cus_acme", "object": "customer"})
    return made


def hold(world: EventWorld, object_type: str, payload: dict[str, Any]) -> None:
    """Let Stripe list the object and show it."""
    path = LISTINGS[object_type].path
    world.stripe.lists[path] = [payload]
    world.stripe.hold(f"{path}/{payload['id']}", payload)


class Unreadable(FakeGateway):
    """A Stripe that lists objects and does not show them."""

    def read(self, path: str, params: Json | None = None) -> Json | None:
        raise TryLater("rate limit")


class Noting(FakeGateway):
    """An empty Stripe. asked: the filters it was asked with."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Json] = []

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        self.asked.append(params or {})
        yield Page((), False)


def sweep(world: EventWorld, **options: Any) -> Swept:
    assert isinstance(world.store, SweepStore)
    return sweep_objects(world.store, world.stripe, world.clock, **options)


def state_of(world: EventWorld) -> str:
    (invoice,) = seeds.fetch(world.db, billing.invoices)
    return str(invoice["state"])


def test_a_payment_that_no_event_told_is_found_and_applied(world: EventWorld) -> None:
    swept = sweep(world)

    world.apply()

    assert (swept.missed_by_events, state_of(world)) == (1, "paid")
    (fact,) = seeds.fetch(world.db, stripe.inbox)
    assert (fact["source"], fact["type"]) == ("sweep", "payment_intent.swept")


def test_what_is_known_or_waits_to_be_applied_is_not_counted_as_missed(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    while_waiting = sweep(world)
    world.apply()

    afterwards = sweep(world)

    assert (while_waiting.missed_by_events, afterwards.missed_by_events) == (0, 0)


def test_a_waiting_fact_that_moves_nothing_hides_no_payment(world: EventWorld) -> None:
    world.tell(event("payment_intent.created", intent(status="requires_payment_method")))

    assert sweep(world).missed_by_events == 1


@pytest.mark.parametrize(("told", "missed"), [("charge.succeeded", 1), ("charge.failed", 0)])
def test_only_a_waiting_fact_of_its_failure_hides_a_charge_that_came_back(
    world: EventWorld, told: str, missed: int
) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    came = {"id": "ch_1", "object": "charge", "status": "succeeded", "created": T0, "payment_intent": "pi_1"}
    came |= {"metadata": intent()["metadata"], "amount": 4900, "currency": "usd", "balance_transaction": "txn_1"}
    back = came | {"status": "failed", "failure_balance_transaction": "txn_2"}
    hold(world, "charge", back)
    world.tell(event(told, back if told == "charge.failed" else came))

    assert sweep(world, object_types=["charge"]).missed_by_events == missed


def test_a_decline_that_no_event_told_is_counted_once(world: EventWorld) -> None:
    hold(world, "payment_intent", declined())
    sweep(world)
    world.apply()

    again = sweep(world)

    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (collection["failures"], again.missed_by_events) == (1, 0)


def test_an_open_intent_outside_the_lists_window_is_asked_for_by_itself(world: EventWorld) -> None:
    world.stripe.lists.clear()

    swept = sweep(world, object_types=["payment_intent"])
    world.apply()

    assert (swept.missed_by_events, state_of(world)) == (1, "paid")


def test_a_customer_that_the_list_does_not_bring_is_asked_for_and_flagged(world: EventWorld) -> None:
    world.stripe.hold("/v1/customers/cus_acme", {"id": "cus_acme", "object": "customer", "deleted": True})

    swept = sweep(world, object_types=["customer"])
    world.apply()

    (account,) = seeds.fetch(world.db, catalog.accounts)
    assert (swept.missed_by_events, account["customer_deleted_at"] is not None) == (1, True)


def test_a_refund_made_by_hand_in_the_dashboard_is_found(world: EventWorld) -> None:
    refund = {
        "id": "re_1",
        "object": "refund",
        "charge": "ch_1",
        "status": "succeeded",
        "currency": "usd",
        "amount": 900,
    }
    hold(world, "refund", refund | {"created": 1767225600, "balance_transaction": "txn_r", "payment_intent": intent()})

    sweep(world)
    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["refunded_minor"]) == ("paid", 900)


def test_fees_are_booked_from_swept_balance_transactions(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    hold(world, "balance_transaction", transaction())

    first, second = sweep(world), sweep(world)

    assert (first.missed_by_events, second.missed_by_events) == (1, 0)
    assert world.balances()["processor_fees"] == 172


def test_every_page_is_passed_on_as_it_came(world: EventWorld) -> None:
    passed: list[tuple[str, list[str]]] = []

    sweep(world, sink=lambda object_type, found: passed.append((object_type, [one["id"] for one in found])))

    assert ("payment_intent", ["pi_1"]) in passed
    assert {object_type for object_type, _ in passed} == set(LISTINGS)


def test_a_certificate_says_how_many_and_how_much_up_to_when(world: EventWorld) -> None:
    swept = sweep(world)

    rows = {row["object_type"]: row for row in seeds.fetch(world.db, control.certificates)}
    intents = rows["payment_intent"]
    assert set(swept.certified) == set(LISTINGS) == set(rows)
    assert (intents["issued"], intents["objects"], intents["sums"], intents["reason"]) == (True, 1, {"usd": 4900}, "")
    assert (intents["complete_to"], intents["missed_by_events"]) == (START - timedelta(minutes=5), 1)


def test_the_digest_tells_two_states_of_the_same_objects_apart(world: EventWorld) -> None:
    sweep(world, object_types=["payment_intent"])
    hold(world, "payment_intent", intent(amount=4901))
    sweep(world, object_types=["payment_intent"])
    hold(world, "payment_intent", intent())
    sweep(world, object_types=["payment_intent"])

    first, second, third = [row["digest"] for row in seeds.fetch(world.db, control.certificates)]
    assert first == third != second


def test_a_list_that_breaks_off_gives_no_certificate_but_says_why(world: EventWorld) -> None:
    world.stripe.away = TryLater("Stripe is away")

    swept = sweep(world, object_types=["refund"])

    (row,) = seeds.fetch(world.db, control.certificates)
    assert swept.certified == ()
    assert (row["issued"], row["reason"]) == (False, "the list could not be read to its end: Stripe is away")


def test_a_beginning_from_the_objects_is_only_believed_when_all_of_it_was_read(world: EventWorld) -> None:
    assert isinstance(world.store, SweepStore)
    whole = sweep_everything(world.store, world.stripe, world.clock)
    world.stripe.away = TryLater("Stripe is away")

    with pytest.raises(TryLater, match="cannot begin with the objects: payment_intent"):
        sweep_everything(world.store, world.stripe, world.clock)

    assert whole.refused == {}


def test_an_object_that_cannot_be_read_gives_no_certificate(world: EventWorld) -> None:
    world.stripe = Unreadable(lists=world.stripe.lists)

    swept = sweep(world, object_types=["payment_intent"])

    assert swept.refused == {"payment_intent": "1 objects could not be read"}


def test_a_window_that_leaves_a_gap_gives_no_certificate(world: EventWorld) -> None:
    swept = sweep(world, object_types=["refund"], since=START - timedelta(days=1))

    assert swept.refused == {"refund": "what lies before 2025-12-31 00:00 was not swept"}


def test_the_next_list_begins_before_the_last_certificate_by_as_much_as_objects_still_change(world: EventWorld) -> None:
    world.stripe = noting = Noting()
    sweep(world, object_types=["refund"])
    world.clock.advance(days=40)

    sweep(world, object_types=["refund"])

    begin = START - timedelta(minutes=5) - timedelta(days=35)
    assert noting.asked == [{"limit": 100}, {"limit": 100, "created": {"gte": int(begin.timestamp())}}]


def test_a_payouts_members_are_noted_once_stripe_has_worked_them_out(world: EventWorld) -> None:
    payout = {"id": "po_1", "object": "payout", "status": "paid", "currency": "usd", "amount": 4728, "automatic": True}
    payout |= {
        "method": "standard",
        "arrival_date": 1767225600,
        "created": 1767225600,
        "reconciliation_status": "completed",
    }
    hold(world, "payout", payout)
    sweep(world)
    apply_events(world.store, world.stripe, world.clock)
    hold(world, "balance_transaction", transaction())

    sweep(world)

    (row,) = seeds.fetch(world.db, stripe.balance_transactions)
    assert row["payout_id"] == "po_1"
