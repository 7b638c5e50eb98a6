"""Any story of changes and billing days ends with sound books, periods that tile, and numbers without a gap."""

import json
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from typing import Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import (
    billed_periods,
    credit_grants,
    invoices,
    subscription_changes,
    subscription_discounts,
    subscription_items,
    usage_records,
)
from billing_pipeline.adapters.tables.catalog import accounts, coupons, tax_rates
from billing_pipeline.flows.expire_credits import expire_credits
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.run_billing import run_billing
from billing_pipeline.flows.seal_journal import seal_journal
from billing_pipeline.flows.verify_books import verify_books
from tests.fakes import FakeClock
from tests.seeds import START, add, fetch, insert_account, insert_price, insert_subscription

DAYS: Final = 100
STORY: Final = count(1)
WISHES: Final = [
    ("swap", {"price_id": "seats"}), ("swap", {"price_id": "flat"}), ("quantity", {"quantity": 7}), ("pause", {}),
    ("quantity", {"quantity": 0}), ("resume", {}), ("cancel", {"prorate": True}), ("cancel", {}), ("start", {}),
    ("suspend", {}), ("reinstate", {}), ("keep", {}),
]  # fmt: skip

moments = st.integers(0, DAYS * 86400).map(lambda seconds: START + timedelta(seconds=seconds))
changes = st.lists(st.tuples(moments, st.sampled_from(WISHES), st.sampled_from(["now", "period_end"])), max_size=8)
billing_days = st.sets(st.integers(0, DAYS), max_size=6).map(lambda days: sorted({*days, DAYS}))


def price_list(db: Database) -> None:
    """Two licensed prices, a metered one, a tax and two coupons; made once."""
    if fetch(db, tax_rates):
        return
    insert_price(db, "flat", unit_minor=2999)
    insert_price(db, "seats", scheme="per_unit", unit_minor=333, setup_fee_minor=1000, minimum_minor=900)
    insert_price(db, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=1, per_units=7)
    add(db, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=190_000)
    add(db, coupons, coupon_id="third", name="Third", kind="percent", percent_ppm=333_333, duration="once")
    add(db, coupons, coupon_id="five", name="5.00", kind="amount", amount_minor=500, currency="usd", duration="forever")


def characters(db: Database, taxed: bool, coupon: str | None, credit: int) -> str:
    """An account with a subscription of two items, some usage, perhaps a coupon and a credit; its name."""
    name = f"x{next(STORY)}"
    insert_account(db, name, tax_rate_id="vat" if taxed else None)
    insert_subscription(db, name, name, "seats", quantity=2)
    common = {"subscription_id": name, "quantity": 1}
    add(db, subscription_items, item_id=f"{name}-m", price_id="calls", valid_from=START, **common)
    for day in range(0, DAYS, 9):
        at = START + timedelta(days=day)
        row = common | {"quantity": day * 10, "meter": "calls", "occurred_at": at, "recorded_at": at}
        add(db, usage_records, usage_key=f"{name}-{day}", **row)
    if coupon:
        add(db, subscription_discounts, subscription_id=name, coupon_id=coupon, started_at=START)
    if credit:
        grant = {"kind": "promotional", "granted_at": START, "expires_at": START + timedelta(days=50), "source": name}
        row = grant | {"amount_minor": credit, "remaining_minor": credit, "currency": "usd"}
        add(db, credit_grants, credit_grant_id=name, account_id=name, **row)
    return name


def ask(db: Database, name: str, number: int, at: datetime, wish: tuple[str, dict[str, Any]], timing: str) -> None:
    kind, parameters = wish
    parameters = parameters | ({"item_id": f"{name}-1"} if kind in ("swap", "quantity") else {})
    add(
        db, subscription_changes, subscription_id=name, source=f"{name}-{number}", kind=kind, wish=parameters,
        timing=timing if kind == "cancel" else "now", effective_at=at, requested_at=at, requested_by=json.dumps(wish),
    )  # fmt: skip


@given(changes, billing_days, st.booleans(), st.sampled_from([None, "third", "five"]), st.sampled_from([0, 40, 5000]))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_story_ends_with_sound_books(
    db: Database, wanted: list[Any], days: list[int], taxed: bool, coupon: str | None, credit: int
) -> None:
    price_list(db)
    name = characters(db, taxed, coupon, credit)
    for number, (at, wish, timing) in enumerate(wanted):
        ask(db, name, number, at, wish, timing)

    for day in days:
        clock = FakeClock(START + timedelta(days=day, hours=12))
        billed = run_billing(BillingStore(db), clock, through=clock.now().date())
        expire_credits(BillingStore(db), clock)
    recognise_revenue(LedgerStore(db), clock, clock.now().date() - timedelta(days=1))
    seal_journal(LedgerStore(db), clock)

    assert (billed.invoices.parked, billed.changes.waiting) == ({}, 0)
    assert verify_books(LedgerStore(db), clock).findings == ()
    tiles = fetch(db, billed_periods, subscription_id=name)
    assert all(before["period_end"] == after["period_start"] for before, after in pairwise(tiles))
    numbers = sorted(row["number"] for row in fetch(db, invoices, account_id=name))
    assert numbers == [f"{name.upper()}-{number:04d}" for number in range(1, len(numbers) + 1)]
    assert fetch(db, accounts, account_id=name)[0]["next_invoice_number"] == len(numbers) + 1
    assert all(
        row["applied_at"] or row["refused_reason"] for row in fetch(db, subscription_changes, subscription_id=name)
    )


def test_the_same_days_billed_at_once_or_one_by_one_come_to_the_same(db: Database) -> None:
    price_list(db)
    late, daily = characters(db, True, "five", 5000), characters(db, True, "five", 5000)
    for name in (late, daily):
        ask(db, name, 1, datetime(2026, 2, 10, 8, tzinfo=UTC), ("swap", {"price_id": "flat"}), "now")

    for day in range(DAYS):
        clock = FakeClock(START + timedelta(days=day, hours=12))
        with db.transaction() as connection:
            connection.exec_driver_sql(f"update accounts set parked_reason = 'later' where account_id = '{late}'")
        run_billing(BillingStore(db), clock, through=clock.now().date())
    with db.transaction() as connection:
        connection.exec_driver_sql("update accounts set parked_reason = null")
    run_billing(BillingStore(db), clock, through=clock.now().date())

    totals = [[row["total_minor"] for row in by_start(db, name)] for name in (late, daily)]
    assert totals[0] == totals[1]
    assert len(totals[0]) == 5


def by_start(db: Database, name: str) -> list[dict[str, Any]]:
    return sorted(fetch(db, invoices, account_id=name), key=lambda row: row["invoice_id"])
