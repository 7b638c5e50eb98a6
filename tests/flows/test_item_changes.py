"""Items that come and go, on a real PostgreSQL."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    invoice_lines,
    invoices,
    subscription_changes,
    subscription_items,
    usage_records,
)
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.issue_invoices import issue_invoices
from billing_pipeline.flows.request_change import request_change
from tests.fakes import FakeClock
from tests.flows.january import FEB, MAR, MID, bill
from tests.seeds import START, add, fetch, insert_account, insert_price, insert_subscription


@pytest.fixture
def acme(db: Database) -> Database:
    """A subscription of 10.00 that is billed for January; an extra of 31.00 and calls at 0.02 stand beside it."""
    insert_account(db)
    insert_price(db, "basic", unit_minor=1000)
    insert_price(db, "extra", "extra", unit_minor=3100)
    insert_price(db, "calls", "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=2)
    insert_subscription(db, price_id="basic")
    issue_invoices(BillingStore(db), FakeClock(), through=START.date())
    return db


def ask(db: Database, kind: Any, at: datetime = MID, timing: Any = "now", **wish: Any) -> None:
    request_change(BillingStore(db), FakeClock(at), SubscriptionId("s1"), kind, wish, timing=timing)


def totals(db: Database) -> list[tuple[str, int]]:
    return [(row["kind"], row["total_minor"]) for row in fetch(db, invoices)]


def test_an_added_item_is_charged_for_the_rest_and_then_with_every_period(acme: Database) -> None:
    ask(acme, "add", price_id="extra")

    bill(acme, FEB)

    assert totals(acme) == [("subscription", 1000), ("change", 2100), ("subscription", 4100)]
    assert [row["item_id"] for row in fetch(acme, subscription_items)] == ["s1-1", "s1-extra"]


def test_a_removed_item_is_given_back_and_never_charged_again(acme: Database) -> None:
    ask(acme, "add", price_id="extra")
    ask(acme, "remove", START + timedelta(days=20), item_id="s1-extra")

    bill(acme, MAR)

    assert totals(acme) == [
        ("subscription", 1000), ("change", 2100), ("change", 0), ("subscription", 1000), ("subscription", 1000),
    ]  # fmt: skip
    assert [line["amount_minor"] for line in fetch(acme, invoice_lines, kind="unused_time")] == [-1100]


def test_an_item_added_and_removed_at_period_end_costs_nothing_before(acme: Database) -> None:
    ask(acme, "add", timing="period_end", price_id="extra")
    bill(acme, FEB)
    ask(acme, "remove", FEB + timedelta(days=3), timing="period_end", item_id="s1-extra")
    bill(acme, MAR)

    assert totals(acme) == [("subscription", 1000), ("subscription", 4100), ("subscription", 1000)]
    assert fetch(acme, subscription_items, item_id="s1-extra")[0]["valid_to"] == MAR


def test_an_item_added_and_removed_at_one_instant_is_an_invoice_of_nothing(acme: Database) -> None:
    ask(acme, "add", price_id="extra")
    ask(acme, "remove", item_id="s1-extra")

    done = bill(acme, MID)

    assert (done.changes.applied, totals(acme)[-1]) == (2, ("change", 0))


def test_the_usage_of_an_item_that_came_and_went_is_billed_with_the_next_invoice(acme: Database) -> None:
    ask(acme, "add", price_id="calls")
    ask(acme, "remove", START + timedelta(days=20), item_id="s1-calls")
    for name, day in (("before", 9), ("first", 10), ("last", 19), ("after", 20)):
        at = START + timedelta(days=day)
        row = {"subscription_id": "s1", "meter": "calls", "quantity": 100, "occurred_at": at, "recorded_at": at}
        add(acme, usage_records, usage_key=name, **row)

    bill(acme, FEB)

    assert [(line["quantity"], line["amount_minor"]) for line in fetch(acme, invoice_lines, kind="usage")] == [
        (200, 400)
    ]


def test_a_setup_fee_comes_with_the_item(acme: Database) -> None:
    insert_price(acme, "onboarding", "onboarding", unit_minor=0, setup_fee_minor=500)
    ask(acme, "add", timing="period_end", price_id="onboarding")

    bill(acme, MAR)

    assert sorted(totals(acme)) == [("change", 500), *[("subscription", 1000)] * 3]


def test_an_item_id_of_another_subscription_is_refused_with_the_reason(acme: Database) -> None:
    insert_account(acme, "beta")
    insert_subscription(acme, "s2", "beta", "basic")
    ask(acme, "add", price_id="extra", item_id="s2-1")

    done = bill(acme, MID)

    assert len(done.changes.refused) == 1
    assert "subscription_items_pk" in fetch(acme, subscription_changes)[0]["refused_reason"]
