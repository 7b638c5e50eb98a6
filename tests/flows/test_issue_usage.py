"""Usage: counted once, in arrears, and refused when it comes too late."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    invoice_lines,
    invoices,
    subscription_discounts,
    subscription_items,
    subscriptions,
    usage_records,
)
from billing_pipeline.adapters.tables.catalog import coupons, prices
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from billing_pipeline.flows.request_change import request_change
from billing_pipeline.flows.run_billing import run_billing
from tests.fakes import FakeClock
from tests.seeds import START, add, change, fetch, insert_account, insert_price, insert_subscription

FEB, MAR = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


def issue(db: Database, now: datetime) -> Issued:
    return issue_invoices(BillingStore(db), FakeClock(now), through=now.date())


def use(db: Database, name: str, quantity: int, at: datetime, **values: Any) -> None:
    row = {"subscription_id": "s1", "meter": "calls", "occurred_at": at, "recorded_at": at, "quantity": quantity}
    add(db, usage_records, usage_key=name, **(row | values))


@pytest.fixture
def calls(db: Database) -> Database:
    """A subscription of 49.00 and, in arrears, 0.02 a call; its first period is billed."""
    insert_account(db)
    insert_price(db)
    insert_price(db, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=2)
    insert_subscription(db)
    add(
        db, subscription_items, item_id="s1-calls", subscription_id="s1", price_id="calls", quantity=1, valid_from=START
    )
    issue(db, START)
    return db


def usage_lines(db: Database) -> list[tuple[int, int]]:
    return [(line["quantity"], line["amount_minor"]) for line in fetch(db, invoice_lines, kind="usage")]


def test_the_usage_of_a_period_is_on_the_next_invoice(calls: Database) -> None:
    use(calls, "a", 100, START)
    use(calls, "b", 50, FEB - timedelta(seconds=1))
    use(calls, "c", 7, FEB)

    issue(calls, FEB)

    assert usage_lines(calls) == [(150, 300)]
    assert [row["invoice_id"] for row in fetch(calls, usage_records)] == ["inv-s1-20260201", "inv-s1-20260201", None]
    assert fetch(calls, invoices)[1]["total_minor"] == 5200


@pytest.mark.parametrize(("aggregate", "expected"), [("sum", 12), ("max", 7), ("last", 2)])
def test_usage_comes_to_what_the_price_asks_for(calls: Database, aggregate: str, expected: int) -> None:
    change(calls, prices, "calls", aggregate=aggregate)
    for name, quantity in [("a", 3), ("b", 7), ("c", 2)]:
        use(calls, name, quantity, START + timedelta(days=ord(name) - ord("a")))

    issue(calls, FEB)

    assert usage_lines(calls) == [(expected, expected * 2)]


def test_two_periods_at_once_each_have_their_own_usage(calls: Database) -> None:
    use(calls, "a", 10, START)
    use(calls, "b", 20, FEB)

    issue(calls, MAR)

    assert usage_lines(calls) == [(10, 20), (20, 40)]


def test_usage_that_comes_after_its_period_was_billed_is_refused_and_counted(calls: Database) -> None:
    issue(calls, FEB)
    use(calls, "late", 1000, START, recorded_at=FEB)
    use(calls, "next", 5, MAR)

    done = issue(calls, MAR)

    late, following = fetch(calls, usage_records)
    assert (done.late_usage, done.late_keys) == (1, ("late",))
    assert (late["invoice_id"], following["refused_reason"]) == (None, None)
    assert "its stretch of time is closed" in late["refused_reason"]
    assert usage_lines(calls) == [(0, 0), (0, 0)]


def test_usage_that_was_refused_at_the_door_is_not_billed(calls: Database) -> None:
    use(calls, "a", 100, START, refused_reason="sent by a test system")

    issue(calls, FEB)

    assert usage_lines(calls) == [(0, 0)]


def test_the_last_usage_is_billed_when_the_subscription_has_ended(calls: Database) -> None:
    change(calls, subscriptions, "s1", cancel_at=FEB)
    use(calls, "a", 100, START)

    issue(calls, MAR)

    last = fetch(calls, invoices)[-1]
    assert (last["invoice_id"], last["total_minor"], last["period_start"]) == ("inv-s1-20260201-final", 200, None)


def test_a_rehearsal_marks_no_usage(calls: Database) -> None:
    use(calls, "a", 100, START)

    done = issue_invoices(BillingStore(calls), FakeClock(FEB), through=date(2026, 2, 1), dry_run=True)

    assert done.total_by_currency == {"usd": 5100}
    assert fetch(calls, usage_records)[0]["invoice_id"] is None


@pytest.mark.parametrize("extra", [False, True])
def test_a_coupon_for_one_period_waits_for_the_first_invoice_that_says_anything(db: Database, extra: bool) -> None:
    insert_account(db)
    insert_price(db, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=2)
    insert_price(db, "extra", "extra", unit_minor=3100)
    add(db, coupons, coupon_id="half", name="Half", kind="percent", percent_ppm=500_000, duration="once")
    insert_subscription(db, price_id="calls")
    add(db, subscription_discounts, subscription_id="s1", coupon_id="half", started_at=START)
    issue(db, START)
    use(db, "a", 100, START)
    if extra:
        request_change(
            BillingStore(db), FakeClock(START + timedelta(days=10)), SubscriptionId("s1"), "add", {"price_id": "extra"}
        )

    run_billing(BillingStore(db), FakeClock(MAR), through=MAR.date())

    totals = [row["total_minor"] for row in fetch(db, invoices)]
    assert totals == ([0, 1050, 200 + 3100, 3100] if extra else [0, 100, 0])
    assert [row["uses"] for row in fetch(db, subscription_discounts)] == [1]
