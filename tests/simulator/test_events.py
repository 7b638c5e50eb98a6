"""Events: complete sets per transition, what changed, who asked, and the thirty days they live."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import charge, payer, told
from tests.simulator.test_subscriptions import moment, price, subscribe

TYPES = "docs.stripe.com/api/events/types"
OBJECT = "docs.stripe.com/api/events/object"
LIST = "docs.stripe.com/api/events/list"


@pytest.mark.behaviour("events", "one set per transition, in one second", source=TYPES)
def test_a_payment_tells_its_whole_story(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    before = len(sim.objects("event"))

    charge(client, customer, method)

    new = sim.objects("event")[before:]
    assert [e["type"] for e in new] == ["payment_intent.created", "charge.succeeded", "payment_intent.succeeded"]
    assert len({e["created"] for e in new}) == 1


@pytest.mark.behaviour("events", "a failed payment's set", source=TYPES)
def test_a_failed_payment_tells_its_whole_story(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_chargeCustomerFail")
    before = len(sim.objects("event"))

    with pytest.raises(stripe.CardError):
        charge(client, customer, method)

    types = [e["type"] for e in sim.objects("event")[before:]]
    assert types == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]


@pytest.mark.behaviour(
    "events", "request names the caller's idempotency key, null for Stripe's own work", source=OBJECT
)
def test_an_event_names_the_key_that_caused_it(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, key="pay:1")

    sim.advance(seconds=10)

    events = {e["type"]: e["request"] for e in sim.objects("event")}
    assert events["payment_intent.succeeded"]["idempotency_key"] == "pay:1"
    assert events["charge.updated"] == {"id": None, "idempotency_key": None}


@pytest.mark.behaviour("events", "previous_attributes on updates only", source=OBJECT)
def test_an_update_says_what_was_there_before(sim: Simulator, client: stripe.StripeClient) -> None:
    made = client.v1.customers.create({"name": "Ada"})

    client.v1.customers.update(made.id, {"name": "Grace"})
    client.v1.customers.update(made.id, {"name": "Grace"})

    created, *updated = [e for e in sim.objects("event") if e["type"].startswith("customer.")]
    assert "previous_attributes" not in created["data"]
    assert [e["data"]["previous_attributes"] for e in updated] == [{"name": "Ada"}]


@pytest.mark.behaviour("events", "data is what the object was then", source=OBJECT)
def test_an_event_does_not_change_with_its_object(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    intent = charge(client, customer, method)

    client.v1.payment_intents.update(intent.id, {"metadata": {"later": "yes"}})

    (event,) = client.v1.events.list({"type": "payment_intent.succeeded"}).data
    assert event.data.object["metadata"].to_dict() == {}


@pytest.mark.behaviour("events", "by type, by wildcard, by up to twenty types", source=LIST)
@pytest.mark.parametrize(
    ("params", "types"),
    [
        ({"type": "charge.succeeded"}, {"charge.succeeded"}),
        ({"type": "charge.*"}, {"charge.succeeded"}),
        ({"types": ["charge.succeeded", "customer.created"]}, {"charge.succeeded", "customer.created"}),
        ({"types": ["never.happened"]}, set()),
    ],
)
def test_events_are_found_by_type(client: stripe.StripeClient, params: Any, types: set[str]) -> None:
    customer, method = payer(client)
    charge(client, customer, method)

    found = {e.type for e in client.v1.events.list({**params, "limit": 100}).data}

    assert found == types


@pytest.mark.behaviour("events", "type and types exclude each other, twenty at most", source=LIST)
@pytest.mark.parametrize("params", [{"type": "a", "types": ["b"]}, {"types": [f"t{n}" for n in range(21)]}])
def test_too_many_types_are_refused(client: stripe.StripeClient, params: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.list(params)


@pytest.mark.behaviour("events", "gone after thirty days", source="docs.stripe.com/api/events")
def test_events_live_for_thirty_days(sim: Simulator, client: stripe.StripeClient) -> None:
    client.v1.customers.create({})
    (old,) = client.v1.events.list().data

    sim.advance(seconds=30 * 86_400)
    still = client.v1.events.list().data
    sim.advance(seconds=1)

    assert [e.id for e in still] == [old.id]
    assert client.v1.events.list().data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.retrieve(old.id)


@pytest.mark.behaviour("events", "walking forward from a known event", source="docs.stripe.com/api/pagination")
def test_ending_before_walks_from_old_to_new(sim: Simulator, client: stripe.StripeClient) -> None:
    for _ in range(7):
        client.v1.customers.create({})
        sim.advance(seconds=1)
    first = sim.objects("event")[0]["id"]

    walked = [e.id for e in client.v1.events.list({"ending_before": first, "limit": 2}).auto_paging_iter()]

    assert walked == [e["id"] for e in sim.objects("event")[1:]]


@pytest.mark.behaviour("events", "a renewal's set", source=TYPES)
def test_a_renewal_tells_its_whole_story(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))
    boundary = moment(2026, 2, 1).timestamp()

    sim.advance(to=moment(2026, 2, 1, 2))

    renewal = [e["type"] for e in sim.objects("event") if e["created"] >= boundary]
    assert renewal == [
        "invoice.created", "customer.subscription.updated",
        "payment_intent.created", "invoice.finalized", "charge.succeeded", "payment_intent.succeeded",
        "invoice_payment.paid", "invoice.updated", "invoice.paid", "invoice.payment_succeeded",
        "charge.updated",
    ]  # fmt: skip
    (moved,) = (e for e in sim.objects("event") if e["type"] == "customer.subscription.updated")
    assert set(moved["data"]["previous_attributes"]) == {"items", "latest_invoice"}
    assert moved["data"]["object"]["id"] == made.id


@pytest.mark.behaviour("events", "a payout's set", source=TYPES)
def test_a_payout_tells_its_whole_story(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method)

    sim.advance(seconds=6 * 86_400)

    (payout,) = client.v1.payouts.list().data
    assert told(sim, payout.id) == [
        "payout.created", "payout.updated", "payout.reconciliation_completed", "payout.paid", "payout.updated",
    ]  # fmt: skip
