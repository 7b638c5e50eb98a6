"""Events: deliveries over HTTP, facts applied, events polled, and the time from delivery to state; each beside its floor."""

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
import stripe

from benchmarks.billing_run import Row, database, plain
from benchmarks.deliveries import request
from benchmarks.event_samples import NOW, event, prepare
from billing_pipeline.adapters.fast_json import as_text
from billing_pipeline.adapters.postgres import Database, migrate, raw_statement
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import as_facts, fact_row
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.stripe_gateway import API_VERSION, StripeGateway
from billing_pipeline.flows.appliers.dispatch import Ready, decide
from billing_pipeline.flows.appliers.settle import open_books, plan
from billing_pipeline.flows.apply_events import BATCH_MAX, apply_events
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.ingest_events import COMMIT_SIZE, CURSOR, ingest_events
from billing_pipeline.flows.ports import Fact, Json, Page, Reply, Request
from billing_pipeline.flows.ports.inbox import Verdict

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 3
SCRATCH: Final = "bench_events"
DELIVERIES: Final = 5_000  # per round: about a second
CONCURRENCY: Final = 10
FACTS: Final = 4_000  # per round: about a second
PAGES: Final = 1_000  # of 100 events each, per round
PAGE_SIZE: Final = 100
STATE_SAMPLES: Final = 300
STATE_AIM_MS: Final = 250
READY_SECONDS_MAX: Final = 30


@dataclass(slots=True)
class StandingClock:
    """A clock that stands still."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


class SilentStripe:
    """A Stripe that is never asked: final facts need no reading."""

    api_version = API_VERSION

    def send(self, request: Request, key: str) -> Reply:
        raise NotImplementedError

    def read(self, path: str, params: Json | None = None) -> Json | None:
        raise NotImplementedError

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        raise NotImplementedError


def measure(url: str, rounds: int = ROUNDS) -> list[Row]:
    """The four rows about events. url: a server to work on; everything happens in a database of its own."""
    return [webhook_http_c10(url, rounds), apply_rate(url, rounds), poll_ingest(url, rounds), webhook_to_state(url)]


@contextmanager
def scratch(url: str) -> Iterator[tuple[str, Database]]:
    """An empty database with the whole schema; dropped afterwards."""
    with database(url, SCRATCH, "template1") as target:
        migrate(target)
        db = Database(target)
        yield target, db
        db.close()


def row(name: str, unit: str, values: Sequence[float], floors: Sequence[float], n: int, note: str) -> Row:
    """One line of the table of benchmarks: medians, and their ratio."""
    value, floor = median(values), median(floors)
    return {"name": name, "value": round(value), "unit": unit, "floor": round(floor), "ratio": round(value / floor, 3), "n": n,
            "note": note}  # fmt: skip


def seconds(work: Callable[[], object]) -> float:
    """How long it took."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def facts_of(first: int, names: Sequence[str]) -> list[Fact]:
    """One succeeded payment per invoice."""
    return [event_fact(event(first + place, name), "webhook") for place, name in enumerate(names)]


def webhook_http_c10(url: str, rounds: int) -> Row:
    """Durable deliveries per second over HTTP, ten at a time, one worker; beside the same inserts ten a commit without HTTP."""
    values, floors, latencies = [], [], list[float]()
    with scratch(url) as (target, _), web_process(target) as port:
        for number in range(rounds):
            first = number * DELIVERIES
            told = deliver(port, first, DELIVERIES)
            values.append(DELIVERIES / told["seconds"])
            latencies += told["latencies_ms"]
            floors.append(insert_rate(target, 10_000_000 + first))
    latencies.sort()
    p50, p99 = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    note = f"p50 {p50:.1f} ms, p99 {p99:.1f} ms; each answered 200 after its commit, fsync as the server has it"
    return row("webhook_http_c10", "deliveries/s", values, floors, DELIVERIES, note)


def insert_rate(target: str, first: int) -> float:
    """The same rows inserted ten a commit over one connection, per second."""
    rows = [fact_row(fact, NOW) for fact in facts_of(first, ["inv-none"] * DELIVERIES)]
    insert = raw_statement("inbox/put").encode()
    with psycopg.connect(plain(target), autocommit=True) as connection:

        def write() -> None:
            for begin in range(0, len(rows), CONCURRENCY):
                connection.execute(insert, {"facts": as_facts(rows[begin : begin + CONCURRENCY])}, prepare=True)

        return len(rows) / seconds(write)


