"""Tomorrow's list before it happens, and the queue behind a closed gate."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, control, stripe
from billing_pipeline.domain.dunning_cases import Held
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.plan_dunning import closed_gate_alert
from tests import seeds
from tests.dunning_world import DUE, NOON, World


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def held(world: World) -> dict[str, str]:
    return {row.invoice: str(row.held) for row in world.plan()}


def test_the_plan_for_tomorrow_is_what_tomorrow_does(world: World):
    world.late()
    world.late("inv-2", "bolt", codes={"decline": "lost_card"})

    for late_days in range(1, 40):
        world.day(late_days - 1, hour=19)
        planned = {(row.invoice, row.step) for row in world.plan(DUE + timedelta(days=late_days)) if not row.held}
        already = {(name, step) for name in ("inv-1", "inv-2") for step in world.steps(name)}
        world.day(late_days).run()
        done = {(name, step) for name in ("inv-1", "inv-2") for step in world.steps(name)} - already
        assert planned == done
        for name in {name for name, step in done if "retry" in step}:
            world.decline_again(name)


def test_every_overdue_invoice_is_on_the_list_with_its_reason(world: World):
    world.late("plain")
    world.late("backlog", "a1", collection_method="backlog")
    world.late("disputed", "a2", disputed=True)
    world.late("running", "a3")
    world.late("processing", "a4")
    world.late("promised", "a5")
    world.late("paused", "a6")
    world.late("untried", "a7", charged=False)
    world.late("divergent", "a8")
    world.late("lost", "a9", codes={"decline": "lost_card"})
    world.gate.divergent = {InvoiceId("divergent"): "amount"}
    seeds.add(
        world.db, stripe.stripe_attempts, operation="confirm", subject="running#1", attempt=2, idempotency_key="k",
        api_version="v", method_path="post /", request_json="{}", started_at=NOON, lease_until=NOON,
    )  # fmt: skip
    with world.db.transaction() as connection:
        where = stripe.collections.c.invoice_id == "processing"
        connection.execute(stripe.collections.update().where(where).values(status="processing"))
    hold = {"who": "ann", "why": "wire is coming", "made_at": NOON}
    seeds.add(world.db, control.dunning_holds, invoice_id="promised", kind="promise", until=date(2026, 4, 1), **hold)
    seeds.add(world.db, control.dunning_holds, account_id="a6", kind="pause", **hold)

    found = held(world.day(1))

    assert found == {
        "plain": Held.NOT_DUE_YET,
        "backlog": Held.BACKLOG_NOT_APPROVED,
        "disputed": Held.DISPUTED,
        "running": Held.OPEN_ATTEMPT,
        "processing": Held.PAYMENT_UNDER_WAY,
        "promised": Held.PROMISED,
        "paused": Held.HELD_BY_HAND,
        "untried": Held.NO_DEFINITE_FAILURE,
        "divergent": Held.OPEN_DIVERGENCE,
        "lost": Held.NOT_DUE_YET,
    }


def test_invoices_that_are_not_overdue_are_not_on_the_list(world: World):
    world.late("pending", state="pending")
    world.late("paid", "bolt")
    world.pay("paid")

    assert world.day(9).plan() == []


def test_what_is_owed_is_what_is_left_after_payments_and_credit_notes(world: World):
    world.late(paid_minor=1000, credited_minor=500)

    assert {row.amount.minor for row in world.day(1).plan()} == {3400}


def test_an_approved_backlog_counts_from_its_approval(world: World):
    approved = {"collection_method": "backlog", "backlog_approved_at": NOON + timedelta(days=30)}
    world.late(due_on=date(2025, 1, 1), **approved)

    rows = world.day(30).plan()

    assert [str(row.due_on) for row in rows] == ["2026-04-02", "2026-04-03"]


def test_the_tries_of_a_card_count_over_all_invoices_and_sources(world: World):
    world.late()
    for number in range(15):
        seeds.add(
            world.db, stripe.stripe_attempts, operation="charge", subject=f"other-{number}#1", attempt=1, outcome="declined",
            idempotency_key=f"k{number}", api_version="v", method_path="post /", request_json="{}", started_at=NOON,
            lease_until=NOON, fingerprint="fp_pm_acme", outcome_at=NOON,
        )  # fmt: skip

    rows = world.day(1).plan()

    assert rows[0].held is Held.BUDGET_SPENT


def test_invoices_that_share_a_card_share_its_tries(world: World):
    for number in range(4):
        world.late(f"inv-{number}")
    world.policy = replace(world.policy, caps=replace(world.policy.caps, attempts_per_card_30_days_max=3))
    seeds.add(
        world.db, stripe.stripe_attempts, operation="charge", subject="inv-0#1", attempt=1, outcome="declined",
        idempotency_key="k", api_version="v", method_path="post /", request_json="{}", started_at=NOON, lease_until=NOON,
        fingerprint="fp_pm_acme", outcome_at=NOON,
    )  # fmt: skip

    first = world.day(1).run()
    second = world.run()

    assert (first.taken, first.held["budget_spent"], second.taken) == ({"retry": 2}, 2, {})


def test_the_plan_of_the_largest_line_chooses_the_segment(world: World):
    world.late()
    seeds.insert_price(world.db, "gold-usd", "gold")
    line = {"kind": "item", "description": "Gold", "price_id": "gold-usd", "amount_minor": 4900}
    seeds.add(world.db, billing.invoice_lines, invoice_id="inv-1", line_no=1, **line)

    found = world.store.late_invoices(world.clock.now())

    assert [late.plan for late in found] == ["gold"]


def test_a_detached_card_is_no_card(world: World):
    world.late()
    seeds.change(world.db, catalog.payment_methods, "pm_acme", detached_at=NOON, is_default=False)

    rows = world.day(1).plan()

    assert rows[0].held is Held.NEW_CARD_NEEDED


def test_an_alert_counts_who_waits_once_the_gate_was_closed_for_a_day(world: World):
    world.late()
    world.late("inv-2", "bolt")
    world.gate.open, world.gate.reason = False, "stale"
    now, rows = world.day(5).clock.now(), world.plan()

    fresh, stale, never = (
        closed_gate_alert(rows, agreed_at, now)
        for agreed_at in (now - timedelta(hours=23), now - timedelta(hours=25), None)
    )

    assert fresh is None
    assert "2 overdue invoices wait" in str(stale)
    assert "never agreed" in str(never)


def test_an_open_gate_needs_no_alert(world: World):
    world.late()

    assert closed_gate_alert(world.plan(), None, NOON) is None
