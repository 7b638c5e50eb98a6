"""What is left of a period is paid for once, however often a subscription stands still, ends and begins again in it."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.boundaries import Billed, step_at, usage_due
from billing_pipeline.domain.change_steps import Changed, changed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.coupons import Duration
from billing_pipeline.domain.ids import CouponId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import LineKind
from billing_pipeline.domain.issuing import all_lines, coupons_at
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.proration import Taxes, remaining
from billing_pipeline.domain.subscriptions import Charger, Subscription, SubscriptionState
from tests.domain.billing_examples import (
    BILLED_JANUARY,
    FEB,
    JAN,
    JANUARY,
    discount,
    flat,
    item,
    metered,
    seats,
    subscription,
)

MID: Any = JAN + timedelta(days=10)
LATER: Any = JAN + timedelta(days=20)
UNBILLED_JANUARY = Billed(JANUARY, Charger.NONE)


def outcome(
    made: Subscription, kind: Any, at: datetime = MID, last: Billed | None = BILLED_JANUARY, **wish: Any
) -> Changed:
    return changed(made, last, [Change(SubscriptionId("s1"), "c", kind, wish, "now", at, "test")], at, {}, Taxes(None))


def amounts(result: Changed) -> list[int]:
    return [line.total_minor for line in result.lines]


@pytest.mark.parametrize("first", ["reinstate", "resume"])
def test_suspended_again_in_a_period_that_was_paid_for_from_its_middle_one_pays_nothing_twice(first: str) -> None:
    idle = {"suspended_at": JAN} if first == "reinstate" else {"state": SubscriptionState.PAUSED, "paused_at": JAN}

    paid = outcome(subscription(**idle), first, last=UNBILLED_JANUARY)
    again = outcome(paid.subscription, "suspend", MID + timedelta(days=2), UNBILLED_JANUARY)
    back = outcome(again.subscription, "reinstate", LATER, UNBILLED_JANUARY)

    assert (amounts(paid), amounts(again), amounts(back)) == ([677], [], [])


def standing(how: str) -> tuple[Subscription, Billed]:
    """A subscription that ended in January with nothing paid for the rest of it, and that tile."""
    made = subscription(next_period_start=FEB)
    match how:
        case "given back":
            return outcome(made, "cancel", prorate=True).subscription, BILLED_JANUARY
        case "paused":
            paused = outcome(made, "pause").subscription
            return outcome(paused, "cancel", MID + timedelta(days=1)).subscription, BILLED_JANUARY
        case _:
            suspended = replace(made, suspended_at=JAN)
            return outcome(suspended, "cancel", last=UNBILLED_JANUARY).subscription, UNBILLED_JANUARY


@pytest.mark.parametrize("how", ["given back", "paused", "suspended"])
def test_who_starts_again_within_a_period_whose_rest_is_not_paid_pays_for_it(how: str) -> None:
    over, tile = standing(how)

    again = outcome(over, "start", LATER, tile)

    assert (amounts(again), again.subscription.next_period_start) == ([355], FEB)


def test_who_starts_again_within_the_paid_period_pays_nothing_and_keeps_its_cycle() -> None:
    made = subscription(next_period_start=FEB)

    again = outcome(outcome(made, "cancel").subscription, "start", LATER)
    upgrade = outcome(again.subscription, "quantity", LATER, quantity=2)

    assert (amounts(again), again.subscription.cycle) == ([], made.cycle)
    assert remaining(upgrade.subscription.cycle, JANUARY, LATER) == (11 * 86400, 31 * 86400)


def test_usage_that_was_billed_at_the_end_is_not_part_of_the_period_again_after_a_start() -> None:
    calls, cheaper = metered("calls", minimum_minor=3100), metered("cheaper", meter="calls")
    former = item(cheaper, item_id="i~1", valid_to=JAN + timedelta(days=5))
    made = subscription(item(calls, valid_from=JAN + timedelta(days=5)), former, next_period_start=FEB)

    over = outcome(made, "cancel")
    again = outcome(over.subscription, "start", LATER)

    assert over.usage is not None
    assert [window for _, window in over.usage.arrears] == [
        Period(JAN, JAN + timedelta(days=5)), Period(JAN + timedelta(days=5), MID),
    ]  # fmt: skip
    assert [window for _, window in usage_due(again.subscription, BILLED_JANUARY)] == [Period(LATER, FEB)]


def test_a_coupon_for_one_period_ends_with_the_one_whose_rest_it_made_cheaper() -> None:
    once = discount(500_000, duration=Duration.ONCE)
    made = subscription(suspended_at=JAN, discounts=(once,))

    result = outcome(made, "reinstate", last=UNBILLED_JANUARY)

    assert (amounts(result), [each.ends_at for each in result.subscription.discounts]) == ([338], [FEB])


def test_a_coupon_for_one_period_waits_while_nothing_is_charged() -> None:
    once = discount(500_000, duration=Duration.ONCE)
    made = subscription(state=SubscriptionState.PAUSED, paused_at=JAN, discounts=(once,))

    result = outcome(made, "quantity", last=UNBILLED_JANUARY, quantity=2)

    assert (amounts(result), result.subscription.discounts) == ([], (once,))


@given(st.integers(1, 3000), st.integers(1, 30), st.integers(0, 6 * 86400), st.booleans())
@settings(max_examples=100)
def test_the_end_of_a_part_of_a_period_never_gives_back_more_than_was_paid_for_it(
    off: int, seats_bought: int, seconds: int, more: bool
) -> None:
    begins = JAN + timedelta(days=25)
    items = (item(seats("seats", 100), seats_bought), *((item(flat("extra", 777)),) if more else ()))
    made = subscription(*items, next_period_start=begins, discounts=(discount(amount_minor=off),))
    step = step_at(made, begins, None, has_card=True)
    paid = sum(line.total_minor for line in all_lines(step, {}, None))

    over = outcome(step.after, "cancel", begins + timedelta(seconds=seconds), step.tile, prorate=True)

    assert -sum(amounts(over)) <= paid
    assert seconds or -sum(amounts(over)) == paid


def test_who_starts_again_as_the_last_period_ends_does_not_commit_to_it_once_more() -> None:
    made = subscription(item(metered("calls", minimum_minor=3100)), next_period_start=FEB)
    over = outcome(made, "cancel")

    again = outcome(over.subscription, "start", FEB)

    assert over.usage is not None
    assert step_at(again.subscription, FEB, BILLED_JANUARY, True).arrears == ()


def test_a_coupon_for_one_period_takes_nothing_off_the_usage_that_the_next_invoice_would_have_billed() -> None:
    made = subscription(item(metered("calls", 100)), discounts=(discount(amount_minor=300, ends_at=FEB),))

    usage = outcome(made, "cancel").usage

    assert usage is not None
    assert coupons_at(usage.subscription, usage.at) == []


@given(
    st.integers(0, 3000), st.integers(0, 1_000_000), st.integers(0, 2000), st.integers(0, 500), st.integers(0, 30),
    st.integers(0, 10**6), st.booleans(),
)  # fmt: skip
@settings(max_examples=100)
def test_what_a_coupon_took_off_usage_and_setup_fees_stays_with_them(
    off: int, percent: int, fee: int, calls: int, days: int, seconds: int, amount_first: bool
) -> None:
    begins = JAN + timedelta(days=days)
    pair = [discount(amount_minor=off, coupon_id=CouponId("b")), discount(percent, coupon_id=CouponId("a"))]
    if amount_first:
        pair = [discount(amount_minor=off, coupon_id=CouponId("a")), discount(percent, coupon_id=CouponId("b"))]
    metered_item = item(metered("calls", 7))
    items = (item(flat(setup_fee_minor=fee)), metered_item, item(seats(minimum_minor=1999), 3))
    made = subscription(*items, next_period_start=begins, discounts=tuple(pair))
    before = Billed(Period(begins - timedelta(days=3), begins), Charger.NONE, none_yet=True)
    step = replace(step_at(made, begins, before, has_card=True), arrears=((metered_item, before.period),))
    lines = all_lines(step, {(metered_item.item_id, before.period): calls}, None)
    in_advance = [(x.amount_minor, x.kind in (LineKind.ITEM, LineKind.MINIMUM)) for x in lines]
    paid = sum(x.total_minor for x, (_, ours) in zip(lines, in_advance, strict=True) if ours)
    tile = replace(step.tile or before, shared=tuple(in_advance))
    at = begins + timedelta(seconds=min(seconds, tile.period.seconds - 1))

    over = outcome(step.after, "cancel", at, tile, prorate=True)

    assert -sum(amounts(over)) <= paid
    assert at > begins or -sum(amounts(over)) == paid
