"""The web application on a real database, in this process: a client that speaks ASGI, and deliveries as Stripe signs them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import stripe
from starlette.types import ASGIApp

from billing_pipeline.adapters.identity import StripeIdentity
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.bootstrap import World
from billing_pipeline.settings import Settings
from billing_pipeline.web.app import build_app
from billing_pipeline.web.webhook import PATH
from tests.fakes import FakeClock

SECRET: Final = "whsec_the_only_one_in_force_today"
ACCOUNT: Final = "acct_1"


def world_on(db: Database, home: Path, clock: FakeClock, *, secrets: str = SECRET, livemode: bool = False) -> World:
    """A world whose Stripe is never called."""
    settings = Settings.load({"STRIPE_WEBHOOK_SECRET": secrets})
    gateway = StripeGateway("sk_test_nobody")
    return World(settings, home, db, clock, gateway, gateway, StripeIdentity(ACCOUNT, livemode), None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Client:
    """Calls the application as a server would."""

    app: ASGIApp
    clock: FakeClock = field(default_factory=FakeClock)

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def send(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = {}) -> Answer:
        """One request, its body in one piece."""
        return asyncio.run(call(self.app, method, path, [body], headers))

    def deliver(self, event: Mapping[str, Any], secret: str = SECRET, late_seconds: int = 0) -> Answer:
        """A delivery of the event, signed late_seconds ago."""
        body = json.dumps(event).encode()
        return self.send("POST", PATH, body, {"stripe-signature": self.sign(body, secret, late_seconds)})

    def sign(self, body: bytes, secret: str = SECRET, late_seconds: int = 0) -> str:
        stamp = int(self.clock.now().timestamp()) - late_seconds
        return str(stripe.WebhookSignature.generate_signature_header(body.decode("utf-8"), secret, stamp))


async def call(app: ASGIApp, method: str, path: str, parts: Sequence[bytes], headers: Mapping[str, str]) -> Answer:
    """What the application answers to one request whose body comes in parts."""
    waiting = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    waiting[-1]["more_body"] = False
    sent: list[Mapping[str, Any]] = []

    async def receive() -> Any:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    pairs = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": pairs,
    }
    await app(scope | {"http_version": "1.1", "root_path": "", "scheme": "http", "server": ("test", 80)}, receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answer(sent[0]["status"], body)


def client_on(db: Database, home: Path, clock: FakeClock, **options: Any) -> Client:
    """A client of the application on that database."""
    return Client(build_app(world_on(db, home, clock, **options)), clock)
