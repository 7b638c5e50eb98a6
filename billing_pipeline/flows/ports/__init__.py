"""What flows need from the outside world. Adapters implement these; tests bring their own.

Each group of flows adds a file with its own Store here; what all share stands in this one.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.domain.requests import Request as Request

Json = Mapping[str, Any]
"""A JSON object as it came. It is parsed once, at the door, and goes no further."""

Source = Literal["webhook", "poll", "sweep", "reply", "calendar", "repair", "dunning", "hand"]


class Clock(Protocol):
    """The time. Real, the simulator's, or a test's."""

    def now(self) -> datetime:
        """The present moment, in UTC."""


class Transactional(Protocol):
    """A store whose writes inside `with store.transaction():` commit together or not at all."""

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; within another one it joins it. Never open while the network is waited for."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What Stripe answered. body: the object. replayed: an earlier reply under the same idempotency key."""

    body: Json
    request_id: str = ""
    replayed: bool = False
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, newest first. objects: raw objects. answered_at: Stripe's own Date header."""

    objects: tuple[Json, ...]
    has_more: bool
    answered_at: datetime | None = None


class Gateway(Protocol):
    """Stripe, through its official SDK. Every method raises TryLater, Refused, Declined or Unknown (domain.errors)."""

    api_version: str

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        """Do what the request says. Raises Broken inside an open transaction: nothing may be locked while we wait."""

    def read(self, path: str, params: Json | None = None) -> Json | None:
        """The object at path, or None where Stripe says resource_missing (a deleted customer has deleted=true)."""

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        """All pages of a list from the newest on; params nested as Stripe names them: {'created': {'gte': n}}."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something Stripe, the calendar or a person told us, on its way into the inbox.

    event_id: Stripe's evt_..., or '<source>:<...>' made by the source so that the same fact gives the same name.
    fact_key: '<object id>|<fact>|<discriminator>': two events may tell one fact.
    payload_json: the object, not the event.
    """

    event_id: str
    source: Source
    type: str
    object_type: str
    object_id: str
    fact_key: str
    occurred_at: datetime
    payload_json: str
    api_version: str = ""
    livemode: bool = False
    idempotency_key: str = ""


class Inbox(Transactional, Protocol):
    """The one way in for facts."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Store facts not seen before; how many were new. A fact told twice changes nothing."""
