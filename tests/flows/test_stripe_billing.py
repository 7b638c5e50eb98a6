"""After a take-over: credits on Stripe's draft, changes prorated there, failures and gaps; and every way a switch can fail."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.flows.rehearse import rehearse
from billing_pipeline.flows.take_over import plan_takeover
from stripe_simulator import Simulator
from tests.mirroring import MirrorDesk, open_team_desk
from tests.seeds import add, fetch

FEBRUARY, MARCH = datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays for three seats, billed for January by the engine; a take-over is planned for February."""
    made = open_team_desk(db, simulator)
    plan_takeover(made.takeover, "ann")
    return made


def at(desk: MirrorDesk, moment: datetime) -> MirrorDesk:
    desk.until(moment)
    desk.tick()
    return desk


def taken_over(desk: MirrorDesk) -> MirrorDesk:
    """Stripe has billed February, and our books know."""
    at(desk, FEBRUARY - timedelta(hours=2))
    at(desk, FEBRUARY + timedelta(minutes=20))
    return at(desk, FEBRUARY + timedelta(hours=3))


def invoices(desk: MirrorDesk) -> list[dict[str, Any]]:
    """Stripe's invoices in our books."""
    return fetch(desk.db, billing.invoices, charger="stripe")


def chargers(desk: MirrorDesk) -> list[str]:
    return [row["charger"] for row in fetch(desk.db, billing.billed_periods)]


def states(desk: MirrorDesk) -> list[str]:
    return [row["state"] for row in fetch(desk.db, stripe.stripe_takeovers)]


def test_our_credits_are_on_stripes_invoice(desk: MirrorDesk) -> None:
    grant = {"kind": "goodwill", "amount_minor": 1000, "remaining_minor": 1000, "granted_at": desk.clock.now()}
    add(
        desk.db, billing.credit_grants, credit_grant_id="g", account_id="acme", currency="usd", source="hand:g", **grant
    )

    taken_over(desk)

    (invoice,) = invoices(desk)
    (charge,) = desk.sim.objects("charge")
    assert (invoice["total_minor"], invoice["credits_minor"], invoice["due_minor"], invoice["state"]) == (
        3600,
        1000,
        2600,
        "paid",
    )
    assert charge["amount"] == 2600
    assert fetch(desk.db, billing.credit_grants)[0]["remaining_minor"] == 0


def test_credits_that_come_too_late_stay_unused(desk: MirrorDesk) -> None:
    at(desk, FEBRUARY - timedelta(hours=2))
    grant = {"kind": "goodwill", "amount_minor": 1000, "remaining_minor": 1000, "granted_at": desk.clock.now()}
    add(
        desk.db, billing.credit_grants, credit_grant_id="g", account_id="acme", currency="usd", source="hand:g", **grant
    )

    at(desk, FEBRUARY + timedelta(hours=3))
    at(desk, FEBRUARY + timedelta(hours=4))

    (invoice,) = invoices(desk)
    (told,) = desk.divergences()
    assert (invoice["credits_minor"], invoice["state"]) == (0, "paid")
    assert fetch(desk.db, billing.credit_grants)[0]["remaining_minor"] == 1000
    assert (told["kind"], told["severity"], told["amount_minor"]) == ("mirror_drift", "warning", 1000)
    assert "1000 of credits stay unused" in told["ours"]["says"]


