"""Collecting against the real database and a real Stripe account in process: charged once, whatever is asked again."""

import json
from datetime import timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, control
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.fakes import START
from tests.seeds import add, change


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def test_an_open_invoice_is_charged_once_with_one_call(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    before = len(desk.sim.calls)

    first, second = desk.collect(), desk.collect()

    assert (first.submitted, first.succeeded, first.amount_by_currency) == (1, 1, {"usd": 4900})
    assert second.submitted == 0
    assert len(desk.sim.calls) - before == 1
    assert desk.charges() == {"inv-1": 1}


def test_the_attempt_and_the_fact_are_written_and_nothing_else_moves(desk: Desk) -> None:
    customer(desk)
    invoice(desk)

    desk.collect(environment="test")

    (attempt,), (fact,), intent = desk.attempts(), desk.facts(), desk.sim.objects("payment_intent")[0]
    assert (attempt["outcome"], attempt["resolved_by"], attempt["object_id"]) == ("succeeded", "reply", intent["id"])
    assert attempt["idempotency_key"] == "pi:inv-1:1:1"
    assert attempt["request_id"].startswith("req_")
    assert (fact["type"], fact["source"], fact["object_id"]) == ("payment_intent.reply", "reply", intent["id"])
    assert fact["payload"]["latest_charge"]["balance_transaction"]["fee"] > 0
    assert intent["metadata"] == {"invoice_id": "inv-1", "account_id": "acme", "seq": "1", "environment": "test"}
    assert desk.collection()["payment_intent_id"] == intent["id"]
    assert (desk.collection()["status"], desk.collection()["closed_at"]) == ("", None)


def test_a_decline_keeps_its_intent_and_waits_for_a_wish(desk: Desk) -> None:
    customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)

    first, second = desk.collect(), desk.collect()

    (attempt,), (fact,) = desk.attempts(), desk.facts()
    assert (first.declined, second.submitted) == (1, 0)
    assert attempt["codes"]["decline"] == "insufficient_funds"
    assert desk.collection()["payment_intent_id"] == attempt["object_id"] == fact["object_id"]


def test_a_retry_confirms_the_same_intent_under_a_new_key(desk: Desk) -> None:
    customer_id = customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    desk.note_decline(decline="insufficient_funds")
    give_card(desk, "acme", customer_id, "pm_card_visa")
    desk.wish_retry()

    done = desk.collect()

    charge, confirm = desk.attempts()
    assert done.succeeded == 1
    assert (confirm["operation"], confirm["idempotency_key"]) == ("confirm", "pi:inv-1:1:2")
    assert confirm["prior_charge_id"].startswith("ch_")
    assert len(desk.sim.objects("payment_intent")) == 1
    assert desk.collection()["retry_at"] is None
    assert charge["object_id"] == confirm["object_id"]


def test_an_intent_that_was_paid_meanwhile_is_not_tried_again(desk: Desk) -> None:
    customer_id = customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    other = give_card(desk, "acme", customer_id, "pm_card_visa")
    intent = desk.collection()["payment_intent_id"]
    desk.sim.client().v1.payment_intents.confirm(intent, {"payment_method": other})
    desk.wish_retry()

    done = desk.collect()

    assert done.succeeded == 1
    assert desk.charges() == {"inv-1": 1}
    assert desk.attempts(operation="confirm")[0]["resolved_by"] == "lookup"
    assert desk.posts(f"/v1/payment_intents/{intent}/confirm") == 1


