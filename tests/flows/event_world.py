"""What the tests of the event flows share: a store, a simulator behind the real gateway, and Stripe's objects by hand."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stripe_gateway import API_VERSION
from billing_pipeline.flows.apply_events import Applied, apply_events
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.ports import Json, Page, Reply, Request
from tests.fakes import START, FakeClock

T0 = int(START.timestamp())


def intent(name: str = "pi_1", **values: Any) -> dict[str, Any]:
    """A payment intent of 49.00 usd for inv-1 that succeeded by charge ch_1."""
    invoice = values.pop("invoice", "inv-1")
    row: dict[str, Any] = {
        "id": name,
        "object": "payment_intent",
        "status": "succeeded",
        "amount": 4900,
        "amount_received": 4900,
        "currency": "usd",
        "customer": "cus_acme",
        "metadata": {"invoice_id": invoice, "account_id": "acme", "seq": "1"} if invoice else {},
        "latest_charge": name.replace("pi_", "ch_"),
        "payment_method_types": ["card"],
        "last_payment_error": None,
        "created": T0,
        "livemode": False,
    }
    return row | values


def declined(name: str = "pi_1", charge: str = "ch_0", **values: Any) -> dict[str, Any]:
    """The same intent after a decline for insufficient funds."""
    error = {"code": "card_declined", "decline_code": "insufficient_funds", "charge": charge, "message": "No money."}
    row = {
        "status": "requires_payment_method",
        "amount_received": 0,
        "latest_charge": charge,
        "last_payment_error": error,
    }
    return intent(name, **(row | values))


def transaction(name: str = "txn_1", **values: Any) -> dict[str, Any]:
    """The balance transaction of ch_1: 49.00 usd less 1.72, available after two days."""
    row: dict[str, Any] = {
        "id": name,
        "object": "balance_transaction",
        "type": "charge",
        "reporting_category": "charge",
        "source": "ch_1",
        "currency": "usd",
        "amount": 4900,
        "fee": 172,
        "available_on": T0 + 2 * 86_400,
        "created": T0,
        "status": "pending",
        "exchange_rate": None,
    }
    row |= values
    return row | {"net": row["amount"] - row["fee"]}


def event(fact_type: str, payload: Mapping[str, Any], name: str = "", **values: Any) -> dict[str, Any]:
    """One of Stripe's event objects, in the pinned version."""
    row = {
        "id": name or f"evt_{fact_type}_{payload['id']}",
        "object": "event",
        "type": fact_type,
        "api_version": API_VERSION,
        "created": T0,
        "livemode": False,
        "pending_webhooks": 0,
        "request": {"id": None, "idempotency_key": None},
        "data": {"object": dict(payload)},
    }
    return row | values


@dataclass(slots=True)
class FakeGateway:
    """Stripe as a dictionary of objects by path. reads: every path asked for. away: it cannot be asked at all."""

    objects: dict[str, Json | None] = field(default_factory=dict)
    lists: dict[str, list[Json]] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    away: Exception | None = None
    api_version: str = API_VERSION

    def hold(self, path: str, payload: Json | None) -> None:
        """Let Stripe have this object there, or nothing."""
        self.objects[path] = payload

    def read(self, path: str, params: Json | None = None) -> Json | None:
        if self.away:
            raise self.away
        self.reads.append(path)
        return self.objects.get(path)

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        if self.away:
            raise self.away
        self.reads.append(path)
        yield Page(tuple(self.lists.get(path, [])), False)

    def send(self, request: Request, key: str) -> Reply:
        raise NotImplementedError("applying facts sends nothing")


@dataclass(slots=True)
class EventWorld:
    """A database, a Stripe, a clock, and shortcuts to tell and apply."""

    db: Database
    store: EventStore
    stripe: FakeGateway = field(default_factory=FakeGateway)
    clock: FakeClock = field(default_factory=FakeClock)

    def tell(self, *events: Mapping[str, Any]) -> int:
        """Put these events into the inbox; how many were new."""
        return self.store.put([event_fact(one, "webhook") for one in events], self.clock.now())

    def apply(self) -> Applied:
        """Apply what waits."""
        return apply_events(self.store, self.stripe, self.clock)

    def balances(self) -> dict[str, int]:
        """What stands on each ledger account, in minor units, accounts of nothing left out."""
        query = """select a.name, sum(p.minor)::bigint from postings p join ledger_accounts a using (ledger_account)
                   group by 1 having sum(p.minor) <> 0 order by 1"""
        return self._pairs(query)

    def facts(self) -> dict[str, str]:
        """The state of each fact by its event id."""
        return self._pairs("select event_id, state from inbox order by 1")

    def reasons(self) -> list[str]:
        """Why facts are dead or ignored."""
        return list(self._pairs("select reason, 1 from inbox where reason <> ''"))

    def _pairs(self, query: str) -> dict[Any, Any]:
        with self.db.cursor() as cursor:
            return dict(cursor.execute(query.encode()).fetchall())


def moment(seconds: int) -> datetime:
    """START and that many seconds."""
    return datetime.fromtimestamp(T0 + seconds, START.tzinfo)


def as_json(value: Any) -> str:
    """Compact JSON text."""
    return json.dumps(value, separators=(",", ":"))
