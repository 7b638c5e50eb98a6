"""A mirror is made held, follows every change, charges nobody, and costs no call while nothing changes."""

from datetime import UTC, datetime
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing
from billing_pipeline.adapters.tables.catalog import coupons
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, mirror_customer, open_mirror_desk
from tests.seeds import add, change, fetch, insert_price, insert_subscription


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats, billed for January; the catalogue is in Stripe."""
    made = open_mirror_desk(db, simulator)
    mirror_customer(made)
    insert_price(db, "basic-usd")
    insert_price(db, "team-usd", "team", scheme="per_unit", unit_minor=1200)
    insert_subscription(db, price_id="team-usd", quantity=3)
    made.bill()
    made.catalog()
    return made


def seconds(at: datetime) -> int:
    return int(at.timestamp())


def test_a_mirror_is_made_held_and_charges_nobody(desk: MirrorDesk) -> None:
    done = desk.sync()

    mirror = desk.theirs()
    assert (done.created, done.held, desk.ours()["mirror_state"]) == (1, 1, "held")
    assert (mirror["pause_collection"]["behavior"], mirror["status"]) == ("void", "active")
    assert (desk.item()["quantity"], desk.item()["metadata"]["item_id"]) == (3, "s1-1")
    assert desk.item()["current_period_end"] == seconds(desk.ours()["next_period_start"])

    desk.pass_time(days=70)

    assert desk.charged() == 0
    assert {one["status"] for one in desk.sim.objects("invoice")} == {"void"}


def test_nothing_is_called_when_nothing_changed(desk: MirrorDesk) -> None:
    desk.sync()
    before = desk.calls()

    done = desk.sync()

    assert (desk.calls(), done.unchanged, done.updated) == (before, 0, 0)


def test_no_mirror_is_made_within_a_day_before_its_boundary(desk: MirrorDesk) -> None:
    desk.until(datetime(2026, 1, 31, 1, tzinfo=UTC))

    done = desk.sync()

    assert (done.later, desk.posts()) == (1, 0)
    assert "less than 24 hours" in desk.ours()["mirror_reason"]

    desk.until(datetime(2026, 2, 1, 6, tzinfo=UTC))
    desk.bill()

    assert desk.sync().held == 1


def test_a_quantity_and_a_price_change_without_proration_in_stripe(desk: MirrorDesk) -> None:
    desk.sync()
    desk.pass_time(days=10)

    desk.ask("quantity", {"quantity": 5})
    desk.sync()
    grown = desk.item()
    desk.ask("swap", {"price_id": "basic-usd"})
    desk.sync()

    swapped = desk.item()
    assert (grown["quantity"], grown["id"]) == (5, swapped["id"])
    assert (swapped["price"]["lookup_key"], swapped["quantity"]) == ("billing:basic-usd", 1)
    assert desk.sim.objects("invoiceitem") == []


def test_an_end_with_the_period_and_taking_it_back_are_mirrored(desk: MirrorDesk) -> None:
    desk.sync()

    desk.ask("cancel", timing="period_end")
    desk.sync()
    ending = desk.theirs()["cancel_at_period_end"]
    desk.ask("keep")
    desk.sync()

    assert (ending, desk.theirs()["cancel_at_period_end"]) == (True, False)


def test_an_end_now_ends_the_mirror_and_its_echo_does_nothing(desk: MirrorDesk) -> None:
    desk.sync()
    desk.pass_time(days=3)

    desk.ask("cancel")
    desk.sync()
    desk.hear()

    assert (desk.theirs()["status"], desk.ours()["mirror_state"]) == ("canceled", "canceled")
    assert [
        row["source"] for row in rows(desk, billing.subscription_changes) if row["source"].startswith("stripe:")
    ] == []
    assert desk.sync() == desk.sync()


def test_a_canceled_subscription_that_starts_again_gets_a_new_mirror(desk: MirrorDesk) -> None:
    desk.sync()
    first = desk.ours()["stripe_subscription_id"]
    desk.pass_time(days=3)
    desk.ask("cancel")
    desk.sync()

    desk.pass_time(days=40)
    desk.ask("start")
    desk.bill()
    desk.sync()
    desk.hear()

    assert desk.ours()["stripe_subscription_id"] != first
    assert (desk.ours()["state"], desk.ours()["mirror_state"]) == ("active", "held")


def test_a_pause_keeps_the_mirror_held_and_in_step(desk: MirrorDesk) -> None:
    desk.sync()
    desk.pass_time(days=3)

    desk.ask("pause")
    desk.sync()
    desk.pass_time(days=40)
    desk.bill()
    desk.ask("resume")
    desk.sync()

    assert desk.item()["current_period_end"] == seconds(desk.ours()["next_period_start"])
    assert (desk.theirs()["status"], desk.charged(), desk.ours()["mirror_state"]) == ("active", 0, "held")


def test_a_trial_is_mirrored_moved_and_ended(db: Database, simulator: Simulator) -> None:
    desk = trial_desk(db, simulator)
    desk.sync()
    begun = desk.theirs()

    desk.ask("trial", {"trial_end": datetime(2026, 1, 20, tzinfo=UTC).isoformat()})
    desk.sync()
    moved = desk.theirs()["trial_end"]
    desk.until(datetime(2026, 1, 20, 6, tzinfo=UTC))
    desk.bill()
    desk.sync()

    assert (begun["status"], begun["trial_end"]) == ("trialing", seconds(datetime(2026, 1, 15, tzinfo=UTC)))
    assert moved == seconds(datetime(2026, 1, 20, tzinfo=UTC))
    assert (desk.theirs()["status"], desk.ours()["state"], desk.charged()) == ("active", "active", 0)
    assert desk.item()["current_period_end"] == seconds(desk.ours()["next_period_start"])


def test_a_trial_that_is_converted_early_gets_a_mirror_in_its_new_rhythm(db: Database, simulator: Simulator) -> None:
    desk = trial_desk(db, simulator)
    desk.sync()
    desk.pass_time(days=4)

    desk.ask("convert")
    desk.bill()
    desk.sync()
    desk.sync()

    assert desk.item()["current_period_end"] == seconds(desk.ours()["next_period_start"])
    assert (desk.theirs()["status"], desk.ours()["mirror_state"], desk.charged()) == ("active", "held", 0)


def test_a_coupon_is_on_the_mirror_for_as_long_as_it_counts(db: Database, simulator: Simulator) -> None:
    desk = open_mirror_desk(db, simulator)
    mirror_customer(desk)
    insert_price(db)
    insert_subscription(db)
    coupon = {
        "name": "A quarter off",
        "kind": "percent",
        "percent_ppm": 250_000,
        "duration": "repeating",
        "duration_months": 2,
    }
    add(db, coupons, coupon_id="q", **coupon)
    started = datetime(2026, 1, 1, tzinfo=UTC)
    add(db, billing.subscription_discounts, subscription_id="s1", coupon_id="q", started_at=started)
    desk.bill()
    desk.catalog()

    desk.sync()
    in_january = desk.theirs()["discounts"]
    desk.until(datetime(2026, 2, 1, 6, tzinfo=UTC))
    desk.bill()
    desk.sync()

    assert (len(in_january), desk.theirs()["discounts"]) == (1, [])


def test_items_come_and_go_by_their_ids(desk: MirrorDesk) -> None:
    desk.sync()
    first = desk.item()["id"]

    desk.ask("add", {"price_id": "basic-usd", "item_id": "s1-2"})
    desk.sync()
    both = [item["metadata"]["item_id"] for item in desk.theirs()["items"]["data"]]
    desk.ask("remove", {"item_id": "s1-2"}, "period_end")
    desk.sync()

    assert both == ["s1-1", "s1-2"]
    assert [item["id"] for item in desk.theirs()["items"]["data"]] == [first]
    assert (desk.charged(), desk.sync().updated) == (0, 0)


@pytest.mark.parametrize(
    ("choice", "status"), [("create_invoice", "active"), ("pause", "paused"), ("cancel", "canceled")]
)
def test_a_trial_without_a_card_ends_in_stripe_as_it_ends_here(
    db: Database, simulator: Simulator, choice: str, status: str
) -> None:
    desk = trial_desk(db, simulator)
    desk.alter(trial_without_card="pause")
    desk.sync()
    desk.ask("trial", {"without_card": choice})
    desk.sync()

    assert desk.theirs()["trial_settings"]["end_behavior"]["missing_payment_method"] == choice


@pytest.mark.parametrize(
    "kind", ["drop_before", "drop_after", "error_before", "error_after", "truncate", "lock_timeout"]
)
def test_no_fault_makes_two_mirrors_or_leaves_one_that_charges(desk: MirrorDesk, kind: str) -> None:
    desk.fault(kind, method="post", path="/v1/subscriptions*", times=2)

    for _ in range(4):
        desk.sync()
        desk.pass_time(minutes=15)

    alive = [one for one in desk.sim.objects("subscription") if one["status"] == "active"]
    assert [(one["pause_collection"] or {}).get("behavior") for one in alive] == ["void"]
    assert desk.ours()["mirror_state"] == "held"


def trial_desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """A trial until the 15th of January."""
    desk = open_mirror_desk(db, simulator)
    mirror_customer(desk)
    insert_price(db)
    ends = datetime(2026, 1, 15, tzinfo=UTC)
    insert_subscription(db, state="trialing", trial_end=ends, next_period_start=ends, anchor_on=ends.date())
    desk.catalog()
    return desk


def rows(desk: MirrorDesk, table: Any) -> list[dict[str, Any]]:
    return fetch(desk.db, table)


def end_item(desk: MirrorDesk, item_id: str) -> None:
    """The item is no longer part of its subscription."""
    change(desk.db, billing.subscription_items, item_id, valid_to=desk.clock.now())
