"""Money that moves later: bank debits, refunds, disputes, payouts and the balance they share."""

from datetime import UTC, datetime

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import charge, payer, told

DAY = 86_400
ACH = "docs.stripe.com/payments/ach-direct-debit"
SEPA = "docs.stripe.com/payments/sepa-debit"
REFUNDS = "docs.stripe.com/refunds"
DISPUTES = "docs.stripe.com/disputes/how-disputes-work"
PAYOUTS = "docs.stripe.com/payouts/reconciliation"
TESTING = "docs.stripe.com/testing"


@pytest.mark.behaviour("payment_intents", "a bank debit is processing for days, then settles", source=ACH)
@pytest.mark.parametrize(("token", "currency"), [("pm_usBankAccount", "usd"), ("pm_sepaDebit", "eur")])
def test_a_bank_debit_settles_days_later(
    sim: Simulator, client: stripe.StripeClient, token: str, currency: str
) -> None:
    customer, method = payer(client, token)
    sent = charge(client, customer, method, currency=currency, expand=["latest_charge"])

    sim.advance(seconds=6 * DAY)

    after = client.v1.payment_intents.retrieve(sent.id, {"expand": ["latest_charge.balance_transaction"]})
    assert (sent.status, sent.latest_charge.status) == ("processing", "pending")  # type: ignore[union-attr]
    assert (after.status, after.amount_received) == ("succeeded", 4900)
    assert after.latest_charge.balance_transaction.type == "payment"  # type: ignore[union-attr]
    assert told(sim, sent.id)[1:] == ["payment_intent.processing", "payment_intent.succeeded"]


@pytest.mark.behaviour("payment_intents", "a bank debit can fail days later", source=ACH)
@pytest.mark.parametrize(
    ("token", "currency", "why"),
    [
        ("pm_usBankAccount_insufficientFunds", "usd", "insufficient_funds"),
        ("pm_usBankAccount_accountClosed", "usd", "account_closed"),
        ("pm_sepaDebit_failed", "eur", "insufficient_funds"),
    ],
)
def test_a_bank_debit_comes_back_days_later(
    sim: Simulator, client: stripe.StripeClient, token: str, currency: str, why: str
) -> None:
    customer, method = payer(client, token)
    sent = charge(client, customer, method, currency=currency)

    sim.advance(seconds=6 * DAY)

    after = client.v1.payment_intents.retrieve(sent.id)
    assert (after.status, after.amount_received) == ("requires_payment_method", 0)
    assert after.last_payment_error.decline_code == why  # type: ignore[union-attr]
    assert sim.objects("balance_transaction") == []


@pytest.mark.behaviour("disputes", "a settled bank debit can be taken back, finally", source=SEPA)
def test_a_settled_debit_is_disputed_and_lost(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_sepaDebit_dispute")
    sent = charge(client, customer, method, currency="eur")

    sim.advance(seconds=9 * DAY)

    (dispute,) = client.v1.disputes.list({"payment_intent": sent.id}).data
    assert (dispute.status, dispute.reason, dispute.evidence_details.due_by) == ("lost", "debit_not_authorized", None)


@pytest.mark.behaviour("refunds", "limited by what is left of the charge", source=REFUNDS)
def test_refunds_stop_at_the_amount_of_the_charge(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)

    part = client.v1.refunds.create({"payment_intent": paid.id, "amount": 900})
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 4_001})
    rest = client.v1.refunds.create({"payment_intent": paid.id})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": paid.id})

    assert (part.status, rest.amount, refused.value.code) == ("succeeded", 4_000, "charge_already_refunded")
    after = client.v1.charges.retrieve(str(paid.latest_charge), {"expand": ["refunds"]})
    assert (after.amount_refunded, after.refunded) == (4_900, True)
    assert [r.amount for r in after.refunds.data] == [4_000, 900]  # type: ignore[union-attr]