def test_the_same_card_is_not_tried_twice_a_day(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    desk.note_decline(decline="generic_decline", advice="try_again_later")
    desk.wish_retry()

    early = desk.collect()
    desk.pass_time(days=1)
    later = desk.collect()

    assert (early.submitted, early.postponed) == (0, 1)
    assert later.submitted == 1


def test_a_hard_decline_is_never_retried_on_that_card(desk: Desk) -> None:
    customer(desk, card="pm_sim_stolen_card")
    invoice(desk)
    desk.collect()
    desk.note_decline(decline="stolen_card", advice="do_not_try_again")
    desk.wish_retry()
    desk.pass_time(days=40)

    done = desk.collect()

    assert (done.submitted, done.postponed) == (0, 1)
    assert desk.collection()["retry_at"] is None


def test_an_invoice_without_a_payment_method_is_a_definite_failure_without_a_call(desk: Desk) -> None:
    customer(desk, card=None)
    invoice(desk)
    before = len(desk.sim.calls)

    done = desk.collect()

    (attempt,) = desk.attempts()
    assert (done.submitted, done.refused, len(desk.sim.calls) - before) == (0, 1, 0)
    assert (attempt["outcome"], attempt["remedy"]) == (
        "refused",
        "no payment method: send the customer the payment link",
    )
    assert (desk.collection()["failures"], desk.collection()["last_codes"]["code"]) == (1, "no_payment_method")


def test_a_bank_debit_is_processing_and_not_paid(desk: Desk) -> None:
    customer(desk, card="pm_usBankAccount_success")
    invoice(desk)

    done = desk.collect()

    assert (done.processing, done.amount_by_currency) == (1, {})


def test_a_card_that_wants_its_owner_asks_for_action(desk: Desk) -> None:
    customer(desk, card="pm_card_authenticationRequired")
    invoice(desk)

    done = desk.collect()

    assert done.requires_action == 1
    assert desk.attempts()[0]["codes"]["decline"] == "authentication_required"


@pytest.mark.parametrize(
    "values",
    [
        {"state": "paid", "paid_at": START},
        {"state": "void"},
        {"collection_method": "net_terms"},
        {"collection_method": "backlog"},
        {"charger": "stripe"},
        {"due_on": (START + timedelta(days=3)).date()},
        {"paid_minor": 4900},
        {"credited_minor": 4900},
        {"disputed": True},
    ],
)
def test_what_is_not_ours_to_charge_now_is_left_alone(desk: Desk, values: dict[str, object]) -> None:
    customer(desk)
    invoice(desk, **values)

    assert desk.collect().submitted == 0


def test_a_hold_keeps_an_invoice_from_being_charged_until_it_ends(desk: Desk) -> None:
    customer(desk)
    invoice(desk)
    add(desk.db, control.dunning_holds, account_id="acme", kind="pause", who="fi", why="asked", made_at=START)

    held = desk.collect()
    change(desk.db, control.dunning_holds, 1, ended_at=START)  # type: ignore[arg-type]
    free = desk.collect()

    assert (held.submitted, free.submitted) == (0, 1)


def test_only_the_part_that_is_still_owed_is_charged(desk: Desk) -> None:
    customer(desk)
    invoice(desk, credited_minor=900)

    done = desk.collect()

    assert done.amount_by_currency == {"usd": 4000}


def test_the_frozen_request_names_the_invoice_and_stays_what_it_was(desk: Desk) -> None:
    customer(desk)
    invoice(desk)

    desk.collect()

    (attempt,) = desk.attempts()
    asked = json.loads(attempt["request_json"])
    assert attempt["method_path"] == "post /v1/payment_intents"
    assert (asked["amount"], asked["off_session"], asked["confirm"]) == (4900, True, True)
    assert attempt["request_json"] == json.dumps(asked, sort_keys=True, separators=(",", ":"))


def test_a_limit_is_kept_and_the_rest_follows_with_the_next_run(desk: Desk) -> None:
    customer(desk)
    for number in range(5):
        invoice(desk, f"inv-{number}")

    first, rest = desk.collect(limit=2), desk.collect()

    assert (first.submitted, rest.submitted) == (2, 3)


def test_a_payment_that_the_bank_took_back_waits_until_another_try_is_asked_for(desk: Desk) -> None:
    customer(desk)
    invoice(desk, state="overdue")
    desk.collect()
    desk.alter(closed_at=START, close_reason="returned", status="succeeded")

    unasked = desk.collect()
    waiting = desk.collection(seq=2)
    desk.alter_seq("inv-1", 2, retry_at=desk.clock.now(), last_failed_at=START - timedelta(days=2))
    asked = desk.collect()

    assert (unasked.submitted, unasked.postponed) == (0, 1)
    assert (waiting["failures"], waiting["last_codes"]["code"]) == (1, "payment_returned")
    assert (asked.succeeded, desk.attempts(subject="inv-1#2")[0]["operation"]) == (1, "charge")


def test_a_remainder_after_a_credit_note_gets_an_intent_of_its_own(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    change(desk.db, billing.invoices, "inv-1", credited_minor=900)
    desk.alter(closed_at=START, close_reason="credited", status="requires_payment_method")

    desk.collect()
    desk.alter_seq("inv-1", 1, status="canceled")
    desk.collect()

    assert [one["amount"] for one in desk.sim.objects("payment_intent")] == [4900, 4000]
