"""A sweep's pages are landed, and what the sweep did not bring is listed: nothing is left out of the lake."""

from datetime import datetime
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stripe_landing import StripeSide
from billing_pipeline.flows.extract_stripe import extract_stripe
from billing_pipeline.flows.ports.reconciliation import Sink
from stripe_simulator import Simulator
from tests.collecting import customer, open_desk
from tests.reconciliation.company import Company


@pytest.fixture
def company(db: Database, simulator: Simulator, tmp_path: Path) -> Company:
    """Acme has paid an invoice, and the sweep has certified so."""
    made = Company(open_desk(db, simulator), tmp_path)
    customer(made.desk)
    made.bill("acme")
    made.sweep()
    return made


def landed(company: Company) -> list[int]:
    counts = company.extract(swept=True)
    return [counts.get(kind, 0) for kind in ("payment_intent", "charge", "balance_transaction")]


def test_what_is_older_than_the_sweeps_window_is_landed_too(company: Company) -> None:
    company.desk.pass_time(days=20)
    company.sweep()

    assert all(landed(company))


def test_a_list_that_the_sweep_could_not_read_to_its_end_is_listed_again(company: Company) -> None:
    lake, gateway, clock = StripeSide(company.lake), company.desk.gateway, company.desk.clock

    def stops(sink: Sink, since: datetime) -> list[str]:
        sink("payment_intent", [])
        return []

    done = extract_stripe(lake, company.comparison, gateway, clock, company.policy, run_id="x1", sweep=stops)

    assert done.by_table["payment_intent"] == 1
