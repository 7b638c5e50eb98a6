"""What could charge beside us is found by the next tick, held, voided, and an alarm."""

from datetime import UTC, datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_plain_desk

FEBRUARY = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme's mirror is held; January is billed by the engine."""
    return open_plain_desk(db, simulator)


def release(desk: MirrorDesk) -> None:
    """Somebody resumes collection in the dashboard."""
    desk.client.subscriptions.update(desk.ours()["stripe_subscription_id"], {"pause_collection": ""})


def test_held_mirrors_are_no_finding(desk: MirrorDesk) -> None:
    desk.until(FEBRUARY + timedelta(hours=6))

    done = desk.guard()

    assert (done.mirrors, done.findings, desk.divergences()) == (1, 0, [])


def test_a_released_mirror_is_held_again_and_is_an_error(desk: MirrorDesk) -> None:
    release(desk)

    done, again = desk.guard(), desk.guard()

    (found,) = desk.divergences()
    assert (done.held_again, done.still_unheld, done.new, again.findings) == (1, 0, 1, 0)
    assert (found["kind"], found["severity"], found["account_id"]) == ("unheld_mirror", "error", "acme")
    assert desk.theirs()["pause_collection"]["behavior"] == "void"


def test_a_hold_that_ends_by_itself_is_no_hold(desk: MirrorDesk) -> None:
    ends = int((FEBRUARY - timedelta(hours=1)).timestamp())
    pause = {"behavior": "void", "resumes_at": ends}
    desk.client.subscriptions.update(desk.ours()["stripe_subscription_id"], {"pause_collection": pause})

    done = desk.guard()

    assert done.held_again == 1
    assert desk.theirs()["pause_collection"]["resumes_at"] is None


def test_money_taken_beside_us_is_two_chargers(desk: MirrorDesk) -> None:
    release(desk)
    desk.until(FEBRUARY + timedelta(hours=6))
    desk.bill()

    done = desk.guard()

    (paid,) = [one for one in desk.divergences() if one["amount_minor"]]
    assert (done.held_again, done.findings, desk.charged()) == (1, 2, 1)
    assert ("billed by the engine" in paid["ours"]["says"], paid["amount_minor"]) == (True, 4900)


def test_an_open_invoice_of_a_held_mirror_is_voided(desk: MirrorDesk) -> None:
    release(desk)
    for method in desk.sim.objects("payment_method"):
        desk.client.payment_methods.detach(method["id"])
    desk.until(FEBRUARY + timedelta(hours=6))

    done = desk.guard()

    assert done.voided == 1
    assert {one["status"] for one in desk.sim.objects("invoice")} == {"void"}


def test_a_mirror_made_in_a_crash_and_unknown_to_us_is_held(desk: MirrorDesk) -> None:
    made = desk.theirs()
    desk.client.subscriptions.create(
        {
            "customer": made["customer"],
            "items": [{"price": desk.item()["price"]["id"]}],
            "billing_cycle_anchor": int(FEBRUARY.timestamp()),
            "proration_behavior": "none",
            "metadata": made["metadata"],
        }
    )

    done = desk.guard()

    assert (done.mirrors, done.held_again) == (2, 1)
    assert all(one["pause_collection"]["behavior"] == "void" for one in desk.sim.objects("subscription"))


def test_what_cannot_be_held_now_is_held_by_the_next_tick(desk: MirrorDesk) -> None:
    release(desk)
    desk.fault("drop_before", method="post", times=1)

    first = desk.guard()
    desk.pass_time(minutes=20)
    desk.sync()
    second = desk.guard()

    assert (first.still_unheld, first.findings) == (1, 1)
    assert (second.still_unheld, desk.theirs()["pause_collection"]["behavior"]) == (0, "void")
