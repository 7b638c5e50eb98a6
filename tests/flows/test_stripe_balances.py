"""A customer's balance in Stripe, small change and what Stripe cannot express any more: the books follow, and somebody knows."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.flows.take_over import plan_takeover
from stripe_simulator import Simulator
from tests.ledger_seeds import balances, findings
from tests.mirroring import MirrorDesk, open_team_desk
from tests.seeds import add, fetch, insert_price

FEBRUARY, MARCH, APRIL = (datetime(2026, month, 1, tzinfo=UTC) for month in (2, 3, 4))


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> MirrorDesk:
    """Acme pays 36.00 a month; Stripe bills from February on."""
    made = open_team_desk(db, simulator)
    plan_takeover(made.takeover, "ann")
    made.until(FEBRUARY - timedelta(hours=2))
    made.switch()
    return made


def through(desk: MirrorDesk, boundary: datetime) -> dict[str, Any]:
    """The invoice of the period from that boundary on, after Stripe has made and collected it."""
    for later in (timedelta(minutes=20), timedelta(hours=3), timedelta(hours=4)):
        desk.until(boundary + later)
        desk.tick()
    return next(one for one in fetch(desk.db, billing.invoices) if one["period_start"] == boundary)


def give_there(desk: MirrorDesk, minor: int) -> None:
    """Somebody changes the customer's balance in the dashboard; below nothing is credit."""
    (customer,) = desk.sim.objects("customer")
    desk.client.customers.balance_transactions.create(customer["id"], {"amount": minor, "currency": "usd"})


def test_a_credit_given_in_stripe_is_booked_as_goodwill_and_told(desk: MirrorDesk) -> None:
    give_there(desk, -500)

    invoice = through(desk, FEBRUARY)

    (told,) = desk.divergences()
    assert (invoice["total_minor"], invoice["credits_minor"], invoice["due_minor"], invoice["state"]) == (
        3600, 500, 3100, "paid",
    )  # fmt: skip
    assert desk.sim.objects("charge")[0]["amount"] == 3100
    assert (told["kind"], told["amount_minor"], "goodwill" in told["ours"]["says"]) == ("mirror_drift", 500, True)
    assert balances(desk.db, invoice_id=invoice["invoice_id"])["credits_granted"] == 500
    assert findings(desk.db) == []


def test_ours_and_theirs_pay_one_invoice_together(desk: MirrorDesk) -> None:
    give_there(desk, -500)
    grant = {"kind": "goodwill", "amount_minor": 1000, "remaining_minor": 1000, "granted_at": desk.clock.now()}
    add(desk.db, billing.credit_grants, credit_grant_id="g", account_id="acme", currency="usd", source="h", **grant)

    invoice = through(desk, FEBRUARY)

    assert (invoice["credits_minor"], invoice["due_minor"], invoice["state"]) == (1500, 2100, "paid")
    assert desk.sim.objects("charge")[0]["amount"] == 2100
    assert findings(desk.db) == []


def test_what_the_customer_owes_in_stripe_is_on_the_invoice(desk: MirrorDesk) -> None:
    give_there(desk, 250)

    invoice = through(desk, FEBRUARY)

    assert (invoice["total_minor"], invoice["due_minor"], invoice["state"]) == (3850, 3850, "paid")
    assert desk.sim.objects("charge")[0]["amount"] == 3850
    assert findings(desk.db) == []


def test_small_change_that_stripe_keeps_is_on_its_next_invoice(desk: MirrorDesk) -> None:
    give_there(desk, -3580)

    small = through(desk, FEBRUARY)
    whole = through(desk, MARCH)

    assert (small["due_minor"], small["state"]) == (0, "paid")
    assert (whole["total_minor"], whole["due_minor"], whole["state"]) == (3620, 3620, "paid")
    assert [one["amount"] for one in desk.sim.objects("charge")] == [3620]
    assert findings(desk.db) == []


def test_what_stripe_cannot_express_any_more_comes_back_to_the_engine(desk: MirrorDesk) -> None:
    through(desk, FEBRUARY)
    insert_price(desk.db, "calls", "calls", usage="metered", meter="calls", scheme="per_unit", unit_minor=2)
    desk.ask("swap", {"price_id": "calls"})

    desk.tick()
    (plan,) = fetch(desk.db, stripe.stripe_takeovers, direction="to_engine")
    desk.until(MARCH - timedelta(hours=2))
    desk.tick()
    desk.until(MARCH + timedelta(hours=3))
    desk.tick()

    assert (plan["state"], "usage of meter calls" in plan["reason"]) == ("planned", True)
    assert (desk.ours()["charger"], desk.ours()["mirror_state"]) == ("engine", "inexpressible")
    assert [row["charger"] for row in fetch(desk.db, billing.billed_periods)] == ["engine", "stripe", "engine"]
    assert desk.charged() == 1
