"""Requests judged against the SDK's own types before they leave the caller."""

from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from stripe_simulator.checking import Mistyped, adapter
from stripe_simulator.declared import declaration
from stripe_simulator.routes import all_routes
from tests.simulator.stories import payer

INTENT = {"amount": 500, "currency": "usd"}


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({**INTENT, "payment_method_types": ["card"]}, "payment_method_types"),
        ({**INTENT, "amount": 5.0}, "amount"),
        ({**INTENT, "capture_method": "sometimes"}, "capture_method"),
        ({"amount": 500}, "currency"),
        ({**INTENT, "metadata": {"attempt": 2}}, "metadata"),
        ({**INTENT, "automatic_payment_methods": {"enabled": True, "colour": "red"}}, "colour"),
    ],
)
def test_a_mistyped_call_is_named_and_never_sent(sim: Simulator, params: Any, named: str) -> None:
    client = sim.client()

    with pytest.raises(Mistyped, match=named):
        client.v1.payment_intents.create(params)

    assert not sim.calls


def test_calls_with_options_and_raw_calls_are_judged_too(sim: Simulator) -> None:
    client = sim.client()
    bad: Any = {**INTENT, "amount": "500"}

    with pytest.raises(Mistyped):
        client.v1.payment_intents.create(bad, {"idempotency_key": "k"})
    with pytest.raises(Mistyped):
        client.raw_request("post", "/v1/payment_intents", **bad)

    assert not sim.calls


def test_good_calls_pass(sim: Simulator) -> None:
    client = sim.client()

    customer, method = payer(client, metadata={"account_id": "acme"})
    made = client.v1.payment_intents.create(
        {**INTENT, "customer": customer, "payment_method": method, "confirm": True, "off_session": "recurring"}  # type: ignore[typeddict-item]
    )

    assert made.status == "succeeded"


def test_every_route_has_types_in_the_sdk() -> None:
    routes = all_routes()

    for route in routes:
        assert callable(declaration(route.params)), route
        assert adapter(route.params).core_schema is not None, route

    assert len(routes) > 100


def test_unchecked_clients_reach_the_wire(sim: Simulator) -> None:
    client = sim.client(check_types=False)

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.payment_intents.create({**INTENT, "payment_method_types": ["card"]})  # type: ignore[typeddict-unknown-key]

    assert len(sim.calls) == 1
