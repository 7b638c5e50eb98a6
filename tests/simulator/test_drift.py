"""Drift: what happens behind the account's back looks exactly like what the dashboard or a bank would leave."""

import pytest
import stripe

from stripe_simulator import Simulator
from stripe_simulator.wire import Refused
from tests.simulator.stories import charge, payer, told
from tests.simulator.test_subscriptions import price, subscribe


def test_a_refund_in_the_dashboard_has_no_request(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method, key="k")

    refund = sim.drift.refund(str(paid.latest_charge), 900)

    assert client.v1.refunds.retrieve(refund["id"]).amount == 900
    (event,) = (e for e in sim.objects("event") if e["type"] == "refund.created")
    assert event["request"] == {"id": None, "idempotency_key": None}


def test_a_refund_fails_on_order(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)
    refund = client.v1.refunds.create({"payment_intent": paid.id})

    sim.drift.fail_refund(refund.id)

    assert client.v1.refunds.retrieve(refund.id).status == "failed"


@pytest.mark.parametrize(("won", "status", "movements"), [(True, "won", 2), (False, "lost", 1)])
def test_a_dispute_is_opened_and_decided_on_order(
    sim: Simulator, client: stripe.StripeClient, won: bool, status: str, movements: int
) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)

    sim.drift.dispute(str(paid.latest_charge))
    (opened,) = client.v1.disputes.list({"payment_intent": paid.id}).data
    sim.drift.close_dispute(opened.id, won)

    closed = client.v1.disputes.retrieve(opened.id)
    assert (closed.status, len(closed.balance_transactions)) == (status, movements)
    assert client.v1.charges.retrieve(str(paid.latest_charge)).disputed is True


def test_an_orphan_payment_has_a_charge_and_events(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    orphan = sim.drift.orphan_payment_intent(customer, 1_234, "usd", {"invoice_id": "inv_1"})

    found = client.v1.payment_intents.retrieve(orphan["id"])
    assert (found.status, found.amount_received, found.metadata["invoice_id"]) == ("succeeded", 1_234, "inv_1")
    assert "payment_intent.succeeded" in told(sim, found.id)


def test_an_orphan_can_be_a_failed_one(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    orphan = sim.drift.orphan_payment_intent(customer, 1_234, "usd", method="pm_sim_lost_card")

    assert client.v1.payment_intents.retrieve(orphan["id"]).status == "requires_payment_method"


def test_an_amount_changes_without_a_word(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)
    events = len(sim.objects("event"))

    sim.drift.change_amount(paid.id, 100)

    after = client.v1.payment_intents.retrieve(paid.id, {"expand": ["latest_charge"]})
    assert (after.amount_received, after.latest_charge.amount) == (5_000, 5_000)  # type: ignore[union-attr]
    assert len(sim.objects("event")) == events


@pytest.mark.parametrize(("delta", "fee", "lines"), [(100, 272, [272]), (-172, 0, [])])
def test_a_fee_differs_afterwards_from_what_was_said(
    sim: Simulator, client: stripe.StripeClient, delta: int, fee: int, lines: list[int]
) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method, expand=["latest_charge"])
    sim.advance(seconds=5)
    events = len(sim.objects("event"))

    changed = sim.drift.change_fee(str(paid.latest_charge.id), delta)  # type: ignore[union-attr]

    after = client.v1.balance_transactions.retrieve(changed["id"])
    assert (after.fee, after.net, [line.amount for line in after.fee_details]) == (fee, 4900 - fee, lines)
    assert client.v1.balance.retrieve().pending[0].amount == 4900 - fee
    assert len(sim.objects("event")) == events


def test_a_payout_is_the_sum_of_its_transactions_after_a_fee_changed(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)
    sim.advance(seconds=5)
    sim.drift.change_fee(str(paid.latest_charge))

    sim.advance(seconds=3 * 86_400)

    (payout,) = client.v1.payouts.list().data
    assert payout.amount == 4900 - 272
    with pytest.raises(Refused, match=f"was paid out with {payout.id}"):
        sim.drift.change_fee(str(paid.latest_charge))


@pytest.mark.parametrize("delta", [-173, 5_000])
def test_a_fee_stays_between_nothing_and_the_charge(sim: Simulator, client: stripe.StripeClient, delta: int) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)
    sim.advance(seconds=5)

    with pytest.raises(Refused, match="between 0 and 4900"):
        sim.drift.change_fee(str(paid.latest_charge), delta)


def test_a_fee_that_is_not_known_yet_cannot_change(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    paid = charge(client, customer, method)

    with pytest.raises(Refused, match="no balance transaction yet"):
        sim.drift.change_fee(str(paid.latest_charge))


def test_an_intent_an_invoice_and_a_subscription_are_ended_by_hand(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    waiting = client.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    made = subscribe(client, customer, price(client))
    draft = client.v1.invoices.create({"customer": customer})
    client.v1.invoice_items.create({"customer": customer, "invoice": str(draft.id), "amount": 700, "currency": "usd"})
    client.v1.invoices.finalize_invoice(str(draft.id))

    sim.drift.cancel_payment_intent(waiting.id)
    sim.drift.void_invoice(str(draft.id))
    sim.drift.cancel_subscription(made.id)

    assert client.v1.payment_intents.retrieve(waiting.id).status == "canceled"
    assert client.v1.invoices.retrieve(str(draft.id)).status == "void"
    after = client.v1.subscriptions.retrieve(made.id)
    assert (after.status, after.cancellation_details.reason) == ("canceled", "cancellation_requested")  # type: ignore[union-attr]


def test_a_customer_is_deleted_by_hand(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    sim.drift.delete_customer(customer)

    assert client.v1.customers.retrieve(customer).deleted is True
    assert told(sim, customer)[-1] == "customer.deleted"


def test_an_event_is_lost_for_good(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    kept, gone = (charge(client, customer, method).id for _ in range(2))

    lost = sim.drift.lose_event("payment_intent.succeeded", gone)

    left = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert lost == 1
    assert [e.data.object["id"] for e in left] == [kept]


def test_drift_about_nothing_is_refused_by_name(sim: Simulator) -> None:
    with pytest.raises(Refused, match="No such charge"):
        sim.drift.refund("ch_nobody")