@contextmanager
def web_process(target: str, what: str = "") -> Iterator[int]:
    """The real application in a process of its own; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    command = [sys.executable, "-m", "benchmarks.webhook_process", target, str(port), what]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        until = time.monotonic() + READY_SECONDS_MAX
        while time.monotonic() < until:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def deliver(port: int, first: int, count: int) -> dict[str, Any]:
    """What a process that delivers so many events, ten at a time, says about it."""
    command = [sys.executable, "-m", "benchmarks.deliveries", str(port), str(first), str(count), str(CONCURRENCY)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"the deliveries broke off: {done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout)
    if told["statuses"] != {"200": count}:
        raise RuntimeError(f"not every delivery was answered 200: {told['statuses']}")
    return told


def apply_rate(url: str, rounds: int) -> Row:
    """Facts applied per second, state and journal committed; beside bare writes of the same rows."""
    values, floors = [], []
    with scratch(url) as (_, db):
        store = EventStore(db)
        for number in range(rounds):
            first = 2 * number * FACTS
            store.put(facts_of(first, prepare(db, first, FACTS)), NOW)
            values.append(FACTS / seconds(lambda: apply_events(store, SilentStripe(), StandingClock())))
            floors.append(write_rate(db, store, first + FACTS))
    note = f"{BATCH_MAX} a transaction, one process: invoice, collection, payment, entry, 2 postings, inbox; floor: those writes"
    return row("apply_events", "events/s", values, floors, FACTS, note)


def write_rate(db: Database, store: EventStore, first: int) -> float:
    """The writes of as many facts, decided beforehand: invoices, collections, payments, entries, verdicts; per second."""
    store.put(facts_of(first, prepare(db, first, FACTS)), NOW)
    batches, after = [], 0
    with store.transaction():
        while told := store.waiting(after, BATCH_MAX):
            after = told[-1].inbox_id
            ready = [one for fact in told if isinstance(one := plan(fact, API_VERSION), Ready)]
            books, _ = open_books(store, StandingClock(), ready)
            for one in ready:
                books.take(decide(one, books))
            batches.append((books, [Verdict(one.told.inbox_id, "applied") for one in ready]))

    def write() -> None:
        for books, verdicts in batches:
            with store.transaction():
                store.write(list(books.changed.values()), books.entries, NOW)
                store.finish(verdicts, NOW)

    return FACTS / seconds(write)


class PagesOfEvents(stripe.HTTPClient):
    """Stripe's event list from memory: each request gets the next page as bytes."""

    name = "pages"

    def __init__(self, first: int) -> None:
        super().__init__()
        self._pages = [page_body(first + number * PAGE_SIZE, number + 1 < PAGES) for number in range(PAGES)]
        self._next = 0

    def request(self, *_: Any, **__: Any) -> tuple[str, int, dict[str, str]]:
        body, self._next = self._pages[self._next % PAGES], self._next + 1
        return body, 200, {"Request-Id": "req_bench"}

    def close(self) -> None:
        pass


def page_body(first: int, has_more: bool) -> str:
    """A page of a hundred events as JSON text."""
    events = [event(first + place, "inv-none") for place in range(PAGE_SIZE)]
    return json.dumps({"object": "list", "data": events, "has_more": has_more, "url": "/v1/events"})


def poll_ingest(url: str, rounds: int) -> Row:
    """Polled events per second into the inbox; beside the same pages parsed and their rows copied into the bare table."""
    values, floors, n = [], [], PAGES * PAGE_SIZE
    with scratch(url) as (_, db):
        store = SweepStore(db)
        store.advance(CURSOR, NOW, NOW, {})
        for number in range(rounds):
            first = 2 * number * n
            gateway = StripeGateway("sk_test_bench", http_client=PagesOfEvents(first))
            poll = partial(ingest_events, store, gateway, StandingClock(), bootstrap=store.transaction, dump=as_text)
            values.append(n / seconds(poll))
            gateway = StripeGateway("sk_test_bench", http_client=PagesOfEvents(first + n))
            floors.append(n / seconds(partial(copy_all, db, gateway)))
    note = "1,000 events a transaction; pages from memory, through the SDK; floor: parse and COPY, no conflicts"
    return row("poll_ingest", "events/s", values, floors, n, note)


def copy_all(db: Database, gateway: StripeGateway) -> None:
    """All pages parsed, and their rows written by COPY, as many a transaction as polling takes."""
    rows: list[dict[str, Any]] = []
    for page in gateway.pages("/v1/events", {}):
        rows += [fact_row(event_fact(one, "poll", as_text), NOW) for one in page.objects]
        if len(rows) >= COMMIT_SIZE or not page.has_more:
            db.copy("inbox", list(rows[0]), (list(one.values()) for one in rows))
            rows = []


def webhook_to_state(url: str) -> Row:
    """Milliseconds from delivery to the paid invoice, the worst in a hundred, with the ingest process."""
    with scratch(url) as (target, db):
        names = prepare(db, 0, STATE_SAMPLES)
        with web_process(target, "apply") as port, psycopg.connect(plain(target), autocommit=True) as watcher:
            waits = sorted(time_to_state(port, watcher, number, name) for number, name in enumerate(names))
    p99 = waits[int(len(waits) * 0.99)]
    note = f"p50 {waits[len(waits) // 2]:.0f} ms; one after another; the floor is the aim"
    return row("webhook_to_state_p99", "ms", [p99], [STATE_AIM_MS], STATE_SAMPLES, note)


def time_to_state(port: int, watcher: psycopg.Connection[Any], number: int, name: str) -> float:
    """Milliseconds until the delivered payment shows in the invoice."""
    message = request(number, port, name)
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(message)
        connection.recv(1024)
    while True:
        found = watcher.execute("select state from invoices where invoice_id = %s", [name]).fetchone()
        if found == ("paid",) or time.perf_counter() - began > READY_SECONDS_MAX:
            return (time.perf_counter() - began) * 1000
        time.sleep(0.001)
