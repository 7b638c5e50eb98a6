"""How close collecting comes to the rate limit in force, and how many calls an invoice costs.

The simulator answers after 150 ms and with 429 above the very limit that is configured; ours is a row in PostgreSQL.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from resource import RUSAGE_SELF, getrusage
from statistics import median
from time import perf_counter
from typing import Any, Final

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import insert, make_url

from billing_pipeline.adapters.postgres import Database, migrate
from billing_pipeline.adapters.rate_limit import SharedLimit
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.flows.collect_payments import collect_payments, threads_for
from stripe_simulator import Simulator

ROUNDS: Final = 3
LATENCY_SECONDS: Final = 0.15
SECONDS_OF_WORK: Final = 10  # per round: long enough that the first and the last call weigh little
BORN: Final = datetime(2026, 1, 1, tzinfo=UTC)
SCRATCH: Final = "bench_collection"

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a second, and the threads that push."""

    name: str
    global_per_second: int
    operation_per_second: int
    threads: int

    @property
    def in_force(self) -> int:
        return min(self.global_per_second, self.operation_per_second)


DEFAULT: Final = Limits("collect_limit", 100, 25, threads_for(25))
RAISED: Final = Limits("collect_limit_100", 100, 100, threads_for(100))


def measure(url: str, rounds: int = ROUNDS, seconds: int = SECONDS_OF_WORK) -> list[Row]:
    """Rows collect_limit, collect_limit_100 and collect_calls_per_invoice. url: a server to make databases on."""
    runs = {
        limits: [run(url, limits, limits.in_force * seconds) for _ in range(rounds)] for limits in (DEFAULT, RAISED)
    }
    return [*(limit_row(limits, done) for limits, done in runs.items()), calls_row(runs[DEFAULT])]


@dataclass(frozen=True, slots=True)
class Done:
    """One run: invoices a second, calls for each, 429s that Stripe gave, calls given up, and the memory it added."""

    per_second: float
    calls_per_invoice: float
    refused: int
    given_up: int
    invoices: int
    grown_mb: float


def run(url: str, limits: Limits, invoices: int) -> Done:
    """Collect so many invoices under those limits."""
    with scratch(url) as db:
        sim = Simulator(seed=7, now=BORN)
        seed(db, sim, invoices)
        sim.limits.switch_on(per_account=limits.global_per_second, per_operation=limits.operation_per_second)
        limiter = SharedLimit(
            db, global_per_second=limits.global_per_second, operation_per_second=limits.operation_per_second
        )
        wire = sim.http_client(latency_seconds=LATENCY_SECONDS)
        gateway = StripeGateway("sk_test_bench", http_client=wire, limiter=limiter, guard=lambda: db.in_transaction)
        before, memory, began = sim.requests, getrusage(RUSAGE_SELF).ru_maxrss, perf_counter()
        done = collect_payments(CollectionStore(db), gateway, sim.clock, threads=limits.threads)
        took = perf_counter() - began
        grown_mb = (getrusage(RUSAGE_SELF).ru_maxrss - memory) / 1024
        calls = (sim.requests - before) / invoices
        return Done(done.succeeded / took, calls, sim.limits.refused, done.unknown, invoices, grown_mb)


def limit_row(limits: Limits, runs: Sequence[Done]) -> Row:
    """How much of the limit was used."""
    value = median(one.per_second for one in runs)
    refused, given_up = sum(one.refused for one in runs), sum(one.given_up for one in runs)
    return {
        "name": limits.name, "value": round(value, 1), "unit": "calls/s", "floor": limits.in_force,
        "ratio": round(value / limits.in_force, 3), "n": runs[0].invoices,
        "note": f"{LATENCY_SECONDS * 1000:.0f} ms latency, {limits.threads} threads, Stripe at that very limit: "
                f"{refused} answers of 429, {given_up} calls given up",
    }  # fmt: skip


def calls_row(runs: Sequence[Done]) -> Row:
    """How many calls an invoice cost that was paid at the first try."""
    value = median(one.calls_per_invoice for one in runs)
    return {
        "name": "collect_calls_per_invoice", "value": round(value, 2), "unit": "calls", "floor": 1,
        "ratio": round(value, 2), "n": runs[0].invoices,
        "note": f"happy path; {max(one.grown_mb for one in runs):.0f} MB of memory added by a run",
    }  # fmt: skip


def seed(db: Database, sim: Simulator, invoices: int) -> None:
    """One customer with a card that pays, and so many invoices due."""
    client = sim.client()
    customer = client.v1.customers.create({"email": "bench@example.com"}).id
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer}).id
    with db.transaction() as connection:
        connection.execute(insert(catalog.legal_entities).values(legal_entity_id="main", name="Bench", country="US"))
        connection.execute(
            insert(catalog.accounts).values(
                account_id="bench", legal_entity_id="main", name="Bench", email="bench@example.com", country="US",
                currency="usd", invoice_prefix="B", stripe_customer_id=customer, created_at=BORN,
            )
        )  # fmt: skip
        connection.execute(
            insert(catalog.payment_methods).values(
                payment_method_id=method, account_id="bench", type="card", is_default=True,
                attached_at=BORN, updated_at=BORN,
            )
        )  # fmt: skip
        connection.execute(insert(billing.invoices), [invoice(number) for number in range(invoices)])


def invoice(number: int) -> dict[str, Any]:
    """An invoice of 49.00 usd, due."""
    return {
        "invoice_id": f"inv-{number:07}", "account_id": "bench", "legal_entity_id": "main", "number": f"B-{number}",
        "kind": "manual", "state": "pending", "currency": "usd", "subtotal_minor": 4900, "total_minor": 4900,
        "due_minor": 4900, "collection_method": "automatic", "issued_at": BORN, "issued_on": BORN.date(),
        "due_on": BORN.date(),
    }  # fmt: skip


@contextmanager
def scratch(url: str) -> Iterator[Database]:
    """A migrated database of its own, dropped at the end."""
    server = make_url(url).set(drivername="postgresql")
    name = SQL("{}").format(Identifier(SCRATCH))
    with psycopg.connect(server.render_as_string(hide_password=False), autocommit=True) as admin:
        admin.execute(SQL("drop database if exists {}").format(name))
        admin.execute(SQL("create database {}").format(name))
        own = server.set(database=SCRATCH).render_as_string(hide_password=False)
        migrate(own)
        db = Database(own)
        try:
            yield db
        finally:
            db.close()
            admin.execute(SQL("drop database {}").format(name))
