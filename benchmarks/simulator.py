"""The simulator's own speed: payments in process and over HTTP, pages of a million events, and years of subscriptions.

`python -m benchmarks.simulator` serves the bare floor of the HTTP figure: one canned reply, whatever is asked.
"""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import fmean, median
from typing import Any, Final

import requests
import stripe
import uvicorn

from stripe_simulator import Simulator

Row = dict[str, Any]
stripe.enable_telemetry = False  # no figure may depend on what the SDK tells of the call before
ROUNDS: Final = 3
CALLS: Final = 400
THREADS: Final = 2
EVENTS: Final = 1_000_000
PAGE: Final = 100
SUBSCRIPTIONS: Final = 1_000
HOUR_SECONDS: Final = 3_600
YEAR_SECONDS_MAX: Final = 60.0  # for a year of all subscriptions


class Canned(stripe.HTTPClient):
    """A transport that answers everything with one stored reply: what the SDK itself costs."""

    name = "canned"

    def __init__(self, body: str) -> None:
        super().__init__()
        self.body = body

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Mapping[str, str]]:
        """The stored reply."""
        return self.body, 200, {}

    def close(self) -> None:
        """Nothing; there is no connection."""


def payer(client: stripe.StripeClient) -> Any:
    """The parameters of a payment, create and confirm in one call, for a new customer with a card."""
    customer = client.v1.customers.create({})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    card = {"customer": customer.id, "payment_method": method.id, "confirm": True, "off_session": True}
    return {"amount": 4_900, "currency": "usd", "allowed_payment_method_types": ["card"], **card}


def rate(client: stripe.StripeClient, params: Any, run: str, threads: int = 1) -> float:
    """Payments per second, each under a key of its own."""

    def pay(call: int) -> None:
        client.v1.payment_intents.create(params, {"idempotency_key": f"{run}:{call}"})

    began = time.perf_counter()
    if threads == 1:
        for call in range(CALLS):
            pay(call)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(pay, range(CALLS)))
    return CALLS / (time.perf_counter() - began)


def interleaved(value: Callable[[str], float], floor: Callable[[str], float]) -> tuple[float, float]:
    """The medians of both, measured in turns; the first turn warms up and does not count."""
    found = [(value(f"value{n}"), floor(f"floor{n}")) for n in range(ROUNDS + 1)][1:]
    return median(v for v, _ in found), median(f for _, f in found)


def row(name: str, value: float, unit: str, floor: float, n: int, note: str) -> Row:
    """One line of the table."""
    ratio = round(value / floor, 3)
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "floor": round(floor, 2),
        "ratio": ratio,
        "n": n,
        "note": note,
    }


def in_process() -> Row:
    """Payments per second through the in-process front, beside the SDK with a transport that does nothing."""
    client = Simulator().client()
    params = payer(client)
    body = str(client.raw_request("post", "/v1/payment_intents", **params).body)
    canned = stripe.StripeClient("sk_test_floor", http_client=Canned(body))
    value, floor = interleaved(lambda run: rate(client, params, run), lambda run: rate(canned, params, run))
    return row(
        "simulator_inprocess", value, "payments/s", floor, CALLS, "create + confirm; floor: the SDK alone; aim 1,000"
    )


