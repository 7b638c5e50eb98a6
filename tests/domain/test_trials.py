"""Trials that are moved, converted, or begin after all."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.domain.boundaries import Billed, steps_due
from billing_pipeline.domain.change_steps import Changed, changed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.subscriptions import Charger, Subscription, SubscriptionState
from tests.domain.billing_examples import APR, FEB, JAN, MAR, subscription

MID: Any = JAN + timedelta(days=10)


def change(kind: Any, timing: Any = "now", **wish: Any) -> Change:
    return Change(SubscriptionId("s1"), "c", kind, wish, timing, MID, "test")


def outcome(made: Subscription, wanted: Change) -> Changed:
    return changed(made, None, [wanted], MID, {}, Taxes(None))


def test_a_trial_can_be_moved_and_ended_early() -> None:
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB)

    moved = outcome(trial, change("trial", trial_end="2026-03-01T00:00:00+00:00"))
    now = outcome(trial, change("convert"))

    assert moved.subscription.next_period_start == moved.subscription.trial_end
    assert now.subscription.next_period_start == MID


@pytest.mark.parametrize("ends", [MID + timedelta(days=5), MAR])
def test_an_end_with_the_trial_moves_with_it(ends: datetime) -> None:
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB)
    ending = outcome(trial, change("cancel", timing="period_end")).subscription

    moved = outcome(ending, change("trial", trial_end=ends.isoformat())).subscription
    (step,) = steps_due(moved, None, True, APR)

    assert (step.billable, step.subscription.ended_at) == (False, ends)


def test_a_trial_that_is_converted_though_it_was_to_end_with_it_ends_with_its_first_period() -> None:
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB)
    ending = outcome(trial, change("cancel", timing="period_end")).subscription

    converted = outcome(ending, change("convert")).subscription
    first, end = steps_due(converted, None, True, APR)

    assert first.tile == Billed(Period(MID, datetime(2026, 2, 11, tzinfo=MID.tzinfo)), Charger.ENGINE)
    assert (end.tile, end.at) == (None, first.next_at)


def test_a_trial_that_ended_without_a_card_begins_when_it_is_resumed() -> None:
    waiting = subscription(state=SubscriptionState.PAUSED, paused_at=JAN, next_period_start=None)

    result = outcome(waiting, change("resume"))

    assert (result.subscription.next_period_start, result.subscription.cycle.anchor_on) == (MID, MID.date())
