"""Money that comes: invoices become paid, once, whatever the order and however often it is told."""

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stripe_gateway import API_VERSION
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.flows.facts import reply_fact
from tests import seeds
from tests.flows.event_world import EventWorld, declined, event, intent, moment, transaction


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    seeds.insert_collection(db, status="", failures=0, last_codes={}, last_failed_at=None)
    return EventWorld(db, EventStore(db))


def test_a_succeeded_intent_pays_its_invoice_and_books_the_money(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))

    applied = world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (applied.applied, applied.refetched) == (1, 0)
    assert (invoice["state"], invoice["paid_minor"], invoice["paid_at"]) == ("paid", 4900, moment(0))
    assert (collection["status"], collection["close_reason"]) == ("succeeded", "paid")
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def test_a_payment_told_by_three_events_is_booked_once(world: EventWorld) -> None:
    world.tell(
        event("payment_intent.succeeded", intent(), "evt_1"), event("payment_intent.succeeded", intent(), "evt_2")
    )
    world.apply()
    world.tell(event("payment_intent.succeeded", intent(), "evt_3"))

    later = world.apply()

    assert (later.applied, later.ignored) == (0, 1)
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}
    assert list(world.facts().values()) == ["applied", "ignored", "ignored"]


def test_a_decline_told_late_does_not_unpay_an_invoice(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent())
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    world.tell(event("payment_intent.payment_failed", declined()))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (invoice["state"], collection["status"], collection["failures"]) == ("paid", "succeeded", 1)


def test_two_events_about_one_decline_count_one_failure_and_two_declines_count_two(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", declined(charge="ch_b"))
    world.tell(
        event("payment_intent.payment_failed", declined(charge="ch_a"), "evt_1"),
        event("payment_intent.payment_failed", declined(charge="ch_a"), "evt_2"),
        event("payment_intent.payment_failed", declined(charge="ch_b"), "evt_3"),
    )

    world.apply()

    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (collection["failures"], collection["failed_charges"]) == (2, ["ch_a", "ch_b"])
    assert collection["last_codes"]["decline"] == "insufficient_funds"
    assert world.stripe.reads == ["/v1/payment_intents/pi_1"]


def test_an_event_of_another_api_version_is_read_anew(world: EventWorld) -> None:
    world.stripe.hold("/v1/payment_intents/pi_1", intent())
    world.tell(event("payment_intent.succeeded", intent(amount_received=1), api_version="2020-08-27"))

    applied = world.apply()

    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (applied.refetched, payment["amount_minor"]) == (1, 4900)


def test_a_second_charge_of_a_paid_invoice_becomes_the_customers_credit(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()), event("payment_intent.succeeded", intent("pi_2")))

    world.apply()

    (grant,) = seeds.fetch(world.db, billing.credit_grants)
    payments = seeds.fetch(world.db, stripe.payments)
    assert (grant["kind"], grant["remaining_minor"]) == ("overpayment", 4900)
    assert [one["applied_minor"] for one in payments] == [4900, 0]
    assert world.balances() == {"customer_credits": -4900, "receivable": -4900, "stripe_pending": 9800}


@pytest.mark.parametrize("together", [True, False])
def test_a_second_charge_of_an_invoice_paid_in_part_becomes_credit_and_leaves_the_rest_open(
    world: EventWorld, together: bool
) -> None:
    first = event("payment_intent.succeeded", intent(amount_received=3000))
    second = event("payment_intent.succeeded", intent("pi_2", amount_received=1900))
    world.tell(first)
    if not together:
        world.apply()
    world.tell(second)

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["paid_minor"]) == ("pending", 3000)
    assert [one["applied_minor"] for one in seeds.fetch(world.db, stripe.payments)] == [3000, 0]
    assert world.balances() == {"customer_credits": -1900, "receivable": -3000, "stripe_pending": 4900}
    assert set(world.facts().values()) == {"applied"}


def test_money_for_a_void_invoice_waits_as_unapplied_cash(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", state="void", voided_at=moment(0))
    world.tell(event("payment_intent.succeeded", intent()))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert invoice["state"] == "void"
    assert world.balances() == {"stripe_pending": 4900, "unapplied_cash": -4900}


def test_money_in_another_currency_pays_nothing_and_waits(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent(currency="eur")))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["paid_minor"]) == ("pending", 0)
    assert world.balances() == {"stripe_pending": 4900, "unapplied_cash": -4900}


def test_an_intent_of_an_unknown_invoice_is_dead_and_stops_nothing(world: EventWorld) -> None:
    world.tell(
        event("payment_intent.succeeded", intent("pi_9", invoice="inv-9")), event("payment_intent.succeeded", intent())
    )

    applied = world.apply()

    assert (applied.applied, applied.dead) == (1, 1)
    assert world.reasons() == ["no invoice inv-9: its payment intent pi_9 names it"]


