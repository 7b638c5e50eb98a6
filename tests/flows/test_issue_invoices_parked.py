"""Bad input: one subscription is parked with its reason, the rest of the run goes on, the summary says so."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import invoices, subscription_discounts, subscription_items, subscriptions
from billing_pipeline.adapters.tables.catalog import accounts, coupons, price_tiers, tax_rates
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from tests.fakes import FakeClock
from tests.seeds import START, add, change, fetch, insert_account, insert_invoice, insert_price, insert_subscription


def issue(db: Database, now: datetime = START) -> Issued:
    return issue_invoices(BillingStore(db), FakeClock(now), through=now.date())


@pytest.fixture
def two(db: Database) -> Database:
    """Two accounts, each with a subscription: 'bad' is spoiled by the test, 'good' is not."""
    insert_price(db)
    for name in ("bad", "good"):
        insert_account(db, name)
        insert_subscription(db, name, name)
    return db


def wrong_currency(db: Database) -> None:
    insert_price(db, "basic-eur", currency="eur")
    change(db, subscription_items, "bad-1", price_id="basic-eur")


def wrong_interval(db: Database) -> None:
    insert_price(db, "basic-year", interval="year")
    change(db, subscription_items, "bad-1", price_id="basic-year")


def overlapping_tiers(db: Database) -> None:
    insert_price(db, "tiers", scheme="graduated")
    add(db, price_tiers, price_id="tiers", tier_no=1, up_to=10, unit_minor=100)
    add(db, price_tiers, price_id="tiers", tier_no=2, up_to=5, unit_minor=50)
    add(db, price_tiers, price_id="tiers", tier_no=3, up_to=None, unit_minor=10)
    change(db, subscription_items, "bad-1", price_id="tiers")


def unknown_zone(db: Database) -> None:
    change(db, subscriptions, "bad", zone="Mars/Olympus")


def inactive_tax(db: Database) -> None:
    add(db, tax_rates, tax_rate_id="old", name="Old", jurisdiction="DE", rate_ppm=160_000, active=False)
    change(db, accounts, "bad", tax_rate_id="old")


def foreign_coupon(db: Database) -> None:
    add(db, coupons, coupon_id="euro", name="Euro", kind="amount", amount_minor=500, currency="eur", duration="forever")
    add(db, subscription_discounts, subscription_id="bad", coupon_id="euro", started_at=START)


def late_coupon(db: Database) -> None:
    add(
        db, coupons, coupon_id="late", name="Late", kind="percent", percent_ppm=1, duration="forever",
        redeem_by=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    add(db, subscription_discounts, subscription_id="bad", coupon_id="late", started_at=START)


def forgotten_for_years(db: Database) -> None:
    insert_price(db, "daily", interval="day")
    change(db, subscription_items, "bad-1", price_id="daily", valid_from=datetime(2020, 1, 1, tzinfo=UTC))
    change(
        db, subscriptions, "bad", interval="day", anchor_on=date(2020, 1, 1),
        next_period_start=datetime(2020, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (wrong_currency, "price basic-eur is in eur, the subscription in usd"),
        (wrong_interval, "price basic-year is per 1 year, the subscription per 1 month"),
        (overlapping_tiers, "price tiers: tier 2 overlaps: it ends at 5, the one before it at 10"),
        (unknown_zone, "unknown zone 'Mars/Olympus': use an IANA name such as 'Europe/Berlin'"),
        (inactive_tax, "tax rate old is not active: give the account a current one"),
        (foreign_coupon, "coupon euro is in eur, the subscription in usd"),
        (late_coupon, "coupon late could be taken until 2025-01-01"),
        (forgotten_for_years, "more than 400 periods are due at once"),
    ],
)
def test_one_bad_subscription_is_parked_and_the_rest_is_billed(
    two: Database, spoil: Callable[[Database], None], words: str
) -> None:
    spoil(two)

    done = issue(two)

    assert words in done.parked["bad"]
    assert [row["subscription_id"] for row in fetch(two, invoices)] == ["good"]
    assert words in fetch(two, subscriptions, subscription_id="bad")[0]["parked_reason"]


def test_a_parked_subscription_stays_parked_until_somebody_puts_it_right(two: Database) -> None:
    unknown_zone(two)
    issue(two)

    still = issue(two)
    change(two, subscriptions, "bad", zone="UTC", parked_reason=None)
    mended = issue(two)

    assert (still.invoices, still.parked, mended.invoices) == (0, {}, 1)


def test_a_period_that_cannot_be_drafted_holds_back_those_after_it(two: Database) -> None:
    foreign_coupon(two)
    with two.transaction() as connection:
        connection.exec_driver_sql("update subscription_discounts set ends_at = '2026-02-01'")

    done = issue(two, datetime(2026, 2, 1, tzinfo=UTC))

    assert (done.parked, done.invoices) == ({"bad": "coupon euro is in eur, the subscription in usd"}, 2)
    assert fetch(two, invoices, subscription_id="bad") == []


def test_what_the_database_refuses_is_parked_and_its_neighbours_are_billed(two: Database) -> None:
    insert_invoice(two, "stray", "bad", number="BAD-0001")

    done = issue(two)

    assert "invoices_legal_entity_id_number_key" in done.parked["bad"]
    assert (done.invoices, len(fetch(two, invoices, subscription_id="good"))) == (1, 1)


def test_a_parked_account_is_passed_by(two: Database) -> None:
    change(two, accounts, "bad", parked_reason="asked for by finance")

    assert issue(two).invoices == 1


def test_a_bad_subscription_does_not_stop_another_of_the_same_account(two: Database) -> None:
    insert_subscription(two, "sound", "bad")
    wrong_currency(two)

    done = issue(two)

    assert (done.invoices, list(done.parked)) == (2, ["bad"])
