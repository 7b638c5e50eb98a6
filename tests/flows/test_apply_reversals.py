"""Money that goes back: refunds, disputes, returned bank debits, payouts that fail."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, stripe
from tests import seeds
from tests.flows.event_world import T0, EventWorld, event, intent, moment, transaction

DAY = 86_400


@pytest.fixture
def world(db: Database) -> EventWorld:
    seeds.insert_account(db)
    seeds.insert_invoice(db, tax_minor=900)
    seeds.insert_collection(db, status="", failures=0, last_codes={}, last_failed_at=None)
    return EventWorld(db, EventStore(db))


def refund(status: str = "succeeded", amount: int = 4900, name: str = "re_1", **values: Any) -> dict[str, Any]:
    """A refund of ch_1 that has left the balance, with its intent expanded."""
    row = {"id": name, "object": "refund", "charge": "ch_1", "status": status, "currency": "usd", "amount": amount}
    row |= {"created": T0 + DAY, "balance_transaction": f"txn_{name}", "payment_intent": intent()}
    return row | values


def dispute(status: str = "needs_response", *moves: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A dispute of ch_1, with its intent expanded."""
    row = {"id": "du_1", "object": "dispute", "charge": "ch_1", "status": status, "currency": "usd", "amount": 4900}
    row |= {
        "reason": "fraudulent",
        "created": T0 + DAY,
        "balance_transactions": list(moves),
        "payment_intent": intent(),
    }
    return row | values


def withdrawn() -> dict[str, Any]:
    """49.00 usd and a fee of 15.00 taken when the dispute opens."""
    money = {"amount": -4900, "fee": 1500, "reporting_category": "dispute", "type": "adjustment", "source": "du_1"}
    return transaction("txn_out", available_on=T0 + DAY, created=T0 + DAY, **money)


def reinstated() -> dict[str, Any]:
    """49.00 usd given back when it is won."""
    money = {"amount": 4900, "fee": 0, "reporting_category": "dispute_reversal", "type": "adjustment", "source": "du_1"}
    return transaction("txn_back", available_on=T0 + 9 * DAY, created=T0 + 9 * DAY, **money)


def tell_refund(world: EventWorld, payload: dict[str, Any], name: str) -> None:
    world.stripe.hold(f"/v1/refunds/{payload['id']}", payload)
    world.tell(event("refund.updated", payload | {"payment_intent": "pi_1"}, name))
    world.apply()


def tell_dispute(world: EventWorld, payload: dict[str, Any], name: str) -> None:
    world.stripe.hold("/v1/disputes/du_1", payload)
    world.tell(event("charge.dispute.updated", payload | {"payment_intent": "pi_1"}, name))
    world.apply()


