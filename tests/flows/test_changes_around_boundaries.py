"""Wishes beside a boundary: a period that passed unbilled, one that waits to be billed, a pause that was over before."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    invoice_lines,
    invoices,
    subscription_changes,
    subscription_discounts,
    subscription_items,
    subscriptions,
    usage_records,
)
from billing_pipeline.adapters.tables.catalog import accounts, coupons, tax_rates
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.request_change import request_change
from tests.fakes import FakeClock
from tests.flows.january import FEB, MAR, MID, bill, billed_for_january
from tests.seeds import START, add, change, fetch, insert_account, insert_price, insert_subscription


@pytest.fixture
def acme(db: Database) -> Database:
    return billed_for_january(db)


def ask(db: Database, kind: Any, at: datetime = MID, timing: Any = "now", **wish: Any) -> None:
    request_change(BillingStore(db), FakeClock(at), SubscriptionId("s1"), kind, wish, timing=timing)


def totals(db: Database) -> list[int]:
    return [row["total_minor"] for row in fetch(db, invoices)]


def test_a_coupon_for_one_period_is_used_up_by_the_rest_of_one_that_passed_unbilled(acme: Database) -> None:
    add(acme, coupons, coupon_id="half", name="Half", kind="percent", percent_ppm=500_000, duration="once")
    add(acme, subscription_discounts, subscription_id="s1", coupon_id="half", started_at=MID)
    ask(acme, "suspend")
    ask(acme, "reinstate", FEB + timedelta(days=14))

    bill(acme, MAR)

    (used,) = fetch(acme, subscription_discounts)
    assert (totals(acme), used["uses"], used["ends_at"]) == ([1000, 250, 1000], 1, MAR)


def test_the_end_of_one_pause_is_not_the_end_of_a_later_one(acme: Database) -> None:
    ask(acme, "pause", resumes_at=FEB.isoformat())
    ask(acme, "resume", MID + timedelta(days=2))
    ask(acme, "pause", MID + timedelta(days=4))

    done = bill(acme, MAR)

    assert fetch(acme, subscriptions)[0]["state"] == "paused"
    assert (sum(totals(acme)), list(done.changes.refused.values())) == (
        1000 + 613, ["the pause since 2026-01-11 00:00 UTC is over already"],
    )  # fmt: skip


def test_a_pause_that_would_end_before_it_begins_is_refused(acme: Database) -> None:
    ask(acme, "pause", resumes_at=START.isoformat())

    done = bill(acme, MID)

    assert list(done.changes.refused.values()) == [
        "a pause from 2026-01-11 00:00 UTC on cannot end at 2026-01-01 00:00 UTC"
    ]
    assert totals(acme) == [1000]


def test_the_end_of_a_period_that_waits_to_be_billed_is_yet_to_come(acme: Database) -> None:
    ask(acme, "swap", FEB + timedelta(hours=3), timing="period_end", price_id="cheap")

    bill(acme, FEB + timedelta(hours=6))
    bill(acme, MAR)

    assert totals(acme) == [1000, 1000, 500]


def test_a_trial_that_is_over_and_waits_to_be_billed_has_its_first_period_before_a_change_at_the_end(
    acme: Database,
) -> None:
    trial = {"state": "trialing", "trial_end": MID, "next_period_start": MID}
    change(acme, subscriptions, "s1", **trial)
    with acme.transaction() as connection:
        connection.exec_driver_sql("delete from billed_periods")

    ask(acme, "swap", MID + timedelta(hours=3), timing="period_end", price_id="cheap")

    (wish,) = fetch(acme, subscription_changes)
    assert wish["effective_at"] == MID + timedelta(days=31)


def use_calls(db: Database, *moments: datetime) -> None:
    """A metered item of 0.60 a call, and one call at each moment."""
    insert_price(db, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=60, minimum_minor=2800)
    add(db, subscription_items, item_id="m", subscription_id="s1", price_id="calls", quantity=1, valid_from=FEB)
    for at in moments:
        row = {"meter": "calls", "quantity": 1, "occurred_at": at, "recorded_at": at}
        add(db, usage_records, usage_key=at.isoformat(), subscription_id="s1", **row)


@pytest.mark.parametrize("ending", [None, "pause", "cancel"])
def test_usage_after_a_pause_is_billed_though_its_period_began_unbilled(acme: Database, ending: str | None) -> None:
    resumed = FEB + timedelta(days=14)
    use_calls(acme, FEB + timedelta(days=3), resumed + timedelta(days=1))
    ask(acme, "pause")
    ask(acme, "resume", resumed)
    if ending:
        ask(acme, ending, resumed + timedelta(days=7))

    bill(acme, MAR)

    lines = [(line["kind"], line["amount_minor"]) for line in fetch(acme, invoice_lines)]
    minimum = 700 if ending == "cancel" else 1400
    assert [each for each in lines if each[0] in ("usage", "minimum")] == [("usage", 60), ("minimum", minimum - 60)]


def test_unused_time_is_given_back_with_the_tax_that_was_paid_for_it(acme: Database) -> None:
    add(acme, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=200_000)
    change(acme, accounts, "acme", tax_rate_id="vat", tax_status="taxable")
    ask(acme, "swap", price_id="cheap")
    ask(acme, "swap", MID + timedelta(days=5), price_id="dear")
    ask(acme, "swap", MID + timedelta(days=7), price_id="cheap")

    bill(acme, FEB - timedelta(days=1))

    lines = {(line["kind"], line["price_id"], line["tax_rate_id"]) for line in fetch(acme, invoice_lines)}
    assert {line for line in lines if line[1]} == {
        ("item", "dear", None),
        ("remaining_time", "cheap", "vat"), ("remaining_time", "dear", "vat"),
        ("unused_time", "cheap", "vat"), ("unused_time", "dear", None), ("unused_time", "dear", "vat"),
    }  # fmt: skip


def test_usage_of_a_period_that_was_paused_throughout_is_not_billed(acme: Database) -> None:
    use_calls(acme, FEB + timedelta(days=3))
    ask(acme, "pause")
    ask(acme, "resume", MAR)

    bill(acme, MAR + timedelta(days=1))

    assert fetch(acme, invoice_lines, kind="usage") == []


def test_a_setup_fee_comes_with_the_first_period_that_is_billed(db: Database) -> None:
    insert_account(db)
    insert_price(db, "dear", unit_minor=1000, setup_fee_minor=500)
    insert_price(db, "extra", "extra", unit_minor=0, setup_fee_minor=70)
    insert_subscription(db, price_id="dear", suspended_at=START)
    bill(db, START)
    ask(db, "add", price_id="extra")
    ask(db, "reinstate", MID + timedelta(days=1))

    bill(db, MAR)

    fees = fetch(db, invoice_lines, kind="setup_fee")
    assert [(line["invoice_id"], line["amount_minor"]) for line in fees] == [
        ("inv-s1-20260201", 500), ("inv-s1-20260201", 70),
    ]  # fmt: skip


@pytest.mark.parametrize("wish", ["cancel", "upgrade and cancel"])
def test_a_coupon_that_a_setup_fee_had_a_share_of_is_given_back_with_the_share_of_the_item(
    db: Database, wish: str
) -> None:
    insert_account(db)
    insert_price(db, "dear", unit_minor=1000, setup_fee_minor=1000)
    insert_price(db, "dearer", unit_minor=3000)
    add(db, coupons, coupon_id="off", name="Off", kind="amount", amount_minor=600, currency="usd", duration="once")
    insert_subscription(db, price_id="dear")
    add(db, subscription_discounts, subscription_id="s1", coupon_id="off", started_at=START)
    bill(db, START)
    if wish != "cancel":
        ask(db, "swap", START, price_id="dearer")
    ask(db, "cancel", START + timedelta(seconds=1) if wish != "cancel" else START, prorate=True)

    bill(db, MID)

    given = [line for line in fetch(db, invoice_lines) if line["kind"] in ("unused_time", "remaining_time")]
    nets = [line["amount_minor"] - line["discount_minor"] for line in given]
    assert totals(db)[0] == 2000 - 600
    assert nets == [-700] if wish == "cancel" else nets == [-700, 2700, -2700]


@pytest.mark.parametrize("valid_from", [START, MID])
def test_an_item_that_the_period_was_not_charged_for_is_not_given_back(acme: Database, valid_from: datetime) -> None:
    late = {"item_id": "late", "subscription_id": "s1", "price_id": "cheap", "quantity": 1}
    add(acme, subscription_items, **late, valid_from=valid_from)
    ask(acme, "quantity", MID + timedelta(days=1), quantity=2, item_id="s1-1")
    ask(acme, "cancel", MID + timedelta(days=5), prorate=True)

    bill(acme, FEB)

    given = {line["price_id"] for line in fetch(acme, invoice_lines) if line["amount_minor"] < 0}
    assert given == {"dear"}


def test_nothing_is_given_back_of_an_invoice_that_is_void(acme: Database) -> None:
    change(acme, invoices, "inv-s1-20260101", state="void")
    ask(acme, "cancel", prorate=True)

    bill(acme, MID)

    assert len(fetch(acme, invoices)) == 1


def test_a_wish_that_is_told_after_the_next_period_was_billed_holds_for_all_of_that(acme: Database) -> None:
    ask(acme, "suspend")
    bill(acme, FEB)
    ask(acme, "reinstate", FEB - timedelta(hours=1))
    ask(acme, "swap", FEB - timedelta(minutes=1), price_id="cheap")

    bill(acme, MAR)

    (late,) = fetch(acme, invoices, kind="change")
    assert (late["total_minor"], totals(acme)) == (500, [1000, 500, 500])


def test_a_pause_that_is_told_late_ends_by_itself_all_the_same(acme: Database) -> None:
    bill(acme, FEB)
    ask(acme, "pause", FEB - timedelta(hours=1), resumes_at=(FEB + timedelta(days=14)).isoformat())

    done = bill(acme, MAR)

    assert (done.changes.refused, fetch(acme, subscriptions)[0]["state"]) == ({}, "active")
    assert totals(acme) == [1000, 1000, 0, 500, 1000]
    assert [line["amount_minor"] for line in fetch(acme, invoice_lines, kind="unused_time")] == [-1000]