@contextmanager
def process(*arguments: str) -> Iterator[str]:
    """The address of a server process, ended with the block."""
    server = subprocess.Popen([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def over_http() -> Row:
    """Payments per second over HTTP with a state file, beside a bare server that sends one stored reply."""
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        state = str(Path(home) / "state.sqlite")
        with (
            process("stripe_simulator", "serve", "--port", "0", "--state", state) as url,
            process("benchmarks.simulator") as bare,
        ):
            client = stripe.StripeClient("sk_test_x", base_addresses={"api": url})
            params = payer(client)
            requests.post(f"{bare}/reply", str(client.v1.payment_intents.create(params)).encode(), timeout=10)
            floor_client = stripe.StripeClient("sk_test_x", base_addresses={"api": bare})
            value, floor = interleaved(
                lambda run: rate(client, params, run, THREADS), lambda run: rate(floor_client, params, run, THREADS)
            )
    note = f"{THREADS} connections, every write on disk before its reply; floor: same client, bare server; aim 500"
    return row("simulator_http", value, "payments/s", floor, CALLS, note)


def pages() -> Row:
    """Milliseconds of the slowest page of a million events, all read in turn, beside the slowest among a hundred."""
    large, small = (_events(n) for n in (EVENTS, PAGE))
    times, floors = [], []
    for ask in _cursors(large):
        times.append(_milliseconds(large, ask))
        floors.append(_milliseconds(small, f"limit={PAGE}"))
    note = f"{len(times):,} pages of {PAGE}, first {times[0]:.2f}, mean {fmean(times):.2f}; floor: only {PAGE} exist; aim 10"
    return row("simulator_page", max(times), "ms, slowest", max(floors), EVENTS, note)


def _cursors(sim: Simulator) -> Iterator[str]:
    """The queries that walk through all events, newest first."""
    names = sim.world.store.table("event").order
    yield f"limit={PAGE}"
    for place in range(len(names) - PAGE, 0, -PAGE):
        yield f"limit={PAGE}&starting_after={names[place]}"


def _milliseconds(sim: Simulator, ask: str) -> float:
    began = time.perf_counter()
    reply = sim.handle("get", "/v1/events", {"Authorization": "Bearer sk_test_x"}, ask)
    taken = (time.perf_counter() - began) * 1_000
    if reply.body.count(b'"object":"event"') != PAGE:
        raise ValueError(f"{ask}: not a page of {PAGE}")
    return taken


def _events(count: int) -> Simulator:
    """A simulator with so many events, a second between them: a payment's own, over and over."""
    sim = Simulator()
    client = sim.client()
    client.v1.payment_intents.create(payer(client))
    story = list(sim.world.store.table("event").oldest())
    sim.world.store.tables.pop("event")
    for number in range(count):
        sim.clock.seconds += 1
        event = story[number % len(story)]
        sim.world.store.add({**event, "id": f"evt_{number}", "created": sim.clock.seconds})
    return sim


def years() -> Row:
    """Billing years per hour: subscriptions that renew monthly, with invoices, payments, fees and payouts."""
    seconds = median(_year() for _ in range(ROUNDS))
    value, floor = (SUBSCRIPTIONS / taken * HOUR_SECONDS for taken in (seconds, YEAR_SECONDS_MAX))
    note = f"a year of {SUBSCRIPTIONS:,} in {seconds:.1f} s on one core; floor: in {YEAR_SECONDS_MAX:.0f} s"
    return row("simulate_years", value, "billing-years/h", floor, SUBSCRIPTIONS, note)


def _year() -> float:
    sim = Simulator()
    client = sim.client()
    product = client.v1.products.create({"name": "Pro"})
    price = client.v1.prices.create(
        {"product": product.id, "currency": "usd", "unit_amount": 4_900, "recurring": {"interval": "month"}}
    )
    began = time.perf_counter()
    for _ in range(SUBSCRIPTIONS):
        params = payer(client)
        client.v1.subscriptions.create(
            {
                "customer": params["customer"],
                "default_payment_method": params["payment_method"],
                "items": [{"price": price.id}],
            }
        )
    sim.advance(to=datetime(2027, 1, 1, tzinfo=UTC))
    return time.perf_counter() - began


def serve() -> None:
    """Nothing, until killed: a server that answers with the body last posted to /reply."""
    reply = [b"{}"]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive()).get("body", b"")
        if scope["path"] == "/reply":
            reply[0] = body
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
        await send({"type": "http.response.body", "body": reply[0]})

    config = uvicorn.Config(app, port=0, log_level="error", lifespan="off")
    listening = config.bind_socket()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[listening])


if __name__ == "__main__":
    serve()
