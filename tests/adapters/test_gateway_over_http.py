"""The gateway over a real connection: what breaks on the wire is told apart, and each thread has its own session."""

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe

from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.domain.errors import Unknown
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.domain.requests import post
from stripe_simulator import Fault, Simulator
from stripe_simulator.server import serving

KEY = IdempotencyKey("test:1")
NEW_CUSTOMER = post("/v1/customers", {"email": "a@example.com"})
NO_PAUSE: Any = {"pause": lambda seconds: None}


@pytest.fixture
def address(simulator: Simulator) -> Iterator[str]:
    with serving(simulator) as running:
        yield running


def unused_address() -> str:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def gateway(address: str, **options: Any) -> StripeGateway:
    return StripeGateway("sk_test_1", address=address, **(NO_PAUSE | options))


def test_a_call_goes_through_and_is_replayed_under_its_key(address: str, simulator: Simulator) -> None:
    first, second = (gateway(address).send(NEW_CUSTOMER, KEY) for _ in range(2))

    assert first.body["id"] == second.body["id"]
    assert (first.replayed, second.replayed) == (False, True)
    assert first.request_id.startswith("req_")
    assert len(simulator.objects("customer")) == 1


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate"])
def test_a_connection_that_breaks_leaves_an_outcome_that_may_be_asked_for_again(
    address: str, simulator: Simulator, kind: Any
) -> None:
    simulator.faults.add(Fault(kind=kind, path="/v1/customers"))

    with pytest.raises(Unknown) as lost:
        gateway(address).send(NEW_CUSTOMER, KEY)
    again = gateway(address).send(NEW_CUSTOMER, KEY)

    assert lost.value.replied is False
    assert [one["id"] for one in simulator.objects("customer")] == [again.body["id"]]


def test_a_reply_that_is_too_late_is_no_reply(address: str, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="slow_after", path="/v1/customers", seconds=1))
    hasty = gateway(address, http_client=stripe.RequestsClient(timeout=0.2))

    with pytest.raises(Unknown) as lost:
        hasty.send(NEW_CUSTOMER, KEY)

    assert lost.value.replied is False
    assert gateway(address, pause=time.sleep).send(NEW_CUSTOMER, KEY).replayed  # first it is told: still in flight


@pytest.mark.parametrize("status", [500, 503])
def test_a_server_error_is_a_reply_and_is_never_sent_again(address: str, simulator: Simulator, status: int) -> None:
    simulator.faults.add(Fault(kind="error_after", path="/v1/customers", status=status, should_retry=True))

    with pytest.raises(Unknown) as lost:
        gateway(address).send(NEW_CUSTOMER, KEY)

    assert lost.value.replied is True
    assert sum(path == "/v1/customers" for _, path, _ in simulator.calls) == 1


def test_nobody_at_the_other_end_is_no_reply() -> None:
    with pytest.raises(Unknown, match="no reply") as lost:
        gateway(unused_address()).send(NEW_CUSTOMER, KEY)

    assert lost.value.replied is False


def test_many_threads_share_one_gateway(address: str, simulator: Simulator) -> None:
    shared = gateway(address)

    def make(number: int) -> str:
        request = post("/v1/customers", {"email": f"{number}@example.com"})
        return str(shared.send(request, IdempotencyKey(f"test:{number}")).body["email"])

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(make, range(24)))

    assert made == [f"{number}@example.com" for number in range(24)]
    assert len(simulator.objects("customer")) == 24
