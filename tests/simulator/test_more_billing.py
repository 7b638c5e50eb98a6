"""Subscriptions in the corners: backdating, trials that move, cancellations that cost, items on their own, previews."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer, told
from tests.simulator.test_subscriptions import moment, price, subscribe

DAY = 86_400
METHODS = "docs.stripe.com/billing/payment-methods"
PAUSE = "docs.stripe.com/billing/subscriptions/pause-payment"
MODE = "docs.stripe.com/billing/subscriptions/billing-mode"
BACKDATE = "docs.stripe.com/billing/subscriptions/backdating"
TRIALS = "docs.stripe.com/billing/subscriptions/trials"
CANCEL = "docs.stripe.com/billing/subscriptions/cancel"
ITEMS = "docs.stripe.com/api/subscription_items"
PREVIEW = "docs.stripe.com/api/invoices/create_preview"
SCA = "docs.stripe.com/billing/subscriptions/overview"


def _bills(client: stripe.StripeClient, made: stripe.Subscription) -> list[int]:
    """The totals of all its invoices, oldest first."""
    return [i.total for i in reversed(client.v1.invoices.list({"subscription": made.id}).data)]


@pytest.mark.behaviour("subscriptions", "backdated: one line per natural period", source=BACKDATE)
def test_a_backdated_subscription_bills_the_elapsed_periods(client: stripe.StripeClient) -> None:
    sim = Simulator(now=moment(2026, 3, 11))
    client = sim.client()
    customer, _ = payer(client)

    made = subscribe(
        client, customer, price(client, 1_000), backdate_start_date=int(moment(2026, 1, 1).timestamp()),
        expand=["latest_invoice"],
    )  # fmt: skip

    lines = made.latest_invoice.lines.data  # type: ignore[union-attr]
    assert [line.amount for line in lines] == [1_000, 1_000, 1_000]
    assert made.start_date == int(moment(2026, 1, 1).timestamp())
    assert made["items"]["data"][0]["current_period_end"] == int(moment(2026, 4, 1).timestamp())


@pytest.mark.behaviour("subscriptions", "a trial can end now or later", source=TRIALS)
def test_a_trial_is_ended_now_and_charged(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 1_000), trial_period_days=30)
    sim.advance(seconds=5 * DAY)

    ended = client.v1.subscriptions.update(made.id, {"trial_end": "now"})

    assert (ended.status, ended.billing_cycle_anchor) == ("active", sim.clock.seconds)
    assert _bills(client, made) == [0, 1_000]


@pytest.mark.behaviour("subscriptions", "a longer trial moves the anchor", source="SDK 16.1 subscription update params")
def test_a_trial_is_prolonged_and_the_anchor_moves_with_it(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 1_000), trial_period_days=10)
    later = sim.clock.seconds + 20 * DAY

    moved = client.v1.subscriptions.update(made.id, {"trial_end": later})
    sim.advance(seconds=15 * DAY)
    waiting = client.v1.subscriptions.retrieve(made.id).status
    sim.advance(seconds=5 * DAY + 3_600)

    assert (moved.status, moved.billing_cycle_anchor, waiting) == ("trialing", later, "trialing")
    assert _bills(client, made) == [0, 1_000]


@pytest.mark.behaviour("subscriptions", "cancelling can credit and invoice what is left", source=CANCEL)
def test_a_cancellation_with_prorate_and_invoice_now_credits_the_customer(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))

    gone = client.v1.subscriptions.cancel(made.id, {"prorate": True, "invoice_now": True})

    assert gone.status == "canceled"
    assert _bills(client, made) == [3_100, -2_100]


@pytest.mark.behaviour("subscriptions", "cancelling drops pending prorations by default", source=CANCEL)
def test_a_plain_cancellation_drops_pending_items_and_stops_collection(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    other = client.v1.invoices.create({"customer": customer, "auto_advance": True})
    client.v1.invoice_items.create({"customer": customer, "invoice": str(other.id), "amount": 900, "currency": "usd"})
    client.v1.invoices.finalize_invoice(str(other.id))
    sim.advance(to=moment(2026, 1, 1))
    item = made["items"]["data"][0]["id"]
    client.v1.subscriptions.update(made.id, {"items": [{"id": item, "price": price(client, 9_900), "quantity": 1}]})

    client.v1.subscriptions.cancel(made.id)

    assert client.v1.invoice_items.list({"customer": customer, "pending": True}).data == []
    assert client.v1.invoices.retrieve(str(other.id)).auto_advance is False


@pytest.mark.behaviour("subscriptions", "cancel_at ends it in mid-period", source=CANCEL)
def test_a_day_to_cancel_at_comes_and_can_be_taken_back(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    kept, gone = (subscribe(client, customer, price(client)) for _ in range(2))
    for one in (kept, gone):
        client.v1.subscriptions.update(one.id, {"cancel_at": int(moment(2026, 1, 20).timestamp())})
    back = client.v1.subscriptions.update(kept.id, {"cancel_at": ""})

    sim.advance(to=moment(2026, 1, 21))

    assert (back.cancel_at, back.canceled_at) == (None, None)
    assert client.v1.subscriptions.retrieve(kept.id).status == "active"
    ended = client.v1.subscriptions.retrieve(gone.id)
    assert (ended.status, ended.ended_at) == ("canceled", int(moment(2026, 1, 20).timestamp()))


@pytest.mark.behaviour("subscriptions", "an on-session first payment can ask the customer", source=SCA)
@pytest.mark.parametrize(("passed", "status"), [(True, "active"), (False, "incomplete")])
def test_a_first_payment_that_asks_decides_the_subscription(
    sim: Simulator, client: stripe.StripeClient, passed: bool, status: str
) -> None:
    customer, _ = payer(client, "pm_card_authenticationRequired")

    made = subscribe(client, customer, price(client))
    (intent,) = client.v1.payment_intents.list({"customer": customer}).data
    sim.authenticate(intent.id, passed)

    assert (made.status, intent.status) == ("incomplete", "requires_action")
    assert "invoice.payment_action_required" in told(sim, str(made.latest_invoice))
    assert client.v1.subscriptions.retrieve(made.id).status == status


@pytest.mark.behaviour("subscriptions", "a renewal that needs authentication says so and is past due", source=SCA)
def test_a_renewal_that_needs_its_customer_is_past_due(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    strict = client.v1.payment_methods.attach("pm_card_authenticationRequired", {"customer": customer})
    client.v1.subscriptions.update(made.id, {"default_payment_method": strict.id})

    sim.advance(to=moment(2026, 2, 1, 2))

    after = client.v1.subscriptions.retrieve(made.id)
    assert after.status == "past_due"
    assert "invoice.payment_action_required" in told(sim, str(after.latest_invoice))


@pytest.mark.behaviour(
    "subscriptions", "a bank debit counts until it comes back", source="docs.stripe.com/billing/payment-methods"
)
def test_a_debit_that_comes_back_makes_a_renewal_past_due(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    bank = client.v1.payment_methods.attach("pm_usBankAccount_insufficientFunds", {"customer": customer})
    client.v1.subscriptions.update(made.id, {"default_payment_method": bank.id})

    sim.advance(to=moment(2026, 2, 2))
    waiting = client.v1.subscriptions.retrieve(made.id)
    sim.advance(to=moment(2026, 2, 6))

    after = client.v1.subscriptions.retrieve(made.id)
    assert (waiting.status, after.status) == ("active", "past_due")


@pytest.mark.behaviour("subscription_items", "each change is a change of the subscription", source=ITEMS)
def test_items_are_added_changed_and_removed_on_their_own(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    params: Any = {"subscription": made.id, "price": price(client, 6_200), "quantity": 2, "proration_behavior": "none"}

    added = client.v1.subscription_items.create(params)
    changed = client.v1.subscription_items.update(added.id, {"quantity": 3, "metadata": {"seat": "gold"}})
    listed = client.v1.subscription_items.list({"subscription": made.id}).data
    gone = client.v1.subscription_items.delete(added.id)

    assert (added.quantity, changed.quantity, changed.metadata["seat"]) == (2, 3, "gold")
    assert [i.id for i in listed] == [made["items"]["data"][0]["id"], added.id]
    assert gone.deleted is True
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscription_items.retrieve(added.id)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscription_items.delete(listed[0].id)


@pytest.mark.behaviour(
    "subscriptions", "collection held until a day", source="docs.stripe.com/billing/subscriptions/pause-payment"
)
def test_held_collection_goes_on_by_itself_on_the_day(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    until = int(moment(2026, 2, 15).timestamp())
    client.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void", "resumes_at": until}})

    sim.advance(to=moment(2026, 3, 2))

    statuses = [i.status for i in client.v1.invoices.list({"subscription": made.id}).data]
    assert statuses == ["paid", "void", "paid"]
    assert client.v1.subscriptions.retrieve(made.id).pause_collection is None


@pytest.mark.behaviour(
    "subscriptions",
    "resuming on the old anchor bills the rest of the period",
    source="SDK 16.1 subscription resume params",
)
def test_a_resumption_on_the_old_anchor_bills_what_is_left(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    client.v1.subscriptions.pause(made.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    sim.advance(to=moment(2026, 3, 16))

    resumed = client.v1.subscriptions.resume(made.id, {"billing_cycle_anchor": {"type": "unchanged"}})

    assert (resumed.status, resumed.billing_cycle_anchor) == ("active", made.billing_cycle_anchor)
    assert _bills(client, made) == [3_100, 1_600]
    assert resumed["items"]["data"][0]["current_period_end"] == int(moment(2026, 4, 1).timestamp())


@pytest.mark.behaviour(
    "subscriptions",
    "classic mode cannot be paused, and can be migrated",
    source="docs.stripe.com/billing/subscriptions/billing-mode",
)
def test_only_flexible_subscriptions_pause(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client), billing_mode={"type": "classic"})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.subscriptions.pause(made.id)
    moved = client.v1.subscriptions.migrate(made.id, {"billing_mode": {"type": "flexible"}})

    assert moved.billing_mode.type == "flexible"
    assert client.v1.subscriptions.pause(made.id).status == "paused"


@pytest.mark.behaviour("invoices", "a preview of a new subscription, of a cancellation, of nothing", source=PREVIEW)
def test_previews_of_what_does_not_exist_yet(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    wanted = price(client, 3_100)
    details: Any = {"items": [{"price": wanted, "quantity": 2}]}

    new = client.v1.invoices.create_preview({"customer": customer, "subscription_details": details})
    with pytest.raises(stripe.InvalidRequestError) as nothing:
        client.v1.invoices.create_preview({"customer": customer})
    made = subscribe(client, customer, wanted)
    sim.advance(to=moment(2026, 1, 11))
    cancel: Any = {"cancel_now": True}
    ended = client.v1.invoices.create_preview({"subscription": made.id, "subscription_details": cancel})

    assert new.total == 6_200
    assert nothing.value.code == "invoice_upcoming_none"
    assert ended.total == -2_100
    assert len(client.v1.subscriptions.list({"customer": customer}).data) == 1
    assert client.v1.subscriptions.retrieve(made.id).status == "active"
