"""The webhook: raw bytes are verified and stored before Stripe is told 200. Nothing is applied here.

200 stored (or told before), 400 not from Stripe or not for us, 405 not a POST, 413 too large, 503 could not be stored.
"""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from billing_pipeline.adapters.fast_json import as_text
from billing_pipeline.adapters.stores.inbox_writer import Delivery, InboxWriter
from billing_pipeline.adapters.stripe_signatures import is_recent, signed_at
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.ports import Clock, Fact
from billing_pipeline.web.metrics import Metrics

PATH: Final = "/api/webhooks/stripe"
BODY_BYTES_MAX: Final = 1_048_576  # Stripe's largest events are a tenth of it
RECENT_SECONDS: Final = 0.5  # asking a simulator for its time costs a call: not for every delivery

STATUSES: Final = (200, 400, 405, 413, 503)
EMPTY: Final = ((b"content-length", b"0"),)
HEADS: Final = {status: {"type": "http.response.start", "status": status, "headers": EMPTY} for status in STATUSES}
END: Final = {"type": "http.response.body", "body": b""}

log = logging.getLogger("billing_pipeline.webhook")


class TooLarge(Exception):
    """A body over the limit."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Whom the endpoint listens to. secrets: every signing secret in force."""

    secrets: Sequence[str]
    account_id: str
    livemode: bool


class Webhook:
    """The ASGI endpoint. It holds no state but the writer's queue, so that any number of them may run."""

    def __init__(self, endpoint: Endpoint, writer: InboxWriter, clock: Clock, metrics: Metrics) -> None:
        self._endpoint, self._writer, self._clock = endpoint, writer, clock
        self._counters = {status: metrics.deliveries.labels(status) for status in STATUSES}
        self._known_now: tuple[float, datetime] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await self._answer(send, 405)
            return
        try:
            body, now = await body_of(scope, receive), await self._now()
            stamp = signed_at(body, signature_of(scope), self._endpoint.secrets)
            if not is_recent(stamp, now) and not is_recent(stamp, await self._now(ask=True)):
                raise Broken(f"signed at {stamp.isoformat()}: too far from now")
            fact = fact_of(body, self._endpoint)
        except TooLarge:
            log.warning("webhook refused (413): the body is larger than %d bytes", BODY_BYTES_MAX)
            await self._answer(send, 413)
        except Broken as error:
            log.warning("webhook refused (400): %s", error)
            await self._answer(send, 400)
        except BillingError as error:
            log.error("webhook refused (503): %s", error)
            await self._answer(send, 503)
        else:
            await self._answer(send, 200 if await self._stored(fact, now) else 503)

    async def _now(self, *, ask: bool = False) -> datetime:
        """The time, at most RECENT_SECONDS old; anew when asked for."""
        elapsed = asyncio.get_running_loop().time()
        if ask or self._known_now is None or elapsed - self._known_now[0] > RECENT_SECONDS:
            self._known_now = (elapsed, await asyncio.to_thread(self._clock.now))
        return self._known_now[1]

    async def _stored(self, fact: Fact, now: datetime) -> bool:
        """Whether the fact is committed."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._writer.put(Delivery(fact, now, done))
        if not (stored := await done):
            log.error("webhook refused (503): %s could not be stored; Stripe will deliver it again", fact.event_id)
        return stored

    async def _answer(self, send: Send, status: int) -> None:
        self._counters[status].inc()
        await send(HEADS[status])
        await send(END)


async def body_of(scope: Scope, receive: Receive) -> bytes:
    """The raw body. Raises TooLarge as soon as it is known to be over the limit."""
    declared = dict(scope["headers"]).get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > BODY_BYTES_MAX:
        raise TooLarge
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Broken("the sender hung up before the end")
        parts.append(message.get("body", b""))
        size, more = size + len(parts[-1]), message.get("more_body", False)
        if size > BODY_BYTES_MAX:
            raise TooLarge
    return b"".join(parts)


def signature_of(scope: Scope) -> str:
    """The Stripe-Signature header, '' when there is none."""
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == b"stripe-signature"), "")


def fact_of(body: bytes, endpoint: Endpoint) -> Fact:
    """The fact of a verified body. Raises Broken when it is no event, or none for this account and mode."""
    event = parsed(body)
    if not isinstance(event, Mapping) or event.get("object") != "event":
        raise Broken("the body is not a snapshot event")
    if event.get("livemode") is not endpoint.livemode:
        raise Broken(f"an event of {'live' if event.get('livemode') else 'test'} mode on an endpoint of the other")
    if event.get("account") not in (None, endpoint.account_id):
        raise Broken("an event of another account")
    try:
        return event_fact(event, "webhook", dump=as_text)
    except RecursionError as error:
        raise Broken("the event is nested too deep") from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Broken(f"the event lacks what every event has: {type(error).__name__} {error}") from error


def parsed(body: bytes) -> object:
    """The body's JSON. Raises Broken when it is none. What the fast parser does not take, the patient one may."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Broken("the body is not JSON") from error
