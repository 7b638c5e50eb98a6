"""Payment intents that somebody makes by hand for an invoice of ours, while ours waits to be paid."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.facts import event_fact
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.dunning_world import World
from tests.flows.event_world import T0, EventWorld, event, intent
from tests.seeds import add, fetch, insert_account, insert_collection, insert_invoice

NAMED = {"invoice_id": "inv-1", "account_id": "acme"}


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


@pytest.fixture
def theirs(desk: Desk) -> str:
    """A customer whose card was declined for inv-1: our intent waits for another card."""
    made = customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    apply(desk)
    return made


def apply(desk: Desk) -> None:
    events = [event_fact(one, "poll") for one in reversed(desk.sim.objects("event"))]
    InboxStore(desk.db).put(events, desk.clock.now())
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def by_hand(desk: Desk, theirs: str, amount: int, metadata: dict[str, str], **params: Any) -> str:
    """An intent made in the dashboard; its id."""
    asked: Any = {"amount": amount, "currency": "usd", "customer": theirs, "metadata": metadata} | params
    return desk.sim.client().v1.payment_intents.create(asked).id


def pay_by_hand(desk: Desk, theirs: str, amount: int, metadata: dict[str, str]) -> str:
    """A charge of a card that works, made in the dashboard; the id of its intent."""
    method = desk.sim.client().v1.payment_methods.attach("pm_card_visa", {"customer": theirs}).id
    return by_hand(desk, theirs, amount, metadata, payment_method=method, confirm=True, off_session=True)


def ours(desk: Desk) -> dict[str, Any]:
    """Our intent as Stripe has it."""
    (found,) = [
        one for one in desk.sim.objects("payment_intent") if one["id"] == desk.collection()["payment_intent_id"]
    ]
    return found


@pytest.mark.parametrize("amount", [3000, 4900])
@pytest.mark.parametrize("metadata", [NAMED, NAMED | {"seq": "1"}], ids=["named", "copied"])
def test_our_intent_cannot_be_paid_any_more_once_another_charge_paid_the_invoice(
    desk: Desk, theirs: str, amount: int, metadata: dict[str, str]
) -> None:
    pay_by_hand(desk, theirs, amount, metadata)
    apply(desk)

    done = desk.collect()
    apply(desk)

    assert (done.canceled, ours(desk)["status"]) == (1, "canceled")
    assert (desk.collection()["close_reason"], desk.collection()["status"]) == ("paid", "canceled")
    assert [row["paid_minor"] for row in fetch(desk.db, billing.invoices)] == [amount]


@pytest.mark.parametrize("metadata", [NAMED, NAMED | {"seq": "1"}], ids=["named", "copied"])
def test_another_intent_that_is_canceled_leaves_our_collection_open(
    desk: Desk, theirs: str, metadata: dict[str, str]
) -> None:
    other = by_hand(desk, theirs, 3000, metadata)
    desk.sim.client().v1.payment_intents.cancel(other)

    apply(desk)

    assert (desk.collection()["closed_at"], ours(desk)["status"]) == (None, "requires_payment_method")


def test_another_intent_does_not_become_that_of_a_collection_without_one(desk: Desk) -> None:
    theirs = customer(desk, card=None)
    invoice(desk)
    desk.collect()
    pay_by_hand(desk, theirs, 3000, NAMED)

    apply(desk)

    assert (desk.collection()["payment_intent_id"], desk.collection()["close_reason"]) == (None, "paid")
    assert [row["applied_minor"] for row in fetch(desk.db, stripe.payments)] == [3000]


def test_a_declined_try_of_another_intent_is_none_of_ours(desk: Desk, theirs: str) -> None:
    method = desk.sim.client().v1.payment_methods.attach("pm_sim_insufficient_funds", {"customer": theirs}).id
    with pytest.raises(Exception, match="insufficient"):
        by_hand(desk, theirs, 3000, NAMED, payment_method=method, confirm=True, off_session=True)

    apply(desk)

    assert desk.collection()["failures"] == 1


@pytest.mark.parametrize(
    ("status", "reason"), [("requires_payment_method", "paid"), ("canceled", "returned")], ids=["payable", "canceled"]
)
def test_a_return_of_another_charge_is_the_return_of_our_collection_once_its_intent_is_canceled(
    db: Database, status: str, reason: str
) -> None:
    insert_account(db)
    insert_invoice(db)
    insert_collection(db, payment_intent_id="pi_ours", status=status)
    world = EventWorld(db, EventStore(db))
    world.tell(event("payment_intent.succeeded", intent("pi_2", metadata=NAMED)))
    world.apply()
    back = {"id": "ch_2", "object": "charge", "status": "failed", "payment_intent": "pi_2", "created": T0}
    returned = {"failure_balance_transaction": "txn_2", "metadata": NAMED, "amount": 4900, "currency": "usd"}
    world.tell(event("charge.failed", back | returned))

    world.apply()

    (row,) = fetch(db, stripe.collections)
    (owed,) = fetch(db, billing.invoices)
    assert (row["close_reason"], owed["state"], owed["paid_minor"]) == (reason, "overdue", 0)


def test_an_invoice_whose_other_charge_came_back_before_our_intent_was_canceled_is_charged_again(desk: Desk) -> None:
    theirs = customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    apply(desk)
    back = {"id": "py_2", "object": "charge", "status": "failed", "payment_intent": "pi_2", "created": T0}
    returned = {"failure_balance_transaction": "txn_2", "metadata": NAMED, "amount": 4900, "currency": "usd"}
    InboxStore(desk.db).put([event_fact(event("charge.failed", back | returned), "poll")], desk.clock.now())
    apply(desk)
    give_card(desk, "acme", theirs, "pm_card_visa")

    for _ in range(2):
        desk.collect()
        apply(desk)

    assert (desk.charges(), ours(desk)["status"]) == ({"inv-1": 1}, "canceled")
    assert desk.collection(seq=2)["close_reason"] == "paid"


def test_the_rest_of_an_invoice_that_a_charge_paid_in_part_is_dunned_though_nothing_failed(db: Database) -> None:
    world = World(db)
    world.late(charged=False, paid_minor=3000)
    paid = {"amount_minor": 3000, "applied_minor": 3000, "succeeded_at": world.clock.now(), "currency": "usd"}
    add(
        db, stripe.payments, payment_id="pi_2", charge_id="ch_2", account_id="acme", invoice_id="inv-1",
        method="card", payment_intent_id="pi_2", **paid,
    )  # fmt: skip

    done = [world.day(late).run().taken for late in range(1, 8)]

    assert sum(taken.get("mail", 0) for taken in done) > 0
