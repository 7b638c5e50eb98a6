"""Money of invoices that Stripe billed goes back, told before or after its payment: the end is the same."""

from itertools import permutations
from threading import Thread
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain.events import Topic
from billing_pipeline.flows.appliers.dispatch import Ready
from billing_pipeline.flows.appliers.settle import settle
from tests import seeds
from tests.flows.event_world import T0, EventWorld, event, intent, transaction
from tests.flows.reversals import DAY, dispute, refund, withdrawn

NOBODYS = intent(invoice="")
"""The intent of a Stripe invoice: nothing in it names an invoice of ours."""


@pytest.fixture
def world(db: Database) -> EventWorld:
    """An invoice of 49.00 usd, 9.00 of it tax, that Stripe collects as in_1."""
    seeds.insert_account(db)
    seeds.insert_invoice(db, tax_minor=900, charger="stripe", stripe_invoice_id="in_1")
    return EventWorld(db, EventStore(db))


def billed(**values: Any) -> dict[str, Any]:
    """Stripe's invoice, paid by ch_1."""
    payment = {"status": "paid", "is_default": True, "payment": {"type": "payment_intent", "payment_intent": NOBODYS}}
    row = {
        "id": "in_1",
        "object": "invoice",
        "status": "paid",
        "number": "S-1",
        "customer": "cus_acme",
        "currency": "usd",
    }
    row |= {"subtotal": 4000, "total": 4900, "amount_due": 4900, "amount_paid": 4900, "created": T0}
    row |= {"period_start": T0, "period_end": T0 + 30 * DAY, "payments": {"data": [payment]}}
    return row | values


def tell_paid(world: EventWorld) -> None:
    world.stripe.hold("/v1/invoices/in_1", billed())
    world.tell(event("invoice.paid", billed(payments={"data": []}), "evt_paid"))


def tell_refund(world: EventWorld) -> None:
    money = {"amount": -1000, "fee": 0, "reporting_category": "refund", "type": "refund", "source": "re_1"}
    out = transaction("txn_re_1", available_on=T0 + DAY, created=T0 + DAY, **money)
    told = refund(amount=1000, payment_intent=NOBODYS, balance_transaction=out)
    world.stripe.hold("/v1/refunds/re_1", told)
    world.tell(
        event("refund.updated", told | {"payment_intent": "pi_1", "balance_transaction": "txn_re_1"}, "evt_refund")
    )


def tell_dispute(world: EventWorld) -> None:
    told = dispute("lost", withdrawn(), payment_intent=NOBODYS)
    world.stripe.hold("/v1/disputes/du_1", told)
    world.tell(event("charge.dispute.closed", told | {"payment_intent": "pi_1"}, "evt_dispute"))


def tell_return(world: EventWorld) -> None:
    charge = {"id": "ch_1", "object": "charge", "status": "failed", "failure_balance_transaction": "txn_back"}
    world.tell(event("charge.failed", charge | {"created": T0, "currency": "usd", "amount": 4900}, "evt_return"))


def end(world: EventWorld) -> dict[str, Any]:
    """Everything that must come out the same."""
    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    return {
        "invoice": [invoice[name] for name in ("state", "paid_minor", "refunded_minor", "disputed")],
        "payment": [payment[name] for name in ("refunded_minor", "disputed", "reversed_at")],
        "balances": world.balances(),
        "facts": world.facts(),
        "refunds": [row["booked_minor"] for row in seeds.fetch(world.db, stripe.refunds)],
        "disputes": [row["status"] for row in seeds.fetch(world.db, stripe.disputes)],
    }


@pytest.mark.parametrize("apart", [True, False], ids=["one by one", "in one batch"])
@pytest.mark.parametrize(
    "order",
    list(permutations([tell_paid, tell_refund, tell_dispute])),
    ids=lambda order: " ".join(one.__name__ for one in order),
)
def test_what_goes_back_of_a_stripe_invoice_is_booked_in_any_order(world: EventWorld, order: Any, apart: bool) -> None:
    for tell in order:
        tell(world)
        if apart:
            world.apply()
    world.apply()

    assert end(world) == {
        "invoice": ["paid", 4900, 1000, True],
        "payment": [1000, True, None],
        "balances": {
            "chargebacks": 4900, "dispute_fees": 1500, "receivable": -4900, "refunds": 816, "stripe_pending": -2500,
            "tax_payable": 184,
        },
        "facts": {"evt_dispute": "applied", "evt_paid": "applied", "evt_refund": "applied"},
        "refunds": [1000],
        "disputes": ["lost"],
    }  # fmt: skip


@pytest.mark.parametrize("order", [(tell_paid, tell_return), (tell_return, tell_paid)], ids=["after", "before"])
def test_a_stripe_invoice_whose_debit_came_back_is_owed_whatever_is_told_first(world: EventWorld, order: Any) -> None:
    for tell in order:
        tell(world)
        world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["paid_minor"]) == ("overdue", 0)
    assert world.facts() == {"evt_paid": "applied", "evt_return": "applied"}


def test_a_refund_of_somebody_elses_payment_stays_ignored_and_nothing_waits(world: EventWorld) -> None:
    foreign = refund(name="re_2", charge="ch_2", payment_intent=intent("pi_2", invoice=""))
    world.stripe.hold("/v1/refunds/re_2", foreign)
    world.tell(event("refund.updated", foreign | {"payment_intent": "pi_2"}, "evt_foreign"))
    world.apply()

    tell_paid(world)
    again = world.apply()

    assert world.facts() == {"evt_foreign": "ignored", "evt_paid": "applied"}
    assert (again.applied, again.ignored) == (1, 0)
    assert seeds.fetch(world.db, stripe.refunds) == []


def test_a_refund_that_is_ignored_while_another_process_books_its_payment_is_not_lost(world: EventWorld) -> None:
    tell_refund(world)
    tell_paid(world)
    other = Thread(target=world.apply)

    with world.store.transaction():
        (told,) = world.store.waiting(0, 1)
        settle(world.store, world.clock, [Ready(told, Topic.REFUND, world.stripe.objects["/v1/refunds/re_1"] or {})])
        other.start()
        other.join(0.5)
        waited = other.is_alive()
    other.join()

    assert waited
    assert world.facts() == {"evt_paid": "applied", "evt_refund": "applied"}


def test_what_was_told_of_a_payment_before_it_is_found_by_an_index(world: EventWorld) -> None:
    with world.db.cursor() as cursor:
        cursor.execute(b"set local enable_seqscan = off")
        plan = cursor.execute(
            b"""explain select from inbox where state = 'ignored'
                and (object_type in ('refund', 'dispute') or (object_type = 'charge' and payload ->> 'status' = 'failed'))
                and coalesce(payload ->> 'charge', object_id) = any('{ch_1}')"""
        ).fetchall()

    assert any("inbox_ignored_by_charge" in line for (line,) in plan)
