"""Policies tried on what happened, from the rows that it left."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from billing_pipeline.adapters.dunning_report import write_report
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.dunning_history import DunningHistory
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain.dunning_baselines import with_retries
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.replay_dunning import CURVE_DAYS, Replayed, replay_dunning
from tests import seeds
from tests.dunning_world import DUE, World

FAILED_AT = datetime(2026, 3, 2, 1, tzinfo=UTC)
SPAN = (date(2026, 3, 1), date(2026, 3, 31))


@pytest.fixture
def world(db: Database) -> World:
    return World(db)


def attempt(
    world: World, invoice: str, number: int, outcome: str, late_days: int, word: str = "generic_decline"
) -> None:
    at = FAILED_AT + timedelta(days=late_days)
    seeds.add(
        world.db, stripe.stripe_attempts, operation="charge" if number == 1 else "confirm", subject=f"{invoice}#1",
        attempt=number, outcome=outcome, idempotency_key=f"{invoice}:{number}", api_version="v", request_json="{}",
        method_path="post /", started_at=at, lease_until=at, outcome_at=at, codes={"decline": word}, fingerprint="fp_pm_acme",
    )  # fmt: skip


def paid(world: World, invoice: str, late_days: int) -> None:
    at = FAILED_AT + timedelta(days=late_days)
    seeds.change(world.db, billing.invoices, invoice, state="paid", paid_at=at, paid_minor=4900)


def story(world: World) -> None:
    """Three failures: one that a retry saved, one that the customer paid, one that nobody ever paid."""
    for invoice in ("saved", "self", "lost"):
        world.late(invoice)
        attempt(world, invoice, 1, "declined", 0)
    attempt(world, "saved", 2, "declined", 2)
    attempt(world, "saved", 3, "succeeded", 5)
    paid(world, "saved", 5)
    paid(world, "self", 4)
    world.late("never-failed")
    attempt(world, "never-failed", 1, "succeeded", 0)


def replay(world: World) -> Replayed:
    none = with_retries(world.policy, ())
    return replay_dunning(DunningHistory(world.db), [world.policy, replace(none, version="no retry")], *SPAN)


def test_what_happened_is_told_with_its_denominator(world: World):
    story(world)

    found = replay(world).happened

    assert (found.invoices, found.owed_minor) == (3, {"usd": 14700})
    assert (found.recovered_minor, found.by_retry_minor) == ({"usd": 9800}, {"usd": 4900})
    assert found.recovery_percent == {"usd": "66.7 %"}


def test_two_policies_stand_side_by_side_with_the_basis_of_the_expectation(world: World):
    story(world)

    found = replay(world)

    ours, none = found.policies
    assert (ours.policy, none.policy) == (world.policy.version, "no retry")
    assert ours.recovered_minor["usd"] > none.recovered_minor["usd"] == 4900
    assert (none.retries, ours.suspended <= none.suspended) == (0, True)
    assert any("only 2 retries in this history" in line for line in found.basis)


def test_each_invoice_is_listed_with_what_would_have_been_done(world: World):
    story(world)

    ours, none = replay(world).treated

    by_invoice = {one.invoice: one for one in none}
    assert [one.invoice for one in ours] == [one.invoice for one in none]
    assert (by_invoice["self"].suspended_at, by_invoice["self"].mailed) == (None, 1)
    assert by_invoice["lost"].suspended_at is not None
    assert by_invoice["lost"].expected_percent == "0.0 %"


def test_the_curve_only_rises(world: World):
    story(world)

    curve = replay(world).recovered_by_day[0]

    assert len(curve) == CURVE_DAYS + 1
    assert list(curve) == sorted(curve)


def test_a_card_that_was_put_in_later_is_known_to_the_time_machine(world: World):
    world.late("lost")
    attempt(world, "lost", 1, "declined", 0, "lost_card")
    seeds.change(world.db, seeds.catalog.payment_methods, "pm_acme", is_default=False)  # type: ignore[attr-defined]
    seeds.insert_payment_method(world.db, "acme", "pm_new", attached_at=FAILED_AT + timedelta(days=6))

    found = replay(world)

    assert found.treated[0][0].retried == 1


def test_days_without_failures_and_days_in_the_wrong_order_are_refused(world: World):
    history = DunningHistory(world.db)

    with pytest.raises(Broken, match="no first charge failed"):
        replay_dunning(history, [world.policy], *SPAN)
    with pytest.raises(Broken, match="give the earlier day first"):
        replay_dunning(history, [world.policy], SPAN[1], SPAN[0])


def test_only_failures_of_the_asked_days_count(world: World):
    story(world)

    with pytest.raises(Broken, match="no first charge failed"):
        replay_dunning(DunningHistory(world.db), [world.policy], DUE + timedelta(days=1), SPAN[1])


def test_the_report_is_one_file_with_charts_and_every_number(world: World, tmp_path: Path):
    story(world)
    replayed, file = replay(world), tmp_path / "replay.html"

    write_report(replayed, file)

    page = file.read_text()
    assert page.count("<svg") == 2
    assert [word for word in ("<script", "<link", "src=") if word in page] == []
    assert "147.00 usd" in page
    assert "Who would have been treated differently" in page
    assert all(line.replace("'", "&#39;") in page for line in replayed.basis)


def test_the_network_budget_is_that_of_the_card_over_all_its_invoices(world: World):
    for number in range(6):
        world.late(f"inv-{number}")
        attempt(world, f"inv-{number}", 1, "declined", 0)
    world.late("paid-at-once")
    attempt(world, "paid-at-once", 1, "succeeded", 1)

    ours, none = replay(world).policies

    assert ours.tries_of_one_card_30_days_max == world.policy.caps.attempts_per_card_30_days_max
    assert ours.held_by_budget > 0
    assert (none.tries_of_one_card_30_days_max, none.held_by_budget) == (7, 0)
