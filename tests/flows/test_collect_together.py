"""Many invoices on one card, and many collectors on the same invoices."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.domain.attempts import Attempt, Operation
from billing_pipeline.domain.collecting import Candidate
from billing_pipeline.flows.collect_payments import Collected, collect_payments
from billing_pipeline.flows.ports.collection import FIRST_PLACE
from billing_pipeline.flows.settle_unknowns import SettledUnknowns, settle_unknowns
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, invoice, open_desk

INVOICES, COLLECTORS = 30, 4


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def test_a_card_whose_budget_is_spent_is_left_alone_until_it_is_free_again(desk: Desk) -> None:
    customer(desk, card="pm_sim_generic_decline")
    for number in range(16):
        invoice(desk, f"inv-{number:02}")

    today, again = desk.collect(), desk.collect()
    desk.pass_time(days=31)
    a_month_later = desk.collect()

    assert (today.submitted, today.postponed) == (15, 1)
    assert (again.submitted, again.postponed) == (0, 1)
    assert a_month_later.submitted == 1
    assert desk.collection("inv-15")["amount_minor"] == 4900


def test_a_card_that_pays_can_pay_any_number_of_invoices(desk: Desk) -> None:
    customer(desk)
    for number in range(20):
        invoice(desk, f"inv-{number:02}")

    first, rest = desk.collect(), desk.collect()

    assert (first.succeeded, rest.succeeded) == (15, 5)


def test_collectors_at_the_same_time_charge_each_invoice_once(desk: Desk) -> None:
    for number in range(INVOICES):
        customer(desk, f"acc-{number}")
        invoice(desk, f"inv-{number}", f"acc-{number}")
    url = desk.db.url.render_as_string(hide_password=False)

    def collector(_: int) -> Collected:
        own = Database(url)
        try:
            return collect_payments(CollectionStore(own), desk.gateway, desk.clock, threads=3)
        finally:
            own.close()

    with ThreadPoolExecutor(COLLECTORS) as pool:
        runs = list(pool.map(collector, range(COLLECTORS)))

    assert sum(run.succeeded for run in runs) == INVOICES
    assert desk.charges() == {f"inv-{number}": 1 for number in range(INVOICES)}


def test_settlers_at_the_same_time_resend_each_request_once(desk: Desk) -> None:
    for number in range(6):
        customer(desk, f"acc-{number}")
        invoice(desk, f"inv-{number}", f"acc-{number}")
    desk.fault("drop_after", times=0)
    desk.collect()
    desk.sim.faults.clear()
    desk.pass_time(minutes=1)
    before = desk.posts("/v1/payment_intents")

    def settler(_: int) -> SettledUnknowns:
        return settle_unknowns(desk.store, desk.gateway, desk.clock)

    with ThreadPoolExecutor(COLLECTORS) as pool:
        runs = list(pool.map(settler, range(COLLECTORS)))

    assert sum(run.settled for run in runs) == 6
    assert desk.posts("/v1/payment_intents") - before == 6


def test_what_one_process_has_claimed_another_does_not_wait_for(desk: Desk) -> None:
    customer(desk)
    invoice(desk, "inv-1")
    desk.fault("drop_after", times=0)
    desk.collect()
    desk.pass_time(minutes=1)
    invoice(desk, "inv-2")
    now, other = desk.clock.now(), Database(desk.db.url.render_as_string(hide_password=False))
    theirs = CollectionStore(other)

    with desk.db.transaction():
        mine, unknown = claim(desk.store, now)
        with other.transaction() as connection:
            connection.exec_driver_sql("set local lock_timeout = '5s'")
            second, second_unknown = claim(theirs, now)
    other.close()

    assert ([one.invoice_id for one in mine], len(unknown)) == (["inv-2"], 1)
    assert (second, second_unknown) == ([], [])


def claim(store: CollectionStore, now: datetime) -> tuple[list[Candidate], list[Attempt]]:
    candidates, _ = store.claim_candidates(now, now.date(), FIRST_PLACE, 10)
    return candidates, store.claim_unknown(tuple(Operation), now, 10)


def test_a_run_draws_invoices_only_as_fast_as_they_are_sent(desk: Desk) -> None:
    for number in range(5):
        customer(desk, f"acc-{number}")
        invoice(desk, f"inv-{number}", f"acc-{number}")
    seen: list[int] = []

    desk.collect(progress=seen.append)

    assert seen == [1, 2, 3, 4, 5]
