"""The in-process front: an HTTP client for the Stripe SDK that asks the simulator without a network."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import stripe
from requests.structures import CaseInsensitiveDict

if TYPE_CHECKING:
    from stripe_simulator.simulator import Simulator


class InProcess(stripe.HTTPClient):
    """Calls the simulator directly. Lost replies and timeouts surface as the SDK's own APIConnectionError."""

    name = "stripe_simulator"

    def __init__(self, simulator: "Simulator", timeout_seconds: float, latency_seconds: float) -> None:
        super().__init__()
        self.simulator = simulator
        self.timeout_seconds = timeout_seconds
        self.latency_seconds = latency_seconds

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """Body, status and headers. Raises APIConnectionError when the reply was lost or came too late."""
        if self.latency_seconds:
            time.sleep(self.latency_seconds)
        parts = urlsplit(url)
        form = (post_data or "") if method == "post" else parts.query
        response = self.simulator.handle(method, parts.path, headers or {}, form)
        if response.dropped:
            raise unreachable("Connection closed before the reply arrived")
        if response.delay_seconds > self.timeout_seconds:
            raise unreachable("Request timed out")
        body = response.body[: len(response.body) // 2] if response.cut else response.body
        return body.decode(errors="replace"), response.status, CaseInsensitiveDict(response.headers)

    def close(self) -> None:
        """Nothing; there is no connection to close."""


def unreachable(message: str) -> stripe.APIConnectionError:
    """The SDK's error for a connection that broke; the SDK may retry it."""
    return stripe.APIConnectionError(message, should_retry=True)  # type: ignore[no-untyped-call]
