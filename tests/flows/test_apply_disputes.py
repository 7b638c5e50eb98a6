"""Money that is taken back: disputes, returned bank debits."""

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from tests import seeds
from tests.flows.event_world import T0, EventWorld, event, intent, moment
from tests.flows.reversals import dispute, refund, reinstated, reversal_world, tell_dispute, tell_refund, withdrawn


@pytest.fixture
def world(db: Database) -> EventWorld:
    return reversal_world(db)


def test_an_open_dispute_withdraws_money_and_flags_the_invoice(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell_dispute(world, dispute("needs_response", withdrawn()), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["disputed"]) == ("paid", True)
    assert world.balances() == {
        "dispute_fees": 1500, "disputed_funds": 4900, "receivable": -4900, "stripe_pending": -1500,
    }  # fmt: skip


def test_a_dispute_that_is_won_gives_the_amount_back_and_never_the_fee(world: EventWorld) -> None:
    tell_dispute(world, dispute("needs_response", withdrawn()), "evt_1")
    tell_dispute(world, dispute("won", withdrawn(), reinstated()), "evt_2")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert invoice["disputed"] is False
    assert world.balances() == {"dispute_fees": 1500, "receivable": -4900, "stripe_pending": 3400}


def test_a_card_dispute_that_is_lost_is_a_chargeback_and_the_invoice_stays_paid(world: EventWorld) -> None:
    tell_dispute(world, dispute("lost", withdrawn()), "evt_1")
    tell_dispute(world, dispute("lost", withdrawn()), "evt_2")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["disputed"]) == ("paid", True)
    assert world.balances() == {
        "chargebacks": 4900, "dispute_fees": 1500, "receivable": -4900, "stripe_pending": -1500,
    }  # fmt: skip


def test_what_comes_back_of_a_lost_dispute_is_no_loss(world: EventWorld) -> None:
    refunded = reinstated() | {"amount": 1900, "net": 1900}
    tell_dispute(world, dispute("lost", withdrawn()), "evt_1")

    tell_dispute(world, dispute("lost", withdrawn(), refunded), "evt_2")
    tell_dispute(world, dispute("lost", withdrawn(), refunded), "evt_3")

    assert world.balances() == {
        "chargebacks": 3000, "dispute_fees": 1500, "receivable": -4900, "stripe_pending": 400,
    }  # fmt: skip


def test_a_dispute_that_is_won_by_an_appeal_was_no_loss_after_all(world: EventWorld) -> None:
    tell_dispute(world, dispute("lost", withdrawn()), "evt_1")

    tell_dispute(world, dispute("appeal_under_review", withdrawn()), "evt_2")
    tell_dispute(world, dispute("won", withdrawn(), reinstated()), "evt_3")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert invoice["disputed"] is False
    assert world.balances() == {"dispute_fees": 1500, "receivable": -4900, "stripe_pending": 3400}


def test_a_dispute_that_ends_well_takes_no_flag_of_another_away(world: EventWorld) -> None:
    tell_dispute(world, dispute("lost", withdrawn()), "evt_1")

    inquiry = dispute("warning_closed", id="du_2")
    world.stripe.hold("/v1/disputes/du_2", inquiry)
    world.tell(event("charge.dispute.closed", inquiry | {"payment_intent": "pi_1"}, "evt_2"))
    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (invoice["disputed"], payment["disputed"]) == (True, True)