def test_a_refund_lowers_revenue_and_tax_and_leaves_the_invoice_paid(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell_refund(world, refund(), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    (payment,) = seeds.fetch(world.db, stripe.payments)
    assert (invoice["state"], invoice["refunded_minor"], payment["refunded_minor"]) == ("paid", 4900, 4900)
    assert world.balances() == {"receivable": -4900, "refunds": 4000, "tax_payable": 900}


def test_partial_refunds_sum_to_the_whole_tax(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    for number, amount in enumerate((1633, 1633, 1634)):
        tell_refund(world, refund(amount=amount, name=f"re_{number}"), f"evt_{number}")

    assert world.balances() == {"receivable": -4900, "refunds": 4000, "tax_payable": 900}


def test_a_refund_of_a_previous_balance_gives_back_no_more_tax_than_the_invoice_had(world: EventWorld) -> None:
    seeds.change(world.db, billing.invoices, "inv-1", due_minor=5300, previous_balance_minor=400)
    whole = intent(amount=5300, amount_received=5300)
    world.tell(event("payment_intent.succeeded", whole))

    for name, amount in (("re_1", 4900), ("re_2", 400)):
        tell_refund(world, refund(amount=amount, name=name, payment_intent=whole), f"evt_{name}")

    assert world.balances() == {"receivable": -5300, "refunds": 4400, "tax_payable": 900}


def test_a_refund_told_before_its_payment_brings_the_payment_along(world: EventWorld) -> None:
    tell_refund(world, refund(amount=1000), "evt_1")

    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (invoice["state"], invoice["refunded_minor"]) == ("paid", 1000)


def test_a_refund_that_fails_later_is_taken_back_to_the_cent(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()))
    tell_refund(world, refund(), "evt_1")
    tell_refund(world, refund("failed", failure_balance_transaction="txn_f"), "evt_2")

    (row,) = seeds.fetch(world.db, stripe.refunds)
    (invoice,) = seeds.fetch(world.db, billing.invoices)
    assert (row["status"], row["booked_minor"], invoice["refunded_minor"]) == ("failed", 0, 0)
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


def test_a_refund_seen_only_after_it_failed_leaves_both_entries_and_no_balance(world: EventWorld) -> None:
    tell_refund(world, refund("failed", failure_balance_transaction="txn_f"), "evt_1")

    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}
    with world.db.cursor() as cursor:
        sources = cursor.execute("select source from journal_entries order by entry_id").fetchall()
    assert [source for (source,) in sources] == ["payment:ch_1", "refund:re_1", "refund_failed:re_1"]


def test_a_refund_of_money_paid_twice_takes_the_credit_back(world: EventWorld) -> None:
    world.tell(event("payment_intent.succeeded", intent()), event("payment_intent.succeeded", intent("pi_2")))
    world.apply()

    tell_refund(world, refund(charge="ch_2", payment_intent=intent("pi_2")), "evt_1")

    (grant,) = seeds.fetch(world.db, billing.credit_grants)
    assert grant["remaining_minor"] == 0
    assert world.balances() == {"receivable": -4900, "stripe_pending": 4900}


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


def payout(status: str, **values: Any) -> dict[str, Any]:
    """A payout of 47.28 usd."""
    row = {"id": "po_1", "object": "payout", "status": status, "currency": "usd", "amount": 4728, "automatic": True}
    row |= {
        "method": "standard",
        "arrival_date": T0 + 4 * DAY,
        "created": T0 + 2 * DAY,
        "reconciliation_status": "in_progress",
    }
    return row | values


def test_a_payout_moves_money_to_the_bank_and_a_failed_one_brings_it_back(world: EventWorld) -> None:
    balances = []
    for number, status in enumerate(("in_transit", "paid", "failed", "paid")):
        world.stripe.hold("/v1/payouts/po_1", payout(status))
        world.tell(event("payout.updated", payout(status), f"evt_{number}"))
        world.apply()
        balances.append(world.balances())

    in_transit = {"payouts_in_transit": 4728, "stripe_available": -4728}
    assert balances == [in_transit, in_transit, {}, {}]
    (row,) = seeds.fetch(world.db, stripe.payouts)
    assert row["status"] == "failed"


def test_money_becomes_available_on_its_day_and_no_earlier(world: EventWorld) -> None:
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.stripe.hold("/v1/balance_transactions/txn_1", transaction())
    world.tell(event("payment_intent.succeeded", intent()), event("charge.updated", charge))
    world.apply()
    before = world.balances()
    world.clock.advance(days=2)
    world.tell(event("payment_intent.succeeded", intent("pi_2", invoice="inv-1")))

    world.apply()

    assert (before["stripe_pending"], "stripe_available" in before) == (4728, False)
    assert (world.balances()["stripe_available"], world.balances()["stripe_pending"]) == (4728, 4900)


def test_a_payment_that_settles_in_another_currency_crosses_through_fx_balanced_in_both(world: EventWorld) -> None:
    settled = transaction(currency="eur", amount=4500, fee=160, exchange_rate="0.918367")
    charge = {"id": "ch_1", "object": "charge", "status": "succeeded", "balance_transaction": "txn_1"}
    world.stripe.hold("/v1/balance_transactions/txn_1", settled)
    world.tell(event("payment_intent.succeeded", intent()), event("charge.updated", charge))

    world.apply()

    with world.db.cursor() as cursor:
        found = cursor.execute("""select e.currency, a.name, sum(p.minor)::bigint from postings p
            join journal_entries e using (entry_id) join ledger_accounts a using (ledger_account)
            group by 1, 2 having sum(p.minor) <> 0 order by 1, 2""").fetchall()
    assert found == [
        ("eur", "fx_gain_loss", -4500), ("eur", "processor_fees", 160), ("eur", "stripe_pending", 4340),
        ("usd", "fx_gain_loss", 4900), ("usd", "receivable", -4900),
    ]  # fmt: skip
