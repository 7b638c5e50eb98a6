"""Intents that nobody should be able to pay any more are canceled, however often that takes."""

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import START
from tests.seeds import change


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def test_an_intent_over_another_amount_is_canceled_before_a_new_one_is_made(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    change(desk.db, billing.invoices, "inv-1", credited_minor=900)
    desk.wish_retry()

    done = desk.collect()

    (intent,) = desk.sim.objects("payment_intent")
    assert (done.canceled, intent["status"]) == (1, "canceled")
    assert desk.attempts(operation="cancel")[0]["outcome"] == "canceled"


def test_the_intent_of_a_voided_invoice_cannot_be_paid_any_more(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    change(desk.db, billing.invoices, "inv-1", state="void")
    desk.alter(close_reason="voided", closed_at=START, status="requires_payment_method")

    first, second = desk.collect(), desk.collect()

    assert (first.canceled, second.submitted) == (1, 0)
    assert desk.sim.objects("payment_intent")[0]["status"] == "canceled"


def test_a_cancel_that_never_happened_is_made_again(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    change(desk.db, billing.invoices, "inv-1", credited_minor=900)
    lose_a_cancel(desk)

    again = desk.collect()

    (intent,) = desk.sim.objects("payment_intent")
    assert (again.canceled, intent["status"]) == (1, "canceled")
    assert [one["outcome"] for one in desk.attempts(operation="cancel")] == ["not_created", "canceled"]


def test_the_intent_of_a_voided_invoice_is_canceled_though_the_first_cancel_never_happened(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    invoice(desk)
    desk.collect()
    change(desk.db, billing.invoices, "inv-1", state="void")
    desk.alter(close_reason="voided", closed_at=START, status="requires_payment_method")
    lose_a_cancel(desk)

    again, later = desk.collect(), desk.collect()

    assert (again.canceled, later.submitted) == (1, 0)
    assert desk.sim.objects("payment_intent")[0]["status"] == "canceled"


def lose_a_cancel(desk: Desk) -> None:
    """Stripe breaks down before it cancels; ten minutes later it is known that nothing was canceled."""
    desk.fault("error_before", path="/v1/payment_intents/*/cancel")
    desk.wish_retry()
    desk.collect()
    desk.pass_time(minutes=15)
    desk.settle()
