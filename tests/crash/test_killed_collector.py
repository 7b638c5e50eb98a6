"""A collector killed with SIGKILL anywhere between saying and writing: the next run repairs it, and nobody pays twice."""

import os
import signal
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.domain.attempts import LEASE
from billing_pipeline.flows.collect_payments import collect_payments
from billing_pipeline.flows.ports import Reply
from stripe_simulator import Simulator
from stripe_simulator.server import serving
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import FakeClock

INVOICES = 3


class Dying(StripeGateway):
    """A gateway whose process is killed at the second charge: before the call, or after Stripe made it."""

    when = "before"
    calls = 0

    def send(self, *asked: Any) -> Reply:
        Dying.calls += 1
        doomed = Dying.calls == 2
        if doomed and self.when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        reply = super().send(*asked)
        if doomed:
            os.kill(os.getpid(), signal.SIGKILL)
        return reply


class DyingStore(CollectionStore):
    """A store whose process is killed inside the transaction that says what will be sent, or that writes an outcome."""

    __slots__ = ()
    where = "open_attempts"

    def open_attempts(self, *asked: Any) -> Any:
        opened = super().open_attempts(*asked)
        return die() if DyingStore.where == "open_attempts" and opened else opened

    def put(self, *asked: Any) -> int:
        told = super().put(*asked)
        return die() if DyingStore.where == "put" else told


def die() -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    made = open_desk(db, simulator)
    for number in range(INVOICES):
        customer(made, f"acc-{number}")
        invoice(made, f"inv-{number}", f"acc-{number}")
    return made


def killed(work: Callable[[], None]) -> int:
    """The signal that ended a child process that did the work."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # newer Pythons warn: this process serves Stripe in a thread
        child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status)


def collecting(
    desk: Desk, address: str, store: type[CollectionStore], gateway: type[StripeGateway]
) -> Callable[[], None]:
    """A collector in a process of its own, with connections of its own."""
    url = desk.db.url.render_as_string(hide_password=False)
    clock = FakeClock(desk.clock.now())

    def work() -> None:
        own = Database(url)
        collect_payments(store(own), gateway("sk_test_sim", address=address), clock, threads=1)

    return work


def repaired(desk: Desk) -> None:
    """What the schedule does afterwards."""
    desk.collect()
    desk.pass_time(seconds=LEASE.total_seconds() + 60)
    desk.settle()
    desk.collect()
    desk.settle()


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_the_call_each_invoice_is_charged_once(desk: Desk, when: str) -> None:
    Dying.when, Dying.calls = when, 0
    with serving(desk.sim) as address:
        ended = killed(collecting(desk, address, CollectionStore, Dying))
    between = desk.charges()

    repaired(desk)

    assert ended == signal.SIGKILL
    assert len(between) == (1 if when == "before" else 2)
    assert desk.charges() == {f"inv-{number}": 1 for number in range(INVOICES)}
    assert desk.attempts(outcome=None) == []


@pytest.mark.parametrize("where", ["open_attempts", "put"])
def test_killed_inside_a_transaction_each_invoice_is_charged_once(desk: Desk, where: str) -> None:
    DyingStore.where = where
    with serving(desk.sim) as address:
        ended = killed(collecting(desk, address, DyingStore, StripeGateway))

    repaired(desk)

    assert ended == signal.SIGKILL
    assert desk.charges() == {f"inv-{number}": 1 for number in range(INVOICES)}
    assert desk.attempts(outcome=None) == []
    assert len(desk.facts()) == INVOICES
