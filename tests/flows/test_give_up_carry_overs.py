"""Amounts too small to charge that wait for an invoice that never comes, on a real PostgreSQL."""

from datetime import datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import carry_overs, subscriptions
from billing_pipeline.adapters.tables.ledger import journal_entries, postings
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.flows.give_up_carry_overs import WAITS_DAYS_MAX, CarryOversGivenUp, give_up_carry_overs
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.verify_books import verify_books
from tests.fakes import FakeClock
from tests.seeds import START, change, fetch, insert_account, insert_price, insert_subscription

LATER = START + timedelta(days=WAITS_DAYS_MAX, seconds=1)


@pytest.fixture
def acme(db: Database) -> Database:
    """An invoice of 0.30, less than Stripe charges: it is carried over."""
    insert_account(db)
    insert_price(db, unit_minor=30)
    insert_subscription(db)
    issue_invoices(BillingStore(db), FakeClock(), through=START.date())
    return db


def give_up(db: Database, now: datetime) -> CarryOversGivenUp:
    return give_up_carry_overs(DocumentStore(db), FakeClock(now))


def end_subscription(db: Database) -> None:
    change(db, subscriptions, "s1", state="canceled", next_period_start=None)


def test_a_small_amount_that_no_invoice_came_for_is_bad_debt_after_a_quarter(acme: Database) -> None:
    end_subscription(acme)

    early, late, again = give_up(acme, LATER - timedelta(days=1)), give_up(acme, LATER), give_up(acme, LATER)

    (loss,) = fetch(acme, journal_entries, kind="carry_over_written_off")
    assert (early.carry_overs, late, again.carry_overs) == (0, CarryOversGivenUp(1, {"usd": 30}), 0)
    assert [(p["ledger_account"], p["minor"]) for p in fetch(acme, postings, entry_id=loss["entry_id"])] == [
        (LedgerAccount.BAD_DEBT, 30), (LedgerAccount.CARRY_OVER, -30),
    ]  # fmt: skip
    assert fetch(acme, carry_overs)[0]["minor"] == 0
    assert verify_books(LedgerStore(acme), FakeClock(LATER)).findings == ()


def test_it_waits_for_as_long_as_an_invoice_is_still_to_come(acme: Database) -> None:
    assert give_up(acme, LATER).carry_overs == 0


def test_an_invoice_in_another_currency_is_none_that_it_could_wait_for(acme: Database) -> None:
    end_subscription(acme)
    insert_price(acme, "basic-eur", currency="eur")
    insert_subscription(acme, "s2", price_id="basic-eur", currency="eur", next_period_start=LATER)

    assert give_up(acme, LATER).minor_by_currency == {"usd": 30}
