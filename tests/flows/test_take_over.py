"""Taking over: rehearsed, planned, switched at a boundary, given back; never two chargers."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.adapters.tables.catalog import payment_methods
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.flows.rehearse import rehearse
from billing_pipeline.flows.take_over import GivingBack, plan_give_back, plan_takeover
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_team_desk
from tests.seeds import add, change, fetch

FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats, billed for January by the engine; the mirror is held."""
    return open_team_desk(db, simulator)


def switched(desk: MirrorDesk) -> MirrorDesk:
    """The desk after Stripe took over from February on."""
    plan_takeover(desk.takeover, "ann")
    desk.until(FEBRUARY - timedelta(hours=2))
    desk.switch()
    return desk


def test_a_rehearsal_finds_that_both_would_bill_the_same(desk: MirrorDesk) -> None:
    (found,) = rehearse(desk.takeover)

    assert (found.blockers, found.differences, found.ready) == ((), (), True)


def test_stripe_bills_from_the_boundary_on_and_our_books_follow(desk: MirrorDesk) -> None:
    switched(desk)
    assert (desk.ours()["charger"], desk.ours()["mirror_state"], desk.theirs()["pause_collection"]) == (
        "stripe",
        "taken_over",
        None,
    )

    desk.until(FEBRUARY + timedelta(minutes=20))
    desk.tick()
    desk.until(FEBRUARY + timedelta(hours=3))
    desk.tick()

    (january, february) = fetch(desk.db, billing.invoices)
    assert (january["charger"], february["charger"], february["state"], february["total_minor"]) == (
        "engine",
        "stripe",
        "paid",
        3600,
    )
    assert [row["charger"] for row in fetch(desk.db, billing.billed_periods)] == ["engine", "stripe"]
    assert desk.charged() == 1
    assert desk.ours()["next_period_start"] == MARCH
    (payment,) = fetch(desk.db, stripe.payments)
    assert (payment["method"], payment["applied_minor"]) == ("stripe_invoice", 3600)


def test_giving_back_lets_the_engine_bill_again(desk: MirrorDesk) -> None:
    switched(desk)
    desk.until(FEBRUARY + timedelta(hours=3))
    desk.tick()
    plan_give_back(desk.takeover, "ann")

    desk.until(MARCH - timedelta(hours=2))
    desk.tick()
    desk.until(MARCH + timedelta(hours=3))
    desk.tick()

    assert (desk.ours()["charger"], desk.ours()["mirror_state"]) == ("engine", "held")
    assert [row["charger"] for row in fetch(desk.db, billing.billed_periods)] == ["engine", "stripe", "engine"]
    assert desk.charged() == 1


def test_the_engine_bills_again_only_once_no_release_can_arrive_any_more(desk: MirrorDesk) -> None:
    plan_takeover(desk.takeover, "ann")
    desk.until(FEBRUARY - timedelta(minutes=12))
    desk.fault("drop_before", path="/v1/subscriptions/*", method="post", times=0)
    desk.switch()
    desk.until(FEBRUARY - timedelta(minutes=9))
    unsure = desk.switch()

    desk.sim.faults.clear()
    desk.until(FEBRUARY + timedelta(minutes=20))
    desk.switch()

    assert (unsure.postponed, unsure.rolled_back) == (1, 0)
    assert [one["outcome"] for one in desk.attempts(operation="unhold")] == ["succeeded"]
    assert (desk.ours()["charger"], desk.theirs()["pause_collection"]) == ("stripe", None)


def test_hands_change_only_at_the_next_boundary_and_only_while_it_is_not_billed(desk: MirrorDesk) -> None:
    name, january = SubscriptionId("s1"), FEBRUARY - timedelta(days=31)

    moved = desk.takeovers.hand_over(name, MARCH, "stripe")
    desk.alter(next_period_start=january)
    billed = desk.takeovers.hand_over(name, january, "stripe")
    desk.alter(next_period_start=FEBRUARY)
    right = desk.takeovers.hand_over(name, FEBRUARY, "stripe")

    assert (moved, billed, right) == (False, False, True)


def test_two_chargers_for_one_period_cannot_be_written(desk: MirrorDesk) -> None:
    (tile,) = fetch(desk.db, billing.billed_periods)

    with pytest.raises(IntegrityError):
        add(desk.db, billing.billed_periods, **{**tile, "charger": "stripe", "invoice_id": None})


def test_a_plan_for_a_subscription_that_ended_is_rolled_back(desk: MirrorDesk) -> None:
    plan_takeover(desk.takeover, "ann")
    desk.ask("cancel")
    desk.sync()

    done = desk.switch()

    assert (done.rolled_back, "over" in done.why["s1"]) == (1, True)
    assert desk.takeovers.planned() == []


def test_a_subscription_without_a_card_is_not_planned(desk: MirrorDesk) -> None:
    for row in fetch(desk.db, payment_methods):
        change(desk.db, payment_methods, row["payment_method_id"], detached_at=desk.clock.now())

    (found,) = plan_takeover(desk.takeover, "ann")

    assert (found.ready, "no payment method" in found.blockers[0]) == (False, True)
    assert [row["state"] for row in fetch(desk.db, stripe.stripe_takeovers)] == ["refused"]


def test_a_take_over_that_is_only_planned_can_be_withdrawn(desk: MirrorDesk) -> None:
    plan_takeover(desk.takeover, "ann")

    done = plan_give_back(desk.takeover, "bob", names=[SubscriptionId("s1")])
    desk.until(FEBRUARY + timedelta(hours=3))
    desk.tick()

    (row,) = fetch(desk.db, stripe.stripe_takeovers)
    assert done == GivingBack(withdrawn=1)
    assert (row["state"], row["reason"], desk.ours()["charger"]) == ("rolled_back", "withdrawn by bob", "engine")


def test_giving_back_twice_is_planned_once(desk: MirrorDesk) -> None:
    switched(desk)

    first, again = plan_give_back(desk.takeover, "ann"), plan_give_back(desk.takeover, "ann")

    assert (first, again) == (GivingBack(planned=1), GivingBack(already=1))


def test_a_mistyped_name_is_no_good_news(desk: MirrorDesk) -> None:
    wrong = [SubscriptionId("s1"), SubscriptionId("s2")]

    for ask in (
        lambda: rehearse(desk.takeover, names=wrong),
        lambda: plan_takeover(desk.takeover, "ann", names=wrong),
        lambda: plan_give_back(desk.takeover, "ann", names=wrong),
    ):
        with pytest.raises(Broken, match="s2: no living subscription"):
            ask()

    assert desk.takeovers.planned() == []
