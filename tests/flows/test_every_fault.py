"""Collecting under every fault that the simulator can be told to commit, one kind at a time, again and again.

What must hold whatever goes wrong: an invoice has at most one charge that succeeded; no call stays without a known end for
longer than a settle cycle once Stripe answers; nothing is sent again after its key's life. And the books know of the money.
"""

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing
from billing_pipeline.domain.attempts import RESEND_WITHIN
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.ingest_events import ingest_events
from billing_pipeline.flows.sweep_objects import sweep_everything
from billing_pipeline.web.app import build_app
from billing_pipeline.web.webhook import PATH
from stripe_simulator import Fault, Simulator
from stripe_simulator.faults import API, KINDS, WEBHOOK
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import START
from tests.seeds import fetch
from tests.web.web_world import Client, world_on

SETTLE_CYCLE: Final = timedelta(minutes=15)
PAYS: Final = {"visa": "pm_card_visa", "mastercard": "pm_card_mastercard", "ach": "pm_usBankAccount_success"}
FAILS: Final = {"broke": "pm_sim_insufficient_funds"}
DAYS: Final = 4
TOO_SLOW_SECONDS: Final = 100


class Watched(StripeGateway):
    """A gateway that notes when each key was sent."""

    def __init__(self, *given: Any, clock: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.clock, self.sent = clock, defaultdict[str, list[datetime]](list)

    def send(self, request: Any, key: Any) -> Any:
        self.sent[key].append(self.clock.now())
        return super().send(request, key)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    made = open_desk(db, simulator)
    gateway = Watched(
        "sk_test_sim", http_client=simulator.http_client(), guard=lambda: db.in_transaction,
        pause=lambda seconds: None, clock=simulator.clock,
    )  # fmt: skip
    for name, card in (PAYS | FAILS).items():
        customer(made, name, card)
        invoice(made, f"inv-{name}", name)
    return Desk(db, simulator, made.store, gateway)


@pytest.fixture
def deliver(desk: Desk, tmp_path: Path) -> Callable[[], int]:
    """Sends what Stripe has to tell to the real webhook route; how many deliveries were tried."""
    asked: Any = {"url": "http://receiver.invalid/hook", "enabled_events": ["*"]}
    secret = str(desk.sim.client().v1.webhook_endpoints.create(asked).secret)
    client = Client(build_app(world_on(desk.db, tmp_path, desk.sim.clock, secrets=secret)))  # type: ignore[arg-type]

    def send(url: str, headers: dict[str, str], body: str) -> int:
        lower = {name.lower(): value for name, value in headers.items()}
        return client.send("POST", PATH, body.encode(), lower).status

    return lambda: desk.sim.webhooks.send_due(send)


def hear(desk: Desk, deliver: Callable[[], int], *, by_webhook: bool, sweep: bool = False) -> None:
    """What Stripe tells, by deliveries or by polling; a sweep finds what nothing told."""
    store, clock = SweepStore(desk.db), desk.sim.clock
    if by_webhook:
        deliver()
    else:
        ingest_events(store, desk.gateway, clock, bootstrap=lambda: None)
    if sweep:
        sweep_everything(store, desk.gateway, clock)
    apply_events(EventStore(desk.db), desk.gateway, clock)


def live(desk: Desk, deliver: Callable[[], int], *, by_webhook: bool) -> None:
    """A day of the schedule, with a settle cycle in which unknown outcomes are asked for every minute."""
    desk.collect()
    for _ in range(SETTLE_CYCLE // timedelta(minutes=1)):
        desk.pass_time(minutes=1)
        desk.settle()
    hear(desk, deliver, by_webhook=by_webhook)
    desk.pass_time(days=1)
    for name in PAYS | FAILS:
        if desk.charges()[f"inv-{name}"] == 0:
            desk.wish_retry(f"inv-{name}")


def lags(desk: Desk) -> list[timedelta]:
    """How long each call was without a known end."""
    return [row["outcome_at"] - row["started_at"] for row in desk.attempts()]


def faults(kind: str) -> list[Fault]:
    """That fault, on every way it can strike: early and again, on charges and on everything else."""
    if kind not in API:
        return [Fault(kind=kind, nth=2, times=2, seconds=600), Fault(kind=kind, nth=7, times=3, seconds=600)]  # type: ignore[arg-type]
    paths = ("/v1/payment_intents", "/v1/payment_intents/*/confirm", "/v1/payment_intents/*")
    return [Fault(kind=kind, path=path, nth=nth, times=2, seconds=TOO_SLOW_SECONDS) for path in paths for nth in (1, 4)]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_stripe_does_no_invoice_is_charged_twice_and_nothing_stays_unknown(
    desk: Desk, deliver: Callable[[], int], kind: str
) -> None:
    by_webhook = kind in WEBHOOK
    desk.sim.faults.add(*faults(kind))

    for _ in range(DAYS):
        live(desk, deliver, by_webhook=by_webhook)
    struck = sum(armed.struck for armed in desk.sim.faults.armed)
    desk.sim.faults.clear()
    live(desk, deliver, by_webhook=by_webhook)
    hear(desk, deliver, by_webhook=by_webhook, sweep=True)

    states = {row["invoice_id"]: row["state"] for row in fetch(desk.db, billing.invoices)}
    assert struck > 0
    assert desk.charges() == {f"inv-{name}": 1 for name in PAYS}
    assert desk.attempts(outcome=None) == []
    assert max(lags(desk)) <= SETTLE_CYCLE
    assert all(times[-1] - times[0] < RESEND_WITHIN for times in desk.gateway.sent.values())  # type: ignore[attr-defined]
    assert states == {**{f"inv-{name}": "paid" for name in PAYS}, "inv-broke": "pending"}
    assert desk.sim.clock.now() > START + timedelta(days=DAYS)