@pytest.mark.behaviour("refunds", "a refund that succeeded can fail later", source=REFUNDS)
def test_a_refund_fails_after_it_succeeded_and_the_money_returns(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_refundFail")
    paid = charge(client, customer, method)
    refund = client.v1.refunds.create({"payment_intent": paid.id})

    sim.advance(seconds=4 * DAY)

    after = client.v1.refunds.retrieve(refund.id)
    assert (refund.status, after.status, after.failure_reason) == ("succeeded", "failed", "lost_or_stolen_card")
    assert client.v1.balance_transactions.retrieve(str(after.failure_balance_transaction)).amount == 4_900
    assert client.v1.charges.retrieve(str(paid.latest_charge)).amount_refunded == 0
    assert "refund.failed" in told(sim, refund.id)


@pytest.mark.behaviour("disputes", "opening takes amount and fee, winning returns the amount only", source=DISPUTES)
def test_a_won_dispute_has_two_movements(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_createDispute")
    charge(client, customer, method)
    sim.advance(seconds=60)
    (opened,) = client.v1.disputes.list().data

    client.v1.disputes.update(opened.id, {"evidence": {"uncategorized_text": "winning_evidence"}, "submit": True})
    sim.advance(seconds=120)

    closed = client.v1.disputes.retrieve(opened.id)
    assert (opened.status, [b.net for b in opened.balance_transactions]) == ("needs_response", [-6_400])
    assert (closed.status, [b.net for b in closed.balance_transactions]) == ("won", [-6_400, 4_900])
    assert [b.reporting_category for b in closed.balance_transactions] == ["dispute", "dispute_reversal"]
    assert "charge.dispute.funds_reinstated" in told(sim, opened.id)


@pytest.mark.behaviour("disputes", "no answer loses, and moves nothing more", source=DISPUTES)
def test_a_dispute_nobody_answers_is_lost_without_another_movement(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_createDispute")
    paid = charge(client, customer, method)

    sim.advance(seconds=12 * DAY)

    (lost,) = client.v1.disputes.list().data
    assert (lost.status, len(lost.balance_transactions), lost.evidence_details.past_due) == ("lost", 1, True)
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.refunds.create({"payment_intent": paid.id})
    assert refused.value.code == "charge_disputed"


@pytest.mark.behaviour("disputes", "an inquiry moves no money", source=DISPUTES)
def test_an_inquiry_moves_no_money(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_createDisputeInquiry")
    charge(client, customer, method)

    sim.advance(seconds=12 * DAY)

    (inquiry,) = client.v1.disputes.list().data
    assert (inquiry.status, inquiry.balance_transactions) == ("warning_closed", [])


@pytest.mark.behaviour("payouts", "daily, and the sum of their transactions", source=PAYOUTS)
def test_an_automatic_payout_is_the_sum_of_its_transactions(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = [charge(client, customer, method, amount) for amount in (4_900, 10_000, 777)]
    client.v1.refunds.create({"payment_intent": paid[0].id, "amount": 100})

    sim.advance(to=datetime(2026, 1, 3, 2, tzinfo=UTC))
    (payout,) = client.v1.payouts.list().data
    parts = client.v1.balance_transactions.list({"payout": payout.id, "limit": 100}).data

    assert (payout.status, payout.automatic, payout.reconciliation_status) == ("in_transit", True, "completed")
    assert sum(b.net for b in parts if b.type != "payout") == payout.amount
    assert sorted(b.type for b in parts) == ["charge", "charge", "charge", "payout", "refund"]


@pytest.mark.behaviour("payouts", "paid on arrival, and may fail after that", source="SDK 16.1 _payout.py")
def test_a_paid_payout_can_still_fail(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method)
    sim.advance(seconds=6 * DAY)
    (paid,) = client.v1.payouts.list().data

    sim.drift.fail_payout(paid.id)

    failed = client.v1.payouts.retrieve(paid.id)
    assert (paid.status, failed.status, failed.failure_code) == ("paid", "failed", "account_closed")
    assert client.v1.balance.retrieve().available[0].amount == paid.amount


@pytest.mark.behaviour("payouts", "a manual payout cannot be mapped and cannot exceed the balance", source=PAYOUTS)
def test_a_manual_payout_is_limited_by_the_balance(sim: Simulator, client: stripe.StripeClient) -> None:
    sim.world.account.payout_schedule = "manual"
    customer, method = payer(client)
    charge(client, customer, method)
    sim.advance(seconds=3 * DAY)

    payout = client.v1.payouts.create({"amount": 4_000, "currency": "usd"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payouts.create({"amount": 4_000, "currency": "usd"})
    canceled = client.v1.payouts.cancel(payout.id)

    assert (payout.automatic, payout.reconciliation_status, canceled.status) == (False, "not_applicable", "canceled")
    assert refused.value.code == "balance_insufficient"


@pytest.mark.behaviour("balance", "equals the sum of all transactions", source="docs.stripe.com/api/balance")
def test_the_balance_is_the_sum_of_its_transactions(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    for card in ("pm_card_visa", "pm_card_createDispute", "pm_card_refundFail"):
        other = client.v1.payment_methods.attach(card, {"customer": customer})
        paid = charge(client, customer, other.id)
        if card != "pm_card_createDispute":
            client.v1.refunds.create({"payment_intent": paid.id, "amount": 1_000})

    for _ in range(9):
        sim.advance(seconds=DAY)
        balance = client.v1.balance.retrieve()
        held = sum(b.amount for b in [*balance.available, *balance.pending])

        assert held == sum(b["net"] for b in sim.objects("balance_transaction"))


def test_enhanced_evidence_that_is_taken_back_is_empty(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.drift.dispute(str(charge(client, customer, method).latest_charge))
    (opened,) = client.v1.disputes.list().data

    after = client.v1.disputes.update(opened.id, {"evidence": {"enhanced_evidence": ""}, "submit": False})

    assert after.evidence.enhanced_evidence.to_dict() == {}