def test_a_malformed_payload_is_dead_with_the_field_that_is_missing(world: EventWorld) -> None:
    broken = intent("pi_9")
    del broken["currency"]
    world.tell(event("payment_intent.succeeded", broken), event("payment_intent.succeeded", intent()))

    applied = world.apply()

    assert (applied.applied, applied.dead) == (1, 1)
    assert world.reasons() == ["payment_intent.succeeded cannot be read: KeyError: no 'currency'"]


def test_a_fact_that_the_database_refuses_is_dead_and_the_others_are_applied(world: EventWorld) -> None:
    too_big = intent("pi_9", amount_received=2**70)
    world.tell(event("payment_intent.succeeded", too_big), event("payment_intent.succeeded", intent()))

    applied = world.apply()

    assert (applied.applied, applied.dead) == (1, 1)
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


@pytest.mark.parametrize(("status", "state"), [("draft", "ignored"), ("open", "dead")])
def test_an_invoice_that_is_gone_is_worth_a_look_only_if_it_was_more_than_a_draft(
    world: EventWorld, status: str, state: str
) -> None:
    world.tell(event("invoice.created", {"object": "invoice", "id": "in_1", "status": status}))

    world.apply()

    assert list(world.facts().values()) == [state]


def test_an_intent_that_is_not_ours_moves_nothing(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent(invoice="")))

    applied = world.apply()

    assert (applied.ignored, world.balances()) == (1, {})


def test_an_intent_being_processed_pays_nothing_yet(world: EventWorld) -> None:
    processing = intent(status="processing", amount_received=0)
    world.stripe.hold("/v1/payment_intents/pi_1", processing)
    world.tell(event("payment_intent.processing", processing))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (invoice["state"], collection["status"], collection["closed_at"]) == ("pending", "processing", None)


def test_a_canceled_intent_closes_its_collection(world: EventWorld) -> None:
    world.tell(event("payment_intent.canceled", intent(status="canceled", amount_received=0)))

    world.apply()

    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (collection["status"], collection["close_reason"]) == ("canceled", "canceled")


def test_the_fee_is_booked_when_the_charge_tells_its_balance_transaction(world: EventWorld) -> None:
    world.stripe.hold("/v1/balance_transactions/txn_1", transaction())
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.tell(event("charge.updated", charge), event("payment_intent.succeeded", intent()))

    world.apply()

    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (payment["fee_minor"], payment["balance_transaction_id"]) == (172, "txn_1")
    assert world.balances() == {"processor_fees": 172, "receivable": -4900, "stripe_pending": 4728}


def test_a_balance_transaction_that_is_stored_is_not_read_again(world: EventWorld) -> None:
    world.stripe.hold("/v1/balance_transactions/txn_1", transaction())
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.tell(event("charge.updated", charge, "evt_1"))
    world.apply()
    world.tell(event("charge.updated", charge, "evt_2"))

    world.apply()

    assert world.stripe.reads == ["/v1/balance_transactions/txn_1"]


def test_money_of_an_invoice_given_up_takes_the_write_off_back(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", state="written_off", written_off_at=moment(0))
    world.tell(event("payment_intent.succeeded", intent()))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["written_off_at"]) == ("paid", None)


def test_a_stale_reading_does_not_take_a_finished_collection_back(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    world.apply()
    stale = intent(status="processing", amount_received=0)
    world.stripe.hold("/v1/payment_intents/pi_1", stale)
    world.tell(event("payment_intent.processing", stale))

    world.apply()

    (collection,) = seeds.fetch(world.db, stripe.collections)
    assert (collection["status"], collection["close_reason"]) == ("succeeded", "paid")


def test_the_reply_to_our_own_call_and_its_event_are_one_payment_with_its_fee(world: EventWorld) -> None:
    charge = {"id": "ch_1", "created": 1767225600, "balance_transaction": transaction()}
    charge |= {"payment_method_details": {"type": "card", "card": {"fingerprint": "fp_1"}}}
    reply = reply_fact(
        7, intent(latest_charge=charge), moment(0), api_version=API_VERSION, idempotency_key="pi:inv-1:1:1"
    )
    world.store.put([reply], world.clock.now())
    world.tell(event("payment_intent.succeeded", intent()))

    applied = world.apply()

    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (applied.applied, applied.ignored, applied.refetched) == (1, 1, 0)
    assert (payment["fee_minor"], payment["fingerprint"], payment["method"]) == (172, "fp_1", "card")
