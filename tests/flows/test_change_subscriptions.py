"""Changes to subscriptions, on a real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import (
    billed_periods,
    credit_grants,
    invoice_lines,
    invoices,
    subscription_changes,
    subscription_items,
    subscriptions,
    usage_records,
)
from billing_pipeline.adapters.tables.ledger import postings
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.change_subscriptions import change_subscriptions
from billing_pipeline.flows.request_change import Asked, request_change
from tests.fakes import FakeClock
from tests.flows.january import FEB, MAR, MID, bill, billed_for_january
from tests.seeds import START, add, change, fetch, insert_price

S1 = SubscriptionId("s1")


@pytest.fixture
def acme(db: Database) -> Database:
    return billed_for_january(db)


def ask(db: Database, kind: Any, wish: dict[str, Any] | None = None, at: datetime = MID, **options: Any) -> Asked:
    return request_change(BillingStore(db), FakeClock(at), S1, kind, wish or {}, requested_by="test", **options)


def answer(db: Database) -> dict[str, Any]:
    return fetch(db, subscription_changes)[-1]


def test_a_downgrade_becomes_a_credit_that_pays_the_next_invoice(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"})

    done = bill(acme, FEB)

    changed, following = fetch(acme, invoices, kind="change")[0], fetch(acme, invoices)[-1]
    assert (done.changes.applied, done.changes.invoices, done.changes.granted_by_currency) == (1, 1, {"usd": 338})
    assert (changed["invoice_id"], changed["number"], changed["state"], changed["total_minor"]) == (
        "inv-s1-20260111T000000", "ACME-0002", "paid", 0,
    )  # fmt: skip
    lines = fetch(acme, invoice_lines, invoice_id=changed["invoice_id"])
    assert [(line["kind"], line["amount_minor"]) for line in lines] == [
        ("unused_time", -677), ("remaining_time", 339), ("to_credit", 338),
    ]  # fmt: skip
    assert (following["total_minor"], following["credits_minor"], following["due_minor"]) == (500, 338, 162)
    assert [(g["kind"], g["amount_minor"], g["remaining_minor"]) for g in fetch(acme, credit_grants)] == [
        ("proration", 338, 0)
    ]


def test_the_books_balance_through_a_downgrade(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"})
    bill(acme, FEB)

    sums: dict[int, int] = {}
    for posting in fetch(acme, postings):
        sums[posting["ledger_account"]] = sums.get(posting["ledger_account"], 0) + posting["minor"]

    due = sum(row["due_minor"] for row in fetch(acme, invoices))
    assert sums == {1100: due, 2100: -(1000 - 677 + 339 + 500), 2200: 0}


def test_an_upgrade_is_invoiced_at_once(db: Database) -> None:
    billed_for_january(db, "cheap")
    ask(db, "swap", {"price_id": "dear"})

    bill(db, MID)

    assert fetch(db, invoices, kind="change")[0]["due_minor"] == 677 - 339
    assert (answer(db)["applied_at"], answer(db)["invoice_id"]) == (MID, "inv-s1-20260111T000000")


def test_the_credit_of_one_change_pays_for_the_next_of_the_same_run(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"}, source="down")
    ask(acme, "swap", {"price_id": "dear"}, at=MID + timedelta(days=10), source="up")

    bill(acme, MID + timedelta(days=11))

    down, up = fetch(acme, invoices, kind="change")
    assert (up["total_minor"], up["credits_minor"], up["due_minor"]) == (355 - 177, 178, 0)
    assert (down["state"], fetch(acme, credit_grants)[0]["remaining_minor"]) == ("paid", 338 - 178)


def test_an_item_keeps_its_id_and_its_past_gets_another(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"})

    bill(acme, MID)

    assert [(i["item_id"], i["price_id"], i["valid_from"], i["valid_to"]) for i in fetch(acme, subscription_items)] == [
        ("s1-1", "cheap", MID, None), ("s1-1~20260111T000000", "dear", START, MID),
    ]  # fmt: skip


def test_an_upgrade_and_a_downgrade_at_one_instant_leave_an_invoice_of_nothing(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"}, source="there")
    ask(acme, "swap", {"price_id": "dear"}, source="back")

    bill(acme, MID)

    (only,) = fetch(acme, invoices, kind="change")
    assert (only["total_minor"], fetch(acme, credit_grants)) == (0, [])


def test_a_change_at_period_end_costs_nothing_and_counts_from_the_next_invoice(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"}, timing="period_end")

    bill(acme, FEB)

    assert [row["total_minor"] for row in fetch(acme, invoices)] == [1000, 500]


def test_a_change_waits_until_the_periods_before_it_are_billed(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"}, at=FEB + timedelta(days=3))
    later = FakeClock(MAR)

    waiting = change_subscriptions(BillingStore(acme), later, through=MAR.date())
    together = bill(acme, MAR)

    assert (waiting.applied, waiting.waiting) == (0, 1)
    assert (together.changes.applied, together.changes.waiting, together.invoices.invoices) == (1, 0, 2)


def test_years_of_changes_and_periods_are_caught_up_in_order(acme: Database) -> None:
    for month in range(2, 12):
        wish = {"price_id": "cheap" if month % 2 else "dear"}
        ask(acme, "swap", wish, at=datetime(2026, month, 10, tzinfo=UTC), source=f"c{month}")

    done = bill(acme, datetime(2027, 1, 15, tzinfo=UTC))

    assert (done.changes.applied, done.invoices.invoices, done.changes.refused) == (10, 12, {})


def test_asking_twice_under_one_name_changes_nothing(acme: Database) -> None:
    first = ask(acme, "quantity", {"quantity": 5}, source="ticket-1")
    second = ask(acme, "quantity", {"quantity": 9}, source="ticket-1")

    bill(acme, MID)

    assert (first.new, second.new) == (True, False)
    assert [row["wish"] for row in fetch(acme, subscription_changes)] == [{"quantity": 5}]


def test_two_wishes_of_one_moment_are_two_and_the_same_one_twice_is_one(acme: Database) -> None:
    asked = [ask(acme, "swap", {"price_id": name}).new for name in ("nope", "cheap", "cheap")]

    done = bill(acme, MID)

    assert (asked, done.changes.applied, len(done.changes.refused)) == ([True, True, False], 1, 1)


def test_a_second_change_in_the_same_second_gets_an_invoice_of_its_own(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"}, source="one")
    bill(acme, MID)
    ask(acme, "swap", {"price_id": "dear"}, source="two")
    bill(acme, MID)

    assert [row["invoice_id"] for row in fetch(acme, invoices, kind="change")] == [
        "inv-s1-20260111T000000", "inv-s1-20260111T000000-2",
    ]  # fmt: skip


def test_a_dry_run_says_what_would_change_and_changes_nothing(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "cheap"})

    told = change_subscriptions(BillingStore(acme), FakeClock(MID), through=MID.date(), dry_run=True)

    assert (told.applied, told.invoices, told.granted_by_currency) == (1, 1, {"usd": 338})
    assert (fetch(acme, invoices, kind="change"), answer(acme)["applied_at"]) == ([], None)


def test_a_refused_change_says_why_and_the_rest_goes_on(acme: Database) -> None:
    ask(acme, "swap", {"price_id": "nope"}, source="bad")
    ask(acme, "cancel", source="good")

    done = bill(acme, MID)

    assert (done.changes.applied, list(done.changes.refused)) == (1, ["bad"])
    assert "price nope does not exist" in fetch(acme, subscription_changes)[0]["refused_reason"]
    assert fetch(acme, subscriptions)[0]["state"] == "canceled"


def test_a_pause_that_ends_by_itself_is_paid_for_from_then_on(acme: Database) -> None:
    ends = FEB + timedelta(days=14)
    ask(acme, "pause", {"resumes_at": ends.isoformat()})

    bill(acme, MAR)

    row = fetch(acme, subscriptions)[0]
    assert [(t["charger"], t["period_start"]) for t in fetch(acme, billed_periods)] == [
        ("engine", START), ("none", FEB), ("engine", MAR),
    ]  # fmt: skip
    assert (row["state"], row["paused_at"]) == ("active", None)
    assert [i["total_minor"] for i in fetch(acme, invoices)] == [1000, 0, 500, 1000]


def test_an_end_with_the_period_can_be_taken_back(acme: Database) -> None:
    ask(acme, "cancel", timing="period_end", source="end")
    bill(acme, MID)
    ending = fetch(acme, subscriptions)[0]["cancel_at"]
    ask(acme, "keep", source="keep")

    bill(acme, FEB)

    assert (ending, fetch(acme, subscriptions)[0]["state"], len(fetch(acme, invoices))) == (FEB, "active", 2)


def test_an_end_now_bills_the_usage_so_far(acme: Database) -> None:
    insert_price(acme, "calls", scheme="per_unit", usage="metered", meter="calls", unit_minor=60)
    add(acme, subscription_items, item_id="m", subscription_id="s1", price_id="calls", quantity=1, valid_from=START)
    for name, at in (("a", START), ("b", MID)):
        add(
            acme, usage_records, usage_key=name, subscription_id="s1", meter="calls", quantity=2, occurred_at=at,
            recorded_at=at,
        )  # fmt: skip
    ask(acme, "cancel")

    bill(acme, MID)

    assert [(row["kind"], row["total_minor"]) for row in fetch(acme, invoices)] == [
        ("subscription", 1000), ("change", 120),
    ]  # fmt: skip


def test_a_canceled_subscription_starts_again_after_a_gap(acme: Database) -> None:
    ask(acme, "cancel")
    bill(acme, MID)
    again = FEB + timedelta(days=4)
    ask(acme, "start", at=again)

    bill(acme, again)

    row = fetch(acme, subscriptions)[0]
    assert [(t["charger"], t["period_start"]) for t in fetch(acme, billed_periods)] == [
        ("engine", START), ("none", FEB), ("engine", again),
    ]  # fmt: skip
    assert (row["state"], row["anchor_on"]) == ("active", date(2026, 2, 5))


def test_a_wish_that_cannot_be_read_is_refused_when_it_is_asked(acme: Database) -> None:
    with pytest.raises(Broken, match="a change of kind quantity cannot read"):
        ask(acme, "quantity", {"quantity": "many"})


def test_an_unknown_subscription_is_named(acme: Database) -> None:
    with pytest.raises(Broken, match="no subscription ghost"):
        request_change(BillingStore(acme), FakeClock(), SubscriptionId("ghost"), "cancel", {})


def test_a_change_of_a_subscription_that_stripe_bills_is_applied_without_an_invoice(acme: Database) -> None:
    change(acme, subscriptions, "s1", charger="stripe")
    with acme.transaction() as connection:
        connection.exec_driver_sql("update billed_periods set charger = 'stripe'")
    ask(acme, "swap", {"price_id": "cheap"})

    done = bill(acme, MID)

    assert (done.changes.applied, done.changes.invoices) == (1, 0)