def test_an_upgrade_is_prorated_by_stripe_alone(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.until(datetime(2026, 2, 15, tzinfo=UTC))
    desk.ask("quantity", {"quantity": 5})
    desk.sync()

    at(desk, MARCH + timedelta(minutes=20))
    at(desk, MARCH + timedelta(hours=3))

    march = invoices(desk)[-1]
    lines = {
        row["kind"]: row["amount_minor"]
        for row in fetch(desk.db, billing.invoice_lines, invoice_id=march["invoice_id"])
    }
    assert lines == {"item": 6000, "unused_time": -1800, "remaining_time": 3000}
    assert (march["state"], march["total_minor"], march["paid_minor"]) == ("paid", 7200, 7200)
    assert fetch(desk.db, billing.invoices, kind="change") == []


def test_a_change_with_the_next_period_is_in_stripe_before_it(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.ask("quantity", {"quantity": 1}, timing="period_end")
    desk.sync()

    at(desk, MARCH + timedelta(minutes=20))
    at(desk, MARCH + timedelta(hours=3))

    assert [row["total_minor"] for row in invoices(desk)] == [3600, 1200]
    assert desk.sim.objects("invoiceitem") == []


def test_a_credit_that_stripe_would_keep_becomes_ours(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.until(datetime(2026, 2, 3, tzinfo=UTC))
    desk.ask("quantity", {"quantity": 1})
    desk.sync()

    at(desk, MARCH + timedelta(minutes=20))
    at(desk, MARCH + timedelta(hours=3))
    below_nothing = invoices(desk)[-1]
    at(desk, datetime(2026, 4, 1, 0, 20, tzinfo=UTC))
    at(desk, datetime(2026, 4, 1, 3, tzinfo=UTC))

    (customer,) = desk.sim.objects("customer")
    assert (below_nothing["state"], below_nothing["total_minor"], customer["balance"]) == ("paid", 0, 0)
    april = invoices(desk)[-1]
    assert (april["total_minor"], april["credits_minor"], april["state"]) == (1200, 1029, "paid")


def test_a_declined_card_leaves_the_invoice_open_and_stripe_retries(desk: MirrorDesk) -> None:
    at(desk, FEBRUARY - timedelta(hours=2))
    (card,) = desk.sim.objects("payment_method")
    desk.client.payment_methods.update(card["id"], {"metadata": {"sim_decline_code": "insufficient_funds"}})

    at(desk, FEBRUARY + timedelta(minutes=20))
    at(desk, FEBRUARY + timedelta(hours=3))

    (invoice,) = invoices(desk)
    assert (invoice["state"], invoice["charger"], desk.theirs()["status"]) == ("pending", "stripe", "past_due")
    assert fetch(desk.db, stripe.collections) == []


def test_a_pause_after_the_take_over_is_a_hold_and_its_end_a_release(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.until(datetime(2026, 2, 10, tzinfo=UTC))
    desk.ask("pause")
    desk.sync()
    held = desk.theirs()["pause_collection"]
    at(desk, MARCH + timedelta(hours=3))
    desk.until(datetime(2026, 3, 10, tzinfo=UTC))
    desk.ask("resume")
    desk.sync()
    at(desk, datetime(2026, 4, 1, 0, 20, tzinfo=UTC))
    at(desk, datetime(2026, 4, 1, 3, tzinfo=UTC))

    assert (held["behavior"], desk.theirs()["pause_collection"]) == ("void", None)
    assert chargers(desk) == ["engine", "stripe", "none", "stripe"]
    assert desk.charged() == 2


def test_the_guard_holds_what_was_paused_here_and_calls_it_no_alarm(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.ask("pause")

    done = desk.guard()

    assert (done.held_again, done.findings, desk.divergences()) == (1, 0, [])
    assert desk.theirs()["pause_collection"]["behavior"] == "void"


def test_an_end_after_the_take_over_ends_both(desk: MirrorDesk) -> None:
    taken_over(desk)
    desk.ask("cancel", timing="period_end")
    desk.sync()

    at(desk, MARCH + timedelta(hours=3))
    at(desk, MARCH + timedelta(hours=4))

    assert (desk.ours()["state"], desk.theirs()["status"], chargers(desk)) == (
        "canceled",
        "canceled",
        ["engine", "stripe"],
    )


def test_a_gap_is_an_alarm_and_after_a_day_the_engine_bills(desk: MirrorDesk) -> None:
    at(desk, FEBRUARY - timedelta(hours=2))
    desk.client.subscriptions.update(desk.ours()["stripe_subscription_id"], {"pause_collection": {"behavior": "void"}})

    desk.until(FEBRUARY + timedelta(minutes=20))
    desk.follow()
    early = chargers(desk)
    desk.until(FEBRUARY + timedelta(hours=2))
    done = desk.follow()
    alarms = [one["kind"] for one in desk.divergences()]
    desk.until(FEBRUARY + timedelta(hours=21))
    desk.follow()
    desk.bill()

    assert (early, done.late, alarms) == (["engine"], 1, ["missing_in_stripe"])
    assert (chargers(desk), desk.ours()["charger"], desk.charged()) == (["engine", "engine"], "engine", 0)


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_after", "truncate"])
def test_a_lost_reply_to_the_release_never_makes_two_chargers(desk: MirrorDesk, kind: str) -> None:
    desk.until(FEBRUARY - timedelta(hours=3))
    desk.fault(kind, method="post", path="/v1/subscriptions/*", times=1)

    for minutes in (0, 30, 60, 175, 200, 400, 1500):
        at(desk, FEBRUARY - timedelta(hours=3) + timedelta(minutes=minutes))

    charged_here = len(fetch(desk.db, billing.invoices, charger="engine")) - 1
    assert charged_here + desk.charged() == 1
    assert len(chargers(desk)) == 2


def test_a_refused_release_rolls_back_and_the_engine_bills(desk: MirrorDesk) -> None:
    with desk.db.transaction() as connection:
        connection.exec_driver_sql("update payment_methods set payment_method_id = 'pm_gone'")

    at(desk, FEBRUARY - timedelta(hours=2))
    at(desk, FEBRUARY + timedelta(hours=3))

    assert states(desk) == ["rolled_back"]
    assert (chargers(desk), desk.charged(), desk.theirs()["pause_collection"]["behavior"]) == (
        ["engine", "engine"],
        0,
        "void",
    )


def test_a_boundary_that_passed_rolls_the_plan_to_the_next(desk: MirrorDesk) -> None:
    at(desk, FEBRUARY + timedelta(hours=2))
    at(desk, FEBRUARY + timedelta(hours=3))

    plans = fetch(desk.db, stripe.stripe_takeovers)
    assert [(row["state"], row["boundary"]) for row in plans] == [("rolled_back", FEBRUARY), ("planned", MARCH)]
    assert chargers(desk) == ["engine", "engine"]


def test_what_stripe_would_bill_besides_stops_the_switch(desk: MirrorDesk) -> None:
    customer = desk.theirs()["customer"]
    desk.client.invoice_items.create(
        {"customer": customer, "amount": 500, "currency": "usd", "description": "Training"}
    )

    (found,) = rehearse(desk.takeover)
    at(desk, FEBRUARY - timedelta(hours=2))

    assert not found.ready
    assert "pending invoice items" in found.blockers[0]
    assert [(one.line, one.ours, one.theirs) for one in found.differences] == [("Training", 0, 500)]
    assert desk.ours()["charger"] == "engine"


def test_past_cycles_are_compared_with_what_the_held_mirror_made(desk: MirrorDesk) -> None:
    for month in (2, 3, 4):
        at(desk, datetime(2026, month, 1, 6, tzinfo=UTC))

    (found,) = rehearse(desk.takeover, cycles=2)

    assert [(cycle.past, cycle.differences) for cycle in found.cycles] == [(False, ()), (True, ()), (True, ())]
