"""Two kinds of pause: collection held while periods go on, and the subscription itself stopped."""

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer, told
from tests.simulator.test_subscriptions import moment, price, subscribe

PAUSE = "docs.stripe.com/billing/subscriptions/pause-payment"
PAUSE_SUB = "docs.stripe.com/changelog/endive/2026-09-30/pause-subscription"


@pytest.mark.behaviour("subscriptions", "keep_as_draft and mark_uncollectible", source=PAUSE)
@pytest.mark.parametrize(
    ("behavior", "status"), [("keep_as_draft", "draft"), ("mark_uncollectible", "uncollectible"), ("void", "void")]
)
def test_held_collection_does_with_invoices_what_was_asked(
    sim: Simulator, client: stripe.StripeClient, behavior: str, status: str
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    client.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": behavior}})  # type: ignore[typeddict-item]

    sim.advance(to=moment(2026, 2, 5))
    held = client.v1.invoices.list({"subscription": made.id}).data[0]
    client.v1.subscriptions.update(made.id, {"pause_collection": ""})
    sim.advance(to=moment(2026, 3, 5))
    free = client.v1.invoices.list({"subscription": made.id}).data[0]

    assert (held.status, free.status) == (status, "paid")
    assert client.v1.subscriptions.retrieve(made.id).status == "active"


@pytest.mark.behaviour("subscriptions", "the pause endpoint stops time and credits it", source=PAUSE_SUB)
def test_a_paused_subscription_bills_nothing_and_resumes_with_a_new_cycle(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client, 3_100))
    sim.advance(to=moment(2026, 1, 11))

    paused = client.v1.subscriptions.pause(made.id)
    stopped = told(sim, made.id)
    sim.advance(to=moment(2026, 4, 1))
    quiet = len(client.v1.invoices.list({"subscription": made.id}).data)
    resumed = client.v1.subscriptions.resume(made.id, {"expand": ["latest_invoice"]})

    assert (paused.status, paused.status_details.paused.subscription.type) == ("paused", "pause_requested")  # type: ignore[union-attr]
    assert (quiet, resumed.status) == (1, "active")
    assert (resumed.latest_invoice.total, resumed.latest_invoice.status) == (3_100 - 2_100, "paid")  # type: ignore[union-attr]
    assert "customer.subscription.paused" in stopped
    assert "customer.subscription.resumed" in told(sim, made.id)


@pytest.mark.behaviour(
    "subscriptions", "a resumption nobody pays is voided after 23 hours", source="SDK 16.1 _subscription.py"
)
def test_a_resumption_that_fails_leaves_the_pause(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    made = subscribe(client, customer, price(client))
    client.v1.subscriptions.pause(made.id, {"bill_for": {"unused_time_from": {"type": "none"}}})
    client.v1.payment_methods.update(method, {"metadata": {"sim_decline_code": "insufficient_funds"}})

    tried = client.v1.subscriptions.resume(made.id)
    sim.advance(seconds=23 * 3_600)

    assert tried.status == client.v1.subscriptions.retrieve(made.id).status == "paused"
    assert client.v1.invoices.retrieve(str(tried.latest_invoice)).status == "void"
