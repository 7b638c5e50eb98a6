"""Subscriptions on their way: trials, pauses, ends and changes, as the billing run meets them."""

from datetime import UTC, date, datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    billed_periods,
    subscription_changes,
    subscriptions,
)
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from tests.fakes import FakeClock
from tests.seeds import (
    START,
    add,
    change,
    fetch,
    insert_account,
    insert_payment_method,
    insert_price,
    insert_subscription,
)

FEB = datetime(2026, 2, 1, tzinfo=UTC)


def issue(db: Database, now: datetime) -> Issued:
    return issue_invoices(BillingStore(db), FakeClock(now), through=now.date())


@pytest.fixture
def acme(db: Database) -> Database:
    """A database with one account, one price and one subscription that is due on 1 January."""
    insert_account(db)
    insert_price(db)
    insert_subscription(db)
    return db


def test_a_paused_subscription_passes_its_periods_unbilled(acme: Database) -> None:
    change(acme, subscriptions, "s1", state="paused", paused_at=START)

    done = issue(acme, FEB)

    assert (done.invoices, done.idle_periods) == (0, 2)
    assert [(row["charger"], row["invoice_id"]) for row in fetch(acme, billed_periods)] == [("none", None)] * 2


def test_a_subscription_that_stripe_bills_is_left_alone(acme: Database) -> None:
    change(acme, subscriptions, "s1", charger="stripe")

    assert issue(acme, FEB) == Issued()


def test_a_trial_becomes_a_paid_subscription_anchored_on_its_end(acme: Database) -> None:
    ends = datetime(2026, 1, 15, tzinfo=UTC)
    change(acme, subscriptions, "s1", state="trialing", trial_end=ends, next_period_start=ends)

    issue(acme, datetime(2026, 1, 20, tzinfo=UTC))

    row = fetch(acme, subscriptions)[0]
    assert (row["state"], row["anchor_on"], row["next_period_start"].day) == ("active", date(2026, 1, 15), 15)


@pytest.mark.parametrize(
    ("choice", "invoices", "ended", "state"),
    [("create_invoice", 2, 0, "active"), ("pause", 0, 0, "paused"), ("cancel", 0, 1, "canceled")],
)
def test_a_trial_that_ends_without_a_card_goes_on_as_was_chosen(
    acme: Database, choice: str, invoices: int, ended: int, state: str
) -> None:
    change(acme, subscriptions, "s1", state="trialing", trial_end=START, trial_without_card=choice)

    done = issue(acme, FEB)

    assert (done.invoices, done.ended, fetch(acme, subscriptions)[0]["state"]) == (invoices, ended, state)


@pytest.mark.parametrize("choice", ["pause", "cancel"])
def test_a_trial_that_ends_with_a_card_is_billed_whatever_was_chosen(acme: Database, choice: str) -> None:
    insert_payment_method(acme)
    change(acme, subscriptions, "s1", state="trialing", trial_end=START, trial_without_card=choice)

    assert issue(acme, START).invoices == 1


def test_a_subscription_that_ends_with_its_period_is_over(acme: Database) -> None:
    change(acme, subscriptions, "s1", cancel_at=FEB)

    done = issue(acme, FEB + timedelta(days=40))

    row = fetch(acme, subscriptions)[0]
    assert (done.invoices, done.ended, row["state"], row["ended_at"]) == (1, 1, "canceled", FEB)


def test_billing_waits_before_a_change_that_is_not_yet_applied(acme: Database) -> None:
    middle = datetime(2026, 1, 10, tzinfo=UTC)
    add(
        acme, subscription_changes, subscription_id="s1", source="c1", kind="pause", effective_at=middle,
        requested_at=middle, requested_by="test",
    )  # fmt: skip

    assert issue(acme, FEB).invoices == 1
