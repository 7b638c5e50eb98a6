"""How long a payment takes to become state with Dagster's daemon alone: no `web serve`, nothing but the sensors' ticks.

Told twice: as a delivery that is durable in the inbox, and as an event that only Stripe (the simulator) knows yet.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import psycopg
import stripe

from benchmarks.billing_run import Row, plain
from benchmarks.event_samples import event, prepare
from benchmarks.events import scratch
from benchmarks.simulator import payer
from billing_pipeline import operations
from billing_pipeline.adapters import local_simulator
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.bootstrap import SIMULATOR_KEY, World, open_world
from billing_pipeline.dagster_home import CHECKOUT, dagster_folder
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.settings import Settings

AIM_SECONDS: Final = 15
DELIVERIES: Final = 20  # of each kind
APART_SECONDS: Final = 1.85  # meets every moment between two ticks, which are five seconds apart
LOOK_SECONDS: Final = 0.02
READY_SECONDS_MAX: Final = 120  # the daemon imports everything twice
STATE_SECONDS_MAX: Final = 120
STOP_SECONDS_MAX: Final = 30
POLL_SECONDS: Final = 5  # the least that BILLING_POLL_SECONDS takes

Deliver = Callable[[int, str], object]


def measure(url: str, deliveries: int = DELIVERIES) -> list[Row]:
    """Rows sensors_inbox_to_state and sensors_event_to_state. url: a server to make a database on."""
    with TemporaryDirectory(prefix="bench-sensors-") as home, scratch(url) as (target, db):
        variables = {
            "BILLING_HOME": home, "BILLING_DATABASE_URL": target, "BILLING_POLL_SECONDS": str(POLL_SECONDS),
        }  # fmt: skip
        names = prepare(db, 0, 1 + 2 * deliveries)
        try:
            with (
                open_world(Settings.load(variables)) as world,
                psycopg.connect(plain(target), autocommit=True) as watcher,
            ):
                operations.poll(world)  # the first poll lists everything, which is not what is measured
                with daemon(variables, Path(home)):
                    return both(world, watcher, names)
        finally:
            local_simulator.destroy(Path(home))


def both(world: World, watcher: psycopg.Connection[Any], names: Sequence[str]) -> list[Row]:
    """Both rows, once a first delivery has shown that the sensors tick."""
    half = (len(names) - 1) // 2
    told = in_inbox(world)
    seconds_to_state(told, names[:1], watcher, READY_SECONDS_MAX)
    waits = seconds_to_state(told, names[1 : 1 + half], watcher)
    polled = seconds_to_state(at_stripe(world), names[1 + half :], watcher)
    return [
        row("sensors_inbox_to_state", waits, "a delivery durable in the inbox"),
        row("sensors_event_to_state", polled, f"an event at the simulator, polled every {POLL_SECONDS} s"),
    ]


def row(name: str, waits: Sequence[float], what: str) -> Row:
    """The longest wait beside the aim."""
    note = f"the longest, p50 {median(waits):.1f} s; {what}, Dagster's daemon alone; the floor is the aim"
    return {"name": name, "value": round(max(waits), 1), "unit": "s", "floor": AIM_SECONDS,
            "ratio": round(max(waits) / AIM_SECONDS, 3), "n": len(waits), "note": note}  # fmt: skip


def in_inbox(world: World) -> Deliver:
    """What puts a succeeded payment of an invoice into the inbox, as the webhook does."""
    store = EventStore(world.db, world.settings.zone)
    return lambda number, name: store.put([event_fact(event(number, name), "webhook")], world.clock.now())


def at_stripe(world: World) -> Deliver:
    """What has an invoice paid at the simulator, and tells nobody."""
    client = stripe.StripeClient(SIMULATOR_KEY, base_addresses={"api": world.simulator or ""})
    payment = payer(client)

    def pay(number: int, name: str) -> None:
        ours = {"invoice_id": name, "account_id": "bench", "seq": "1", "environment": operations.environment(world)}
        client.v1.payment_intents.create(payment | {"metadata": ours})

    return pay


def seconds_to_state(
    deliver: Deliver, names: Sequence[str], watcher: psycopg.Connection[Any], seconds_max: float = STATE_SECONDS_MAX
) -> list[float]:
    """Seconds from each delivery to its paid invoice. They go out one after another, whatever became of those before."""
    began: dict[str, float] = {}
    waits: dict[str, float] = {}
    first = int(names[0].rpartition("-")[2])
    start = time.perf_counter()
    while len(waits) < len(names):
        if len(began) < len(names) and time.perf_counter() >= start + len(began) * APART_SECONDS:
            name = names[len(began)]
            deliver(first + len(began), name)
            began[name] = time.perf_counter()
        for name in paid(watcher, [name for name in began if name not in waits]):
            waits[name] = time.perf_counter() - began[name]
        if time.perf_counter() > start + len(names) * APART_SECONDS + seconds_max:
            raise RuntimeError(f"{len(names) - len(waits)} of {len(names)} payments did not become state")
        time.sleep(LOOK_SECONDS)
    return list(waits.values())


def paid(watcher: psycopg.Connection[Any], names: list[str]) -> list[str]:
    """Those of the invoices that are paid."""
    found = watcher.execute(
        "select invoice_id from invoices where state = 'paid' and invoice_id = any(%s)", [names]
    ).fetchall()
    return [str(name) for (name,) in found]


@contextmanager
def daemon(variables: dict[str, str], home: Path) -> Iterator[None]:
    """Dagster's daemon as it runs in production, with the sensors and schedules of this checkout."""
    settings = variables | {"DAGSTER_HOME": str(dagster_folder(home)), "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", "dagster._daemon", "run", "-w", "workspace.yaml", "--log-level", "error"]
    running = subprocess.Popen(command, cwd=CHECKOUT, env=os.environ | settings, start_new_session=True)
    try:
        yield
    finally:
        running.terminate()
        with suppress(subprocess.TimeoutExpired):
            running.wait(STOP_SECONDS_MAX)
        with suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)  # its code server, where it did not go along
        running.wait()
