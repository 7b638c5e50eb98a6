"""The next invoice before it is issued."""

from datetime import UTC, datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    invoice_lines,
    invoices,
    subscription_items,
    subscriptions,
    usage_records,
)
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.preview_invoice import preview_invoice
from tests.fakes import FakeClock
from tests.seeds import START, add, change, fetch, insert_account, insert_price, insert_subscription

FEB = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def acme(db: Database) -> Database:
    """An account with a flat and a metered item, billed for January, with some usage."""
    insert_account(db)
    insert_price(db)
    insert_price(db, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=2)
    insert_subscription(db)
    add(db, subscription_items, item_id="m", subscription_id="s1", price_id="calls", quantity=1, valid_from=START)
    issue_invoices(BillingStore(db), FakeClock(), through=START.date())
    add(
        db, usage_records, usage_key="u", subscription_id="s1", meter="calls", quantity=30, occurred_at=START,
        recorded_at=START,
    )  # fmt: skip
    return db


def preview(db: Database, name: str = "s1", now: datetime = START + timedelta(days=3)) -> Draft | None:
    return preview_invoice(BillingStore(db), FakeClock(now), SubscriptionId(name))


def test_a_preview_is_the_invoice_that_is_then_issued(acme: Database) -> None:
    shown = preview(acme)

    issue_invoices(BillingStore(acme), FakeClock(FEB), through=FEB.date())

    issued = fetch(acme, invoices)[-1]
    assert shown is not None
    assert (shown.invoice_id, shown.settlement.due_minor, shown.due_on) == (
        issued["invoice_id"], issued["due_minor"], issued["due_on"],
    )  # fmt: skip
    assert [(line.description, line.amount_minor) for line in shown.lines] == [
        (row["description"], row["amount_minor"]) for row in fetch(acme, invoice_lines, invoice_id=issued["invoice_id"])
    ]


def test_a_preview_leaves_no_trace(acme: Database) -> None:
    preview(acme)

    assert fetch(acme, usage_records)[0]["invoice_id"] is None
    assert len(fetch(acme, invoices)) == 1


def test_nothing_is_shown_where_nothing_will_be_charged(acme: Database) -> None:
    change(acme, subscriptions, "s1", state="canceled", next_period_start=None)

    assert preview(acme) is None


def test_an_unknown_subscription_is_named(acme: Database) -> None:
    with pytest.raises(Broken, match="no subscription ghost"):
        preview(acme, "ghost")


def test_a_subscription_that_makes_no_sense_says_why(acme: Database) -> None:
    insert_price(acme, "tiers", scheme="volume")
    change(acme, subscription_items, "s1-1", price_id="tiers")

    with pytest.raises(Broken, match="subscription s1 cannot be billed: price tiers: a tiered price needs tiers"):
        preview(acme)
