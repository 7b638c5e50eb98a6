"""Changes that the database refuses or that never end: one subscription is held up, the others go on."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import subscriptions
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.change_subscriptions import INVOICES_PER_DAY_MAX
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.request_change import request_change
from tests.fakes import FakeClock
from tests.flows.january import FEB, MID, bill, billed_for_january
from tests.seeds import START, fetch, insert_account, insert_invoice, insert_subscription


@pytest.fixture
def acme(db: Database) -> Database:
    return billed_for_january(db)


def ask(db: Database, kind: Any, wish: dict[str, Any], at: datetime = MID, name: str = "s1", **options: Any) -> None:
    request_change(BillingStore(db), FakeClock(at), SubscriptionId(name), kind, wish, **options)


def test_a_subscription_that_is_changed_without_end_is_parked_and_another_goes_on(acme: Database) -> None:
    insert_subscription(acme, "s2", price_id="dear", next_period_start=FEB)
    for number in range(INVOICES_PER_DAY_MAX):
        ask(acme, "quantity", {"quantity": number}, at=MID + timedelta(seconds=number), source=f"c{number}")
    first = bill(acme, MID + timedelta(hours=1))
    ask(acme, "quantity", {"quantity": 1}, at=MID + timedelta(hours=1), source="once more")
    ask(acme, "cancel", {}, name="s2")

    done = bill(acme, MID + timedelta(hours=2))

    assert (first.changes.applied, done.changes.applied) == (INVOICES_PER_DAY_MAX, 1)
    assert "101 invoices for changes on one day, 100 at most" in done.changes.parked["s1"]
    assert "101 invoices" in fetch(acme, subscriptions, subscription_id="s1")[0]["parked_reason"]


def test_a_change_that_the_database_refuses_is_answered_and_the_next_account_goes_on(acme: Database) -> None:
    insert_account(acme, "beta")
    insert_subscription(acme, "s2", "beta", "dear")
    issue_invoices(BillingStore(acme), FakeClock(), through=START.date())
    insert_invoice(acme, "stray", number="ACME-0002")
    for name in ("s1", "s2"):
        wish = {"price_id": "cheap"}
        request_change(BillingStore(acme), FakeClock(MID), SubscriptionId(name), "swap", wish, source=name)

    done = bill(acme, MID)

    assert (done.changes.applied, done.changes.invoices, list(done.changes.refused)) == (1, 1, ["s1"])
    assert "the database refuses it" in done.changes.refused["s1"]
