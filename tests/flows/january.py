"""A subscription that is billed for January, for tests of what changes in it."""

from datetime import UTC, datetime, timedelta
from typing import Final

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.run_billing import DayBilled, run_billing
from tests.fakes import FakeClock
from tests.seeds import START, insert_account, insert_price, insert_subscription

MID: Final = START + timedelta(days=10)
FEB, MAR = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def billed_for_january(db: Database, price_id: str = "dear") -> Database:
    """An account with a subscription of 10.00 that is billed for January; a price of 5.00 stands beside it, or instead."""
    insert_account(db)
    insert_price(db, "dear", unit_minor=1000)
    insert_price(db, "cheap", unit_minor=500)
    insert_subscription(db, price_id=price_id)
    issue_invoices(BillingStore(db), FakeClock(), through=START.date())
    return db


def bill(db: Database, now: datetime) -> DayBilled:
    return run_billing(BillingStore(db), FakeClock(now), through=now.date())
