"""The webhook sender: signatures, retries on the virtual clock, secrets that roll, and deliveries that go wrong."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import stripe

from stripe_simulator import Fault, Simulator
from stripe_simulator.server import serving
from tests.simulator.stories import charge, payer

WEBHOOKS = "docs.stripe.com/webhooks"
SIGNATURES = "docs.stripe.com/webhooks/signature"
VERSIONS = "docs.stripe.com/webhooks/versioning"


@dataclass
class Receiver:
    """A place that letters arrive at; `answers` are its next statuses, 200 afterwards."""

    answers: list[int] = field(default_factory=list)
    letters: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def __call__(self, url: str, headers: dict[str, str], body: str) -> int:
        """The status it answers with."""
        self.letters.append((headers, body))
        return self.answers.pop(0) if self.answers else 200

    def types(self) -> list[str]:
        """What arrived, in order."""
        return [json.loads(body)["type"] for _, body in self.letters]


def endpoint(client: stripe.StripeClient, *types: str, **more: Any) -> stripe.WebhookEndpoint:
    """An endpoint for some event types."""
    params: Any = {"url": "http://receiver.invalid/hook", "enabled_events": list(types or ("*",)), **more}
    return client.v1.webhook_endpoints.create(params)


def good(secret: str, letter: tuple[dict[str, str], str]) -> bool:
    """Whether the SDK accepts the signature."""
    try:
        return stripe.WebhookSignature.verify_header(letter[1], letter[0]["Stripe-Signature"], secret)  # type: ignore[no-untyped-call, no-any-return]
    except stripe.SignatureVerificationError:
        return False


@pytest.mark.behaviour("webhooks", "signed so that the SDK accepts it", source=SIGNATURES)
def test_a_delivery_is_signed_with_the_endpoints_secret(sim: Simulator, client: stripe.StripeClient) -> None:
    made, receiver = endpoint(client, "customer.created"), Receiver()
    client.v1.customers.create({"email": "ada@example.com"})

    sent = sim.webhooks.send_due(receiver)

    (letter,) = receiver.letters
    event = json.loads(letter[1])
    assert (sent, event["type"], event["data"]["object"]["email"]) == (1, "customer.created", "ada@example.com")
    assert (good(str(made.secret), letter), good("whsec_other", letter)) == (True, False)
    assert client.v1.events.list().data[0].pending_webhooks == 0


@pytest.mark.behaviour("webhooks", "the secret is shown once", source="docs.stripe.com/api/webhook_endpoints/create")
def test_the_secret_is_shown_at_creation_only(client: stripe.StripeClient) -> None:
    made = endpoint(client)

    again = client.v1.webhook_endpoints.retrieve(made.id)

    assert str(made.secret).startswith("whsec_")
    assert "secret" not in again


@pytest.mark.behaviour("webhooks", "retried for three days, on the virtual clock", source=WEBHOOKS)
def test_a_failing_receiver_is_tried_for_three_days_and_no_longer(sim: Simulator, client: stripe.StripeClient) -> None:
    endpoint(client, "customer.created")
    receiver = Receiver(answers=[500] * 100)
    client.v1.customers.create({})

    sim.webhooks.send_due(receiver)
    for _ in range(4 * 24):
        sim.advance(seconds=3_600)
        sim.webhooks.send_due(receiver)

    (delivery,) = sim.webhooks.deliveries()
    assert delivery["state"] == "failed"
    assert delivery["attempts"] == len(receiver.letters) == 10
    assert client.v1.events.list({"delivery_success": False}).data[0].pending_webhooks == 1


@pytest.mark.behaviour("webhooks", "the same event id on every try, a new time in every signature", source=WEBHOOKS)
def test_a_retry_carries_the_same_event(sim: Simulator, client: stripe.StripeClient) -> None:
    endpoint(client, "customer.created")
    receiver = Receiver(answers=[503])
    client.v1.customers.create({})

    sim.webhooks.send_due(receiver)
    sim.advance(seconds=600)
    sim.webhooks.send_due(receiver)

    (first, second) = receiver.letters
    assert first[1] == second[1]
    assert first[0]["Stripe-Signature"] != second[0]["Stripe-Signature"]
    assert sim.webhooks.deliveries()[0]["state"] == "delivered"


@pytest.mark.behaviour("webhooks", "a disabled endpoint is told nothing and retried no more", source=WEBHOOKS)
def test_a_disabled_endpoint_hears_nothing(sim: Simulator, client: stripe.StripeClient) -> None:
    made, receiver = endpoint(client), Receiver(answers=[500])
    client.v1.customers.create({})
    sim.webhooks.send_due(receiver)

    client.v1.webhook_endpoints.update(made.id, {"disabled": True})
    client.v1.customers.create({})
    sim.advance(seconds=3_600)
    sim.webhooks.send_due(receiver)

    assert len(receiver.letters) == 1


@pytest.mark.behaviour("webhooks", "two signatures while a secret rolls, for at most a day", source=SIGNATURES)
def test_a_rolled_secret_signs_beside_the_old_one_for_a_day(sim: Simulator, client: stripe.StripeClient) -> None:
    made, receiver = endpoint(client, "customer.created"), Receiver()

    fresh = sim.webhooks.roll(made.id)
    client.v1.customers.create({})
    sim.webhooks.send_due(receiver)
    sim.advance(seconds=86_400)
    client.v1.customers.create({})
    sim.webhooks.send_due(receiver)

    during, after = receiver.letters
    assert during[0]["Stripe-Signature"].count("v1=") == 2
    assert (good(str(made.secret), during), good(fresh, during)) == (True, True)
    assert (good(str(made.secret), after), good(fresh, after)) == (False, True)


@pytest.mark.behaviour("webhooks", "an endpoint's own API version", source=VERSIONS)
def test_an_old_endpoint_gets_the_fields_of_its_version(sim: Simulator, client: stripe.StripeClient) -> None:
    from tests.simulator.test_subscriptions import price, subscribe

    endpoint(client, "customer.subscription.created", api_version="2024-06-20")
    customer, _ = payer(client)
    receiver = Receiver()

    made = subscribe(client, customer, price(client))
    sim.webhooks.send_due(receiver)

    event = json.loads(receiver.letters[0][1])
    assert event["api_version"] == "2024-06-20"
    assert event["data"]["object"]["current_period_end"] == made["items"]["data"][0]["current_period_end"]


@pytest.mark.behaviour("events", "rendered in the account's default version", source=VERSIONS)
def test_polled_events_have_the_accounts_version(client: stripe.StripeClient) -> None:
    sim = Simulator()
    client = sim.client()
    sim.world.account.api_version = "2024-06-20"
    customer, method = payer(client)

    charge(client, customer, method)

    event = client.v1.events.list({"type": "charge.succeeded"}).data[0]
    assert event.api_version == "2024-06-20"
    assert "invoice" in event.data.object


@pytest.mark.behaviour(
    "faults", "webhooks duplicated, lost, reordered, late, badly signed, of an older version", source=WEBHOOKS
)
@pytest.mark.parametrize(
    ("kind", "types"),
    [
        ("webhook_duplicate", ["customer.created", "customer.created", "product.created"]),
        ("webhook_lose", ["product.created"]),
        ("webhook_reorder", ["product.created", "customer.created"]),
        ("webhook_wrong_secret", ["customer.created", "product.created"]),
        ("webhook_delay", ["customer.created", "product.created"]),
        ("webhook_old_version", ["customer.created", "product.created"]),
    ],
)
def test_a_delivery_goes_wrong_as_ordered(
    sim: Simulator, client: stripe.StripeClient, kind: Any, types: list[str]
) -> None:
    made, receiver = endpoint(client), Receiver()
    sim.faults.add(Fault(kind=kind, event_type="customer.created", seconds=400))
    client.v1.customers.create({})
    client.v1.products.create({"name": "Pro"})

    sim.webhooks.send_due(receiver)

    assert receiver.types() == types
    first = receiver.letters[0]
    signed_at = int(first[0]["Stripe-Signature"].split(",")[0].removeprefix("t="))
    assert good(str(made.secret), first) == (kind != "webhook_wrong_secret")
    assert sim.clock.seconds - signed_at == (400 if kind == "webhook_delay" else 0)
    assert (json.loads(first[1])["api_version"] == "2024-06-20") == (kind == "webhook_old_version")


class _Hook(BaseHTTPRequestHandler):
    seen: list[tuple[str, str]]
    arrived: threading.Event

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.seen.append((self.headers["Stripe-Signature"], body))
        self.send_response(200)
        self.end_headers()
        self.arrived.set()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        return


@pytest.fixture
def hook() -> Iterator[tuple[str, type[_Hook]]]:
    """The address of a real receiver, and what it saw."""
    received = type("Received", (_Hook,), {"seen": [], "arrived": threading.Event()})
    server = HTTPServer(("127.0.0.1", 0), received)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


def test_the_http_front_sends_webhooks_by_itself(sim: Simulator, hook: tuple[str, type[_Hook]]) -> None:
    url, received = hook
    with serving(sim) as address:
        remote = stripe.StripeClient("sk_test_x", base_addresses={"api": address})
        made = remote.v1.webhook_endpoints.create({"url": url, "enabled_events": ["customer.created"]})

        remote.v1.customers.create({})
        came = received.arrived.wait(20)

    assert came
    signature, body = received.seen[0]
    assert good(str(made.secret), ({"Stripe-Signature": signature}, body))
