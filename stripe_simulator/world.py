"""Everything one simulated account is made of, and the few verbs that every resource uses to change it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from stripe_simulator.clock import GLOBAL, Clock, Timers
from stripe_simulator.faults import EVENT, FaultPlan, Occasion
from stripe_simulator.ids import Ids
from stripe_simulator.render import public
from stripe_simulator.store import HIDDEN, Store
from stripe_simulator.wire import Json, no_such

PINNED: Final = "2026-10-28.endive"  # the API version this simulator speaks
EVENT_LIFE_SECONDS: Final = 30 * 86_400
CLOCK_KIND: Final = "test_helpers.test_clock"


@dataclass(slots=True)
class Account:
    """The account and the settings its owner could choose in the dashboard."""

    id: str
    livemode: bool = False
    api_version: str = PINNED  # the account's default: what polled events are rendered in
    country: str = "US"
    currency: str = "usd"
    name: str = "Simulated Account"
    descriptor: str = "SIMULATED"
    after_last_retry: str = "past_due"  # or "canceled", "unpaid": what becomes of a subscription nobody pays
    retry_days: tuple[int, ...] = (3, 5, 7)  # days after each failed attempt of a subscription invoice
    payout_schedule: str = "daily"  # or "manual"
    search_lag_seconds: int = 0


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that is being answered; empty while timed work runs."""

    request_id: str | None = None
    key: str | None = None


@dataclass(slots=True)
class World:
    """One account: its state, its time, its faults. Resources are functions of it."""

    account: Account
    clock: Clock
    ids: Ids
    faults: FaultPlan
    store: Store = field(default_factory=Store)
    timers: Timers = field(default_factory=Timers)
    asked: Asked = field(default_factory=Asked)
    on: str = GLOBAL  # the test clock whose time counts just now
    listeners: list[Callable[[Json], int]] = field(default_factory=list)  # each returns how many deliveries it queued

    def now(self) -> int:
        """Unix seconds on the clock that counts just now."""
        return self.time_of(self.on)

    def time_of(self, clock: str) -> int:
        """Unix seconds on one clock; the global one for an empty name."""
        row = self.store.find(CLOCK_KIND, clock) if clock else None
        return int(row[HIDDEN]["now"]) if row else self.clock.seconds

    def later(self, seconds: int, work: str, target: str) -> None:
        """Nothing; the named work runs on `target` after so many virtual seconds."""
        self.timers.add(self.now() + seconds, work, target, self.on)

    def at(self, due: int, work: str, target: str) -> None:
        """Nothing; the named work runs on `target` at a time."""
        self.timers.add(due, work, target, self.on)

    def get(self, kind: str, name: str, param: str = "id", status: int = 404) -> Json:
        """The object. Raises resource_missing."""
        row = self.store.find(kind, name)
        if row is None:
            raise no_such(kind, name, param, status)
        return row

    def given(self, kind: str, name: str, param: str) -> Json:
        """The object that a parameter names. Raises resource_missing with status 400."""
        return self.get(kind, name, param, 400)

    def add(self, row: Json, event: str = "") -> Json:
        """The new object, stored and, when an event type is given, told."""
        self.store.add(row)
        if event:
            self.emit(event, row)
        return row

    def change(self, row: Json, event: str = "", **changes: Any) -> Json:
        """The previous values of what changed; with an event type, the change is told with them."""
        previous = self.store.change(row, changes)
        if event and previous:
            self.emit(event, row, previous)
        return previous

    def hide(self, row: Json, **changes: Any) -> None:
        """Nothing; attributes that Stripe never shows are set."""
        self.store.hide(row, **changes)

    def emit(self, kind: str, row: Json, previous: Json | None = None) -> None:
        """Nothing; an event tells what the object looks like now (unless a fault says otherwise)."""
        fault = self.faults.take(EVENT, Occasion(event_type=kind, customer=customer_of(row)))
        if fault and fault.kind == "event_never":
            return
        body = orjson.dumps(public(row))
        previous = previous if kind.endswith(".updated") else None
        shown_at = self.now() + int(fault.seconds) if fault and fault.kind == "event_late" else 0
        for _ in range(2 if fault and fault.kind == "event_twice" else 1):
            self._tell(kind, body, previous, shown_at)

    def _tell(self, kind: str, body: bytes, previous: Json | None, shown_at: int) -> None:
        event: Json = {
            "id": self.ids.new("evt_"),
            "object": "event",
            "api_version": self.account.api_version,
            "created": self.now(),
            "livemode": self.account.livemode,
            "pending_webhooks": 0,
            "request": {"id": self.asked.request_id, "idempotency_key": self.asked.key},
            "type": kind,
            HIDDEN: {"body": body.decode(), "previous": previous, "shown_at": shown_at},
        }
        self.store.add(event)
        if pending := sum(listener(event) for listener in self.listeners):
            self.store.change(event, {"pending_webhooks": pending})


def customer_of(row: Json) -> str:
    """The customer an object belongs to; empty when it belongs to none."""
    return str(row["id"]) if row["object"] == "customer" else str(row.get("customer") or "")
