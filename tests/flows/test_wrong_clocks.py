"""A clock of ours that is not Stripe's moves no money."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.flows.collect_payments import collect_payments
from billing_pipeline.flows.settle_unknowns import settle_unknowns
from stripe_simulator import Clock, Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import START


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


@dataclass(frozen=True, slots=True)
class Shifted:
    """A clock of ours that differs from Stripe's."""

    true: Clock
    by: timedelta

    def now(self) -> datetime:
        return self.true.now() + self.by


@pytest.mark.parametrize("ahead", [timedelta(minutes=20), timedelta(minutes=-20)], ids=["ahead", "behind"])
def test_a_clock_that_is_wrong_by_minutes_charges_nobody_twice(desk: Desk, ahead: timedelta) -> None:
    customer(desk)
    invoice(desk, issued_at=START - timedelta(days=1))
    clock = Shifted(desk.clock, ahead)
    desk.fault("error_after")

    collect_payments(desk.store, desk.gateway, clock, threads=1)
    for _ in range(30):
        desk.pass_time(minutes=1)
        settle_unknowns(desk.store, desk.gateway, clock, threads=1)
    collect_payments(desk.store, desk.gateway, clock, threads=1)

    assert desk.charges() == {"inv-1": 1}
    assert [one["outcome"] for one in desk.attempts()] == ["succeeded"]
