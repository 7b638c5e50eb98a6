"""Issuing invoices, on a real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    billed_periods,
    carry_overs,
    credit_grants,
    credit_uses,
    invoice_lines,
    invoices,
    subscription_discounts,
    subscription_items,
    subscriptions,
)
from billing_pipeline.adapters.tables.catalog import accounts, coupons, tax_rates
from billing_pipeline.adapters.tables.ledger import closed_days, journal_entries, postings
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from tests.fakes import FakeClock
from tests.seeds import START, add, change, fetch, insert_account, insert_price, insert_subscription

FEB = datetime(2026, 2, 1, tzinfo=UTC)


def issue(db: Database, now: datetime = START, **options: Any) -> Issued:
    through = options.pop("through", now.date())
    return issue_invoices(BillingStore(db), FakeClock(now), through=through, **options)


@pytest.fixture
def acme(db: Database) -> Database:
    """A database with one account, one price and one subscription that is due on 1 January."""
    insert_account(db)
    insert_price(db)
    insert_subscription(db)
    return db


def add_grant(db: Database, name: str, minor: int, **values: Any) -> None:
    row = {"kind": "purchased", "granted_at": START, "source": name, "remaining_minor": minor, "amount_minor": minor}
    add(db, credit_grants, credit_grant_id=name, account_id="acme", currency="usd", **(row | values))


def test_a_due_subscription_gets_one_invoice_with_its_entry(acme: Database) -> None:
    done = issue(acme, run_id="r1")

    (invoice,) = fetch(acme, invoices)
    (entry,) = fetch(acme, journal_entries)
    assert (done.invoices, done.total_by_currency, done.parked) == (1, {"usd": 4900}, {})
    assert (invoice["invoice_id"], invoice["number"], invoice["state"], invoice["due_minor"]) == (
        "inv-s1-20260101", "ACME-0001", "pending", 4900,
    )  # fmt: skip
    assert (invoice["issued_on"], invoice["due_on"], invoice["run_id"]) == (date(2026, 1, 1), date(2026, 1, 1), "r1")
    assert [line["description"] for line in fetch(acme, invoice_lines)] == ["Basic"]
    assert [(p["ledger_account"], p["minor"], p["customer_id"]) for p in fetch(acme, postings)] == [
        (1100, 4900, "acme"), (2100, -4900, None),
    ]  # fmt: skip
    assert (entry["source"], entry["invoice_id"], entry["run_id"]) == (
        "invoice:inv-s1-20260101",
        "inv-s1-20260101",
        "r1",
    )
    assert fetch(acme, subscriptions)[0]["next_period_start"] == FEB
    assert fetch(acme, billed_periods)[0]["previous_end"] is None


def test_what_the_books_hold_is_what_the_entry_said(acme: Database) -> None:
    from billing_pipeline.domain.currencies import Currency
    from billing_pipeline.domain.ids import AccountId
    from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting

    issue(acme)

    (entry,) = fetch(acme, journal_entries)
    sides = tuple(
        Posting(
            LedgerAccount(p["ledger_account"]), p["minor"], AccountId(p["customer_id"]) if p["customer_id"] else None
        )
        for p in fetch(acme, postings)
    )
    again = Entry(
        entry["source"],
        entry["kind"],
        Currency(entry["currency"]),
        entry["occurred_at"],
        entry["accounting_date"],
        sides,
    )
    assert again.content_hash == entry["content_hash"]


def test_issuing_twice_changes_nothing(acme: Database) -> None:
    issue(acme)

    second = issue(acme)

    assert (second, len(fetch(acme, invoices)), len(fetch(acme, journal_entries))) == (Issued(), 1, 1)


def test_missed_periods_are_billed_in_order_with_numbers_without_a_gap(acme: Database) -> None:
    insert_subscription(acme, "s2", anchor_on=date(2026, 1, 15), next_period_start=datetime(2026, 1, 15, tzinfo=UTC))

    done = issue(acme, FEB + timedelta(days=27))

    assert done.invoices == 4
    assert [(row["number"], row["invoice_id"]) for row in sorted(fetch(acme, invoices), key=lambda row: row["number"])] == [
        ("ACME-0001", "inv-s1-20260101"), ("ACME-0002", "inv-s2-20260115"), ("ACME-0003", "inv-s1-20260201"),
        ("ACME-0004", "inv-s2-20260215"),
    ]  # fmt: skip
    assert fetch(acme, accounts)[0]["next_invoice_number"] == 5


def test_a_run_for_an_earlier_day_bills_only_what_was_due_then(acme: Database) -> None:
    done = issue(acme, datetime(2026, 3, 5, tzinfo=UTC), through=date(2026, 2, 1))

    assert done.invoices == 2


def test_nothing_is_billed_before_its_midnight_where_the_subscription_lives(db: Database) -> None:
    insert_account(db)
    insert_price(db)
    midnight = datetime(2026, 1, 1, tzinfo=ZoneInfo("Pacific/Honolulu")).astimezone(UTC)
    insert_subscription(db, zone="Pacific/Honolulu", next_period_start=midnight)

    early = issue(db, START + timedelta(hours=9))
    late = issue(db, midnight)

    assert (early.invoices, late.invoices) == (0, 1)
    assert fetch(db, invoices)[0]["period_end"] == datetime(2026, 2, 1, 10, tzinfo=UTC)


def test_a_day_that_begins_later_today_is_not_billed_with_the_one_before(db: Database) -> None:
    insert_account(db)
    insert_price(db, interval="day")
    insert_subscription(db, interval="day", zone="Pacific/Honolulu", next_period_start=START + timedelta(hours=10))

    done = issue(db, START + timedelta(days=1, hours=5))

    assert done.invoices == 1


def test_the_sellers_calendar_dates_the_invoice(acme: Database) -> None:
    issue(acme, START + timedelta(hours=20), close_zone=ZoneInfo("Asia/Tokyo"))

    assert fetch(acme, invoices)[0]["issued_on"] == date(2026, 1, 2)
    assert fetch(acme, journal_entries)[0]["accounting_date"] == date(2026, 1, 2)


def test_a_dry_run_says_what_would_be_and_writes_nothing(acme: Database) -> None:
    rehearsed = issue(acme, FEB, dry_run=True)

    assert (fetch(acme, invoices), fetch(acme, accounts)[0]["next_invoice_number"]) == ([], 1)
    assert rehearsed == issue(acme, FEB)


def test_net_terms_are_due_later(acme: Database) -> None:
    change(acme, accounts, "acme", collection_method="net_terms", net_terms_days=30)

    issue(acme)

    assert fetch(acme, invoices)[0]["due_on"] == date(2026, 1, 31)


def test_tax_is_a_posting_of_its_own(acme: Database) -> None:
    add(acme, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=190_000)
    change(acme, accounts, "acme", tax_rate_id="vat")

    issue(acme)

    invoice, line = fetch(acme, invoices)[0], fetch(acme, invoice_lines)[0]
    assert (invoice["subtotal_minor"], invoice["tax_minor"], invoice["total_minor"]) == (4900, 931, 5831)
    assert (line["tax_minor"], line["tax_rate_id"]) == (931, "vat")
    assert [p["minor"] for p in fetch(acme, postings)] == [5831, -4900, -931]


def test_credits_pay_first_and_a_covered_invoice_is_born_paid(acme: Database) -> None:
    add_grant(acme, "g1", 3000)
    add_grant(acme, "g2", 6000, kind="promotional", expires_at=datetime(2026, 6, 1, tzinfo=UTC))

    done = issue(acme, FEB)

    states = [(row["state"], row["credits_minor"], row["due_minor"]) for row in fetch(acme, invoices)]
    assert (done.born_paid, states) == (1, [("paid", 4900, 0), ("pending", 4100, 800)])
    assert [(u["credit_grant_id"], u["invoice_id"][-8:], u["amount_minor"]) for u in fetch(acme, credit_uses)] == [
        ("g1", "20260201", 3000), ("g2", "20260101", 4900), ("g2", "20260201", 1100),
    ]  # fmt: skip
    assert [g["remaining_minor"] for g in fetch(acme, credit_grants)] == [0, 0]


def test_an_expired_credit_pays_nothing(acme: Database) -> None:
    add_grant(acme, "g1", 3000, expires_at=START)

    issue(acme)

    assert fetch(acme, invoices)[0]["credits_minor"] == 0


def test_what_is_too_small_to_charge_is_carried_to_the_next_invoice(acme: Database) -> None:
    add_grant(acme, "g1", 4860)

    first = issue(acme)
    issue(acme, FEB)

    rows = fetch(acme, invoices)
    assert (first.born_paid, rows[0]["carried_minor"], rows[0]["state"]) == (1, 40, "paid")
    assert (rows[1]["previous_balance_minor"], rows[1]["due_minor"]) == (40, 4940)
    assert fetch(acme, carry_overs)[0]["minor"] == 0
    assert receivable(acme) == 4940


def receivable(db: Database) -> int:
    return sum(p["minor"] for p in fetch(db, postings, ledger_account=1100))


def test_a_coupon_for_one_period_is_used_up(acme: Database) -> None:
    add(acme, coupons, coupon_id="half", name="Half", kind="percent", percent_ppm=500_000, duration="once")
    add(acme, subscription_discounts, subscription_id="s1", coupon_id="half", started_at=START)

    issue(acme, FEB)

    assert [row["discount_minor"] for row in fetch(acme, invoices)] == [2450, 0]
    assert (fetch(acme, subscription_discounts)[0]["uses"], fetch(acme, subscription_discounts)[0]["ends_at"]) == (
        1,
        FEB,
    )


def test_an_entry_never_falls_into_a_closed_day(acme: Database) -> None:
    add(
        acme,
        closed_days,
        day=date(2026, 1, 3),
        close_zone="UTC",
        digest="",
        proof={},
        closed_at=START,
        closed_by="test",
    )

    issue(acme, datetime(2026, 1, 2, tzinfo=UTC))

    assert fetch(acme, journal_entries)[0]["accounting_date"] == date(2026, 1, 4)


def test_words_that_copy_would_misread_come_through_whole(db: Database) -> None:
    insert_account(db)
    insert_price(db)
    with db.transaction() as connection:
        connection.execute(text("update plans set name = :name"), {"name": "Tab\there \\N and\nthere, ü"})
    insert_subscription(db)

    issue(db)

    assert fetch(db, invoice_lines)[0]["description"] == "Tab\there \\N and\nthere, ü"


def test_progress_is_told_after_every_group_of_accounts(acme: Database) -> None:
    insert_account(acme, "beta")
    insert_subscription(acme, "s2", "beta")
    told: list[int] = []

    issue(acme, chunk=1, progress=told.append)

    assert told == [1, 2]


def test_former_items_are_not_billed_in_advance(acme: Database) -> None:
    change(acme, subscription_items, "s1-1", valid_to=START)
    add(
        acme,
        subscription_items,
        item_id="s1-2",
        subscription_id="s1",
        price_id="basic-usd",
        quantity=1,
        valid_from=START,
    )

    issue(acme)

    assert len(fetch(acme, invoice_lines)) == 1