def test_an_inquiry_moves_no_money(world: EventWorld) -> None:
    tell_dispute(world, dispute("warning_needs_response"), "evt_1")
    tell_dispute(world, dispute("warning_closed"), "evt_2")

    (row,) = seeds.fetch(world.db, stripe.disputes)
    assert row["status"] == "warning_closed"
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def test_a_bank_debit_that_comes_back_is_owed_again(world: EventWorld) -> None:
    debit = intent(payment_method_types=["us_bank_account"])
    world.tell(event("payment_intent.succeeded", debit))
    tell_dispute(world, dispute("lost", withdrawn(), payment_intent=debit), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (invoice["state"], invoice["paid_minor"], invoice["paid_at"]) == ("overdue", 0, None)
    assert (collection["close_reason"], payment["reversed_at"]) == ("returned", moment(0))
    assert world.balances() == {"dispute_fees": 1500, "stripe_pending": -1500}


def test_of_a_bank_debit_that_was_refunded_in_part_only_the_rest_is_owed_again(world: EventWorld) -> None:
    debit = intent(payment_method_types=["us_bank_account"])
    world.tell(event("payment_intent.succeeded", debit))
    tell_refund(world, refund(amount=1900, payment_intent=debit), "evt_0")

    taken = withdrawn() | {"amount": -3000, "net": -4500}
    tell_dispute(world, dispute("lost", taken, amount=3000, payment_intent=debit), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["paid_minor"]) == ("overdue", 1900)
    assert world.balances() == {
        "dispute_fees": 1500, "receivable": -1900, "refunds": 1551, "stripe_pending": -1500, "tax_payable": 349,
    }  # fmt: skip


def test_a_bank_debit_that_comes_back_and_is_won_by_an_appeal_waits_as_unapplied_cash(world: EventWorld) -> None:
    debit = intent(payment_method_types=["us_bank_account"])
    tell_dispute(world, dispute("lost", withdrawn(), payment_intent=debit), "evt_1")

    for name in ("evt_2", "evt_3"):
        tell_dispute(world, dispute("won", withdrawn(), reinstated(), payment_intent=debit), name)

    assert world.balances() == {"dispute_fees": 1500, "stripe_pending": 3400, "unapplied_cash": -4900}


def test_a_charge_that_fails_after_its_money_came_is_owed_again(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent(payment_method_types=["sepa_debit"])))
    world.apply()
    failed = {
        "id": "ch_1",
        "object": "charge",
        "status": "failed",
        "failure_balance_transaction": "txn_f",
        "created": T0,
    }
    world.tell(event("charge.failed", failed, "evt_1"), event("charge.failed", failed, "evt_2"))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert invoice["state"] == "overdue"
    assert world.balances() == {}


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (1, 0, 1, 0)])
def test_a_bank_debit_that_came_back_is_owed_again_whatever_is_told_first(
    world: EventWorld, order: tuple[int, ...]
) -> None:
    debit = intent(payment_method_types=["sepa_debit"])
    failed = {
        "id": "ch_1", "object": "charge", "status": "failed", "failure_balance_transaction": "txn_f", "created": T0,
        "amount": 4900, "currency": "usd", "payment_intent": "pi_1", "metadata": debit["metadata"],
        "payment_method_details": {"type": "sepa_debit", "sepa_debit": {"fingerprint": "iban"}},
    }  # fmt: skip
    told = event("payment_intent.succeeded", debit), event("charge.failed", failed)

    for number, which in enumerate(order):
        world.tell(told[which] | {"id": f"evt_{number}"})
        world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (collection,) = seeds.fetch(world.db, stripe.collections)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (invoice["state"], invoice["paid_minor"], collection["close_reason"]) == ("overdue", 0, "returned")
    assert (payment["payment_id"], payment["method"], payment["reversed_at"]) == ("pi_1", "bank_debit", moment(0))
    assert world.balances() == {}


def test_an_invoice_that_came_back_can_be_paid_again(world: EventWorld) -> None:
    debit = intent(payment_method_types=["us_bank_account"])
    tell_dispute(world, dispute("lost", withdrawn(), payment_intent=debit), "evt_1")
    world.tell(event("payment_intent.succeeded", intent("pi_2")))

    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["paid_minor"]) == ("paid", 4900)


def test_the_flag_stands_while_any_payment_of_the_invoice_is_disputed(world: EventWorld) -> None:
    flags = []
    tell_dispute(world, dispute("needs_response"), "evt_1")
    for number, status in enumerate(("needs_response", "won")):
        second = dispute(status, id="du_2", charge="ch_2", payment_intent=intent("pi_2"))
        world.stripe.hold("/v1/disputes/du_2", second)
        world.tell(event("charge.dispute.updated", second | {"payment_intent": "pi_2"}, f"evt_2{number}"))
        world.apply()
        flags += [row["disputed"] for row in seeds.fetch(world.db, billing.invoices)]

    tell_dispute(world, dispute("won"), "evt_3")

    assert [*flags, *(row["disputed"] for row in seeds.fetch(world.db, billing.invoices))] == [True, True, False]


def test_a_debit_that_came_back_leaves_the_flag_of_another_payment(world: EventWorld) -> None:
    debit = intent("pi_2", payment_method_types=["us_bank_account"])
    world.tell(event("payment_intent.succeeded", debit))
    world.apply()
    tell_dispute(world, dispute("needs_response"), "evt_1")

    lost = dispute("lost", withdrawn(), id="du_2", charge="ch_2", payment_intent=debit)
    world.stripe.hold("/v1/disputes/du_2", lost)
    world.tell(event("charge.dispute.closed", lost | {"payment_intent": "pi_2"}, "evt_2"))
    world.apply()

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["disputed"]) == ("overdue", True)
