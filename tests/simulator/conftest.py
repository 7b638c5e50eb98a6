"""A simulator whose every reply and event is held against Stripe's specification while the test runs."""

from collections.abc import Iterator, Mapping

import orjson
import pytest
import stripe

from stripe_simulator import Response, Simulator
from tests.simulator.spec import complaints


class Judged(Simulator):
    """A simulator that refuses to answer with anything Stripe would not send."""

    def handle(self, method: str, path: str, headers: Mapping[str, str], form: str = "") -> Response:
        """The reply, after it was judged."""
        reply = super().handle(method, path, headers, form)
        if reply.status == 200 and reply.body:
            wrong = complaints(orjson.loads(reply.body))
            assert wrong == [], f"{method} {path}: {wrong[:5]}"
        return reply


@pytest.fixture(autouse=True)
def _no_telemetry() -> None:
    stripe.enable_telemetry = False


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A judged simulator; its events are judged when the test is over."""
    made = Judged()
    yield made
    wrong = {c for event in made.objects("event") for c in complaints(event)}
    assert wrong == set()


@pytest.fixture
def client(sim: Simulator) -> stripe.StripeClient:
    """The SDK's client on the simulator."""
    return sim.client()
