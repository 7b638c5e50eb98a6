"""What is left of a period is paid for once, however often a subscription stands still, ends and begins again in it."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.change_steps import Changed, changed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.subscriptions import Charger, Subscription, SubscriptionState
from tests.domain.billing_examples import BILLED_JANUARY, JAN, JANUARY, subscription

MID: Any = JAN + timedelta(days=10)
LATER: Any = JAN + timedelta(days=20)
UNBILLED_JANUARY = Billed(JANUARY, Charger.NONE)


def outcome(made: Subscription, kind: Any, at: datetime = MID, last: Billed = BILLED_JANUARY, **wish: Any) -> Changed:
    return changed(made, last, [Change(SubscriptionId("s1"), "c", kind, wish, "now", at, "test")], at, {}, None)


def amounts(result: Changed) -> list[int]:
    return [line.total_minor for line in result.lines]


@pytest.mark.parametrize("first", ["reinstate", "resume"])
def test_suspended_again_in_a_period_that_was_paid_for_from_its_middle_one_pays_nothing_twice(first: str) -> None:
    idle = {"suspended_at": JAN} if first == "reinstate" else {"state": SubscriptionState.PAUSED, "paused_at": JAN}

    paid = outcome(subscription(**idle), first, last=UNBILLED_JANUARY)
    again = outcome(paid.subscription, "suspend", MID + timedelta(days=2), UNBILLED_JANUARY)
    back = outcome(again.subscription, "reinstate", LATER, UNBILLED_JANUARY)

    assert (amounts(paid), amounts(again), amounts(back)) == ([677], [], [])
