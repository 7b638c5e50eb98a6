"""Facts of our own: due dates, invoices given up or voided, money booked by hand, wishes about subscriptions."""

from datetime import date
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.pass_due_dates import pass_due_dates
from billing_pipeline.flows.ports import Source
from tests import seeds
from tests.fakes import START
from tests.flows.event_world import EventWorld, event, intent, moment


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    return EventWorld(db, EventStore(db))


def tell(world: EventWorld, source: Source, fact_type: str, about: str = "inv-1", **payload: Any) -> None:
    fact = own_fact(source, fact_type, fact_type.partition(".")[0], about, moment(60), payload)
    world.store.put([fact], world.clock.now())


def state_of(world: EventWorld) -> str:
    (invoice,) = seeds.fetch(world.db, billing.invoices)
    return str(invoice["state"])


def test_an_invoice_is_overdue_from_the_day_after_its_due_date_on(world: EventWorld) -> None:
    states = []
    for _ in range(3):
        pass_due_dates(world.store, world.clock)
        world.apply()
        states.append(state_of(world))
        world.clock.advance(hours=12)

    assert states == ["pending", "pending", "overdue"]


def test_a_due_date_is_told_once_however_often_it_is_looked_at(world: EventWorld) -> None:
    world.clock.advance(days=5)

    told = [pass_due_dates(world.store, world.clock).facts for _ in range(2)]

    assert told == [1, 0]


def test_net_terms_count_from_the_due_date(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", collection_method="net_terms", due_on=date(2026, 1, 31))
    world.clock.advance(days=30)
    early = pass_due_dates(world.store, world.clock)
    world.clock.advance(days=1)

    late = pass_due_dates(world.store, world.clock)

    assert (early.facts, late.facts) == (0, 1)


def test_a_due_date_that_passed_after_the_payment_changes_nothing(world: EventWorld) -> None:
    world.clock.advance(days=2)
    tell(world, "calendar", "invoice.due_date_passed")
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    tell(world, "calendar", "invoice.due_date_passed", again=True)
    world.apply()

    assert state_of(world) == "paid"


@pytest.mark.parametrize(("fact_type", "state", "reason"), [
    ("invoice.given_up", "written_off", "given_up"), ("invoice.voided", "void", "voided"),
])  # fmt: skip
def test_an_invoice_that_is_given_up_or_voided_closes_its_collection(
    world: EventWorld, fact_type: str, state: str, reason: str
) -> None:
    seeds.insert_collection(world.db)
    seeds.change(world.db, billing.invoices, "inv-1", state="overdue")
    tell(world, "dunning", fact_type)

    world.apply()

    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (state_of(world), collection["close_reason"]) == (state, reason)


def test_giving_up_an_invoice_that_was_paid_meanwhile_does_nothing(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell(world, "dunning", "invoice.given_up")

    applied = world.apply()

    assert (state_of(world), applied.ignored, applied.dead) == ("paid", 1, 0)


def test_giving_up_an_invoice_that_is_not_even_due_needs_a_person(world: EventWorld) -> None:
    tell(world, "hand", "invoice.given_up")

    applied = world.apply()

    assert (state_of(world), applied.dead) == ("pending", 1)
    assert world.reasons() == ["an invoice that is pending cannot take given_up"]


def test_a_fact_about_an_invoice_that_does_not_exist_is_dead(world: EventWorld) -> None:
    tell(world, "hand", "invoice.voided", about="inv-9")

    applied = world.apply()

    assert (applied.dead, world.reasons()) == (1, ["no such invoice"])


def test_a_wire_pays_its_invoice_into_the_bank_and_closes_the_collection(world: EventWorld) -> None:
    seeds.insert_collection(world.db)
    tell(
        world,
        "hand",
        "payment.recorded",
        "wire-1",
        invoice_id="inv-1",
        method="wire",
        amount_minor=4900,
        currency="usd",
    )

    world.apply()

    (payment,) = seeds.fetch(world.db, stripe.payments)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (state_of(world), payment["method"], payment["charge_id"]) == ("paid", "wire", None)
    assert collection["close_reason"] == "paid"
    assert world.balances() == {"bank": 4900, "receivable": -4900}


def test_a_wire_of_too_much_leaves_credit_and_one_of_too_little_leaves_the_rest_open(world: EventWorld) -> None:
    tell(
        world,
        "hand",
        "payment.recorded",
        "wire-1",
        invoice_id="inv-1",
        method="wire",
        amount_minor=1000,
        currency="usd",
    )
    world.apply()
    after_first = state_of(world)
    tell(
        world,
        "hand",
        "payment.recorded",
        "wire-2",
        invoice_id="inv-1",
        method="cheque",
        amount_minor=5000,
        currency="usd",
    )

    world.apply()

    (grant,) = seeds.fetch(world.db, billing.credit_grants)
    assert (after_first, state_of(world), grant["remaining_minor"]) == ("pending", "paid", 1100)
    assert world.balances() == {"bank": 6000, "customer_credits": -1100, "receivable": -4900}


def test_money_of_which_nobody_knows_what_it_pays_is_unapplied_cash(world: EventWorld) -> None:
    tell(world, "hand", "payment.recorded", "wire-1", method="wire", amount_minor=700, currency="usd")

    world.apply()

    assert world.balances() == {"bank": 700, "unapplied_cash": -700}


def test_money_recorded_for_an_invoice_that_does_not_exist_is_dead_and_can_be_replayed(world: EventWorld) -> None:
    tell(
        world,
        "hand",
        "payment.recorded",
        "wire-1",
        invoice_id="inv-2",
        method="wire",
        amount_minor=4900,
        currency="usd",
    )
    world.apply()
    dead = world.facts()
    seeds.insert_invoice(world.db, "inv-2")
    world.db.rows("inbox/replay", names=[])

    world.apply()

    assert list(dead.values()) == ["dead"]
    assert list(world.facts().values()) == ["applied"]


@pytest.mark.parametrize("word", ["suspend", "reinstate", "cancel"])
def test_a_wish_about_a_subscription_becomes_one_change(world: EventWorld, word: str) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db)
    tell(world, "dunning", f"subscription.{word}", "s1")
    world.apply()
    world.db.run("inbox/replay", names=[])

    (change,) = seeds.fetch(world.db, billing.subscription_changes)
    assert (change["kind"], change["effective_at"], change["requested_by"]) == (word, moment(60), "dunning")


def test_a_wish_about_a_canceled_subscription_is_ignored(world: EventWorld) -> None:
    seeds.insert_price(world.db)
    seeds.insert_subscription(world.db, state="canceled")
    tell(world, "dunning", "subscription.suspend", "s1")

    applied = world.apply()

    assert (applied.ignored, seeds.fetch(world.db, billing.subscription_changes)) == (1, [])


def test_an_entry_for_a_closed_day_is_booked_on_the_first_open_one(world: EventWorld) -> None:
    with world.db.cursor() as cursor:
        cursor.execute(
            """insert into closed_days (day, close_zone, digest, proof, closed_at, closed_by)
            values ('2026-01-03', 'UTC', '', '{}', %s, 'test')""",
            [START],
        )
    world.tell(event("payment_intent.succeeded", intent()))

    world.apply()

    with world.db.cursor() as cursor:
        booked = cursor.execute("select accounting_date, occurred_at from journal_entries").fetchall()
    assert booked == [(date(2026, 1, 4), moment(0))]
