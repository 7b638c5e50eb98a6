"""The webhook sender: signs with each endpoint's secrets, posts, and leaves retries to the virtual clock."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import orjson
import requests
import stripe

from stripe_simulator.faults import WEBHOOK, Fault, Occasion
from stripe_simulator.render import public
from stripe_simulator.resources.webhook_endpoints import DELIVERY, new_secret, record
from stripe_simulator.store import HIDDEN
from stripe_simulator.versions import as_of
from stripe_simulator.wire import Json

if TYPE_CHECKING:
    from stripe_simulator.simulator import Simulator

TIMEOUT_SECONDS: Final = 10.0
BATCH_MAX: Final = 10_000
OLD_VERSION: Final = "2024-06-20"
ROLLED_FOR_SECONDS: Final = 86_400  # how long a replaced secret still signs, at most

Post: TypeAlias = Callable[[str, dict[str, str], str], int]


@dataclass(frozen=True, slots=True)
class Letter:
    """One request to send: where, signed how, and how often."""

    url: str
    headers: dict[str, str]
    body: str
    times: int = 1


def post(url: str, headers: dict[str, str], body: str) -> int:
    """The status of the receiver's answer; 0 when it could not be reached in time."""
    try:
        reply = requests.post(url, body.encode(), headers=headers, timeout=TIMEOUT_SECONDS, allow_redirects=False)
    except requests.RequestException:
        return 0
    return reply.status_code


class Webhooks:
    """Deliveries of one simulator. Nothing is sent by itself in process; the HTTP front sends after every request."""

    def __init__(self, simulator: "Simulator") -> None:
        self.simulator = simulator

    def due(self) -> int:
        """How many deliveries wait to be sent now."""
        return len(self.simulator.world.store.table(DELIVERY).by["state"].get("due", ()))

    def send_due(self, send: Post = post) -> int:
        """How many deliveries were tried. The lock is not held while a receiver is waited for."""
        with self.simulator.lock:
            batch = list(self.simulator.world.store.table(DELIVERY).oldest("state", "due"))[:BATCH_MAX]
        late: list[tuple[Json, Letter]] = []
        for delivery in batch:
            letter = self._letter(delivery)
            if letter is None:
                continue
            if letter.times == 0:
                late.append((delivery, letter))
            else:
                self._send(delivery, letter, send)
        for delivery, letter in late:
            self._send(delivery, letter, send)
        return len(batch)

    def _send(self, delivery: Json, letter: Letter, send: Post) -> None:
        status = 0
        for _ in range(max(letter.times, 1)):
            status = send(letter.url, letter.headers, letter.body)
        with self.simulator.lock:
            record(self.simulator.world, delivery, status)

    def _letter(self, delivery: Json) -> Letter | None:
        """What to send; None when the delivery was lost on purpose or has nowhere to go. times 0: after the others."""
        world = self.simulator.world
        with self.simulator.lock:
            endpoint = world.store.find("webhook_endpoint", delivery["endpoint"])
            event = world.store.find("event", delivery["event"])
            if endpoint is None or event is None:
                world.store.change(delivery, {"state": "failed"})
                return None
            fault = world.faults.take(WEBHOOK, Occasion("post", endpoint["url"], event_type=delivery["type"]))
            if fault and fault.kind == "webhook_lose":
                world.store.change(delivery, {"state": "lost"})
                return None
            return self._written(endpoint, event, fault)

    def _written(self, endpoint: Json, event: Json, fault: Fault | None) -> Letter:
        kind = fault.kind if fault else ""
        version = OLD_VERSION if kind == "webhook_old_version" else endpoint["api_version"]
        body = rendered(event, version)
        now = self.simulator.clock.seconds
        signed_at = now - int(fault.seconds) if fault and kind == "webhook_delay" else now
        secrets = [s["secret"] for s in endpoint[HIDDEN]["secrets"] if s["until"] is None or s["until"] > now]
        if kind == "webhook_wrong_secret":
            secrets = ["whsec_somebody_else"]
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature(body, secrets, signed_at),
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }
        times = {"webhook_duplicate": 2, "webhook_reorder": 0}.get(kind, 1)
        return Letter(endpoint["url"], headers, body, times)

    def roll(self, endpoint_id: str, keep_seconds: int = ROLLED_FOR_SECONDS) -> str:
        """The endpoint's new secret; the old one signs beside it for a while."""
        world = self.simulator.world
        with self.simulator.lock:
            endpoint = world.get("webhook_endpoint", endpoint_id)
            until = world.clock.seconds + min(keep_seconds, ROLLED_FOR_SECONDS)
            old = [{**s, "until": s["until"] or until} for s in endpoint[HIDDEN]["secrets"]]
            secret = new_secret(world)
            world.hide(endpoint, secrets=[*old, {"secret": secret, "until": None}])
            return secret

    def deliveries(self) -> list[Json]:
        """All deliveries, oldest first."""
        with self.simulator.lock:
            return [public(row) for row in self.simulator.world.store.table(DELIVERY).oldest()]


def rendered(event: Json, version: str | None) -> str:
    """The event as JSON text in an API version (None: the one it was created in)."""
    shown = orjson.loads(orjson.dumps(public(event)))
    if version and version != event["api_version"]:
        shown["api_version"] = version
        shown["data"]["object"] = as_of(version, shown["data"]["object"])
    return orjson.dumps(shown).decode()


def signature(body: str, secrets: list[str], at: int) -> str:
    """The Stripe-Signature header: one time, and one v1 for every secret."""
    headers = [stripe.WebhookSignature.generate_signature_header(body, s, timestamp=at) for s in secrets]
    return ",".join([f"t={at}", *(h.split(",", 1)[1] for h in headers)])
