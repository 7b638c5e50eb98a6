"""Changes in the middle of a period."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.boundaries import Billed, step_at
from billing_pipeline.domain.change_steps import Changed, changed, simultaneous
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.ids import ItemId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import LineKind
from billing_pipeline.domain.issuing import all_lines
from billing_pipeline.domain.periods import Interval, Period
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.proration import Taxes, change_lines, remaining, worth
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
    tax,
)

MID: Any = JAN + timedelta(days=10)
CHEAP, DEAR = flat("cheap", 500), flat("dear", 1000)
YEARLY = flat("yearly", 9000, interval=Interval.YEAR)
PRICES = {price.price_id: price for price in (CHEAP, DEAR, YEARLY, flat("old", 900, active=False), metered())}


def change(kind: str, wish: dict[str, Any] | None = None, number: int = 1, **values: Any) -> Change:
    defaults: dict[str, Any] = {"timing": "now", "effective_at": MID, "requested_by": "test", "change_id": number}
    return Change(SubscriptionId("s1"), f"c{number}", kind, wish or {}, **(defaults | values))  # type: ignore[arg-type]


def swap(price: Price, number: int = 1) -> Change:
    return change("swap", {"price_id": price.price_id}, number)


def outcome(made: Subscription, *changes: Change, at: datetime = MID, last: Billed | None = BILLED_JANUARY) -> Changed:
    return changed(made, last, changes, at, PRICES, Taxes(None))


def amounts(result: Changed) -> list[int]:
    return [line.total_minor for line in result.lines]


def test_ten_dollars_to_five_with_two_thirds_left_is_minus_334_cents_as_stripe_computes() -> None:
    before = worth((item(DEAR),), subscription(item(DEAR)), BILLED_JANUARY)
    after = worth((item(CHEAP, item_id="i-dear"),), subscription(item(CHEAP, item_id="i-dear")), BILLED_JANUARY)

    lines = change_lines(before, after, (2, 3), Period(MID, FEB), Taxes(None))

    assert [(line.kind, line.total_minor) for line in lines] == [
        (LineKind.UNUSED_TIME, -667), (LineKind.REMAINING_TIME, 333),
    ]  # fmt: skip
    assert sum(line.total_minor for line in lines) == -334


def test_what_is_left_is_counted_in_seconds_of_the_period_that_was_paid() -> None:
    assert remaining(subscription().cycle, JANUARY, FEB - timedelta(seconds=1)) == (1, 31 * 86400)


def test_who_signed_up_at_noon_and_leaves_at_noon_gets_everything_back() -> None:
    noon = JAN + timedelta(hours=12)

    part = remaining(subscription().cycle, Period(noon, FEB), noon)

    assert part[0] == part[1]


@given(
    st.integers(0, 10_000), st.integers(0, 10_000), st.integers(0, 30), st.integers(1, 31 * 86400 - 1), st.booleans()
)
@settings(max_examples=100)
def test_an_upgrade_and_a_downgrade_at_the_same_instant_are_zero(
    cheap: int, dear: int, quantity: int, seconds: int, inclusive: bool
) -> None:
    at, rate = JAN + timedelta(seconds=seconds), tax(190_000, inclusive=inclusive)
    low = worth((item(seats("x", cheap), quantity),), subscription(), BILLED_JANUARY)
    high = worth((item(seats("x", dear), quantity),), subscription(), BILLED_JANUARY)
    part = remaining(subscription().cycle, JANUARY, at)

    there = change_lines(low, high, part, Period(at, FEB), Taxes(rate))
    back = change_lines(high, low, part, Period(at, FEB), Taxes(rate))

    assert sum(line.total_minor for line in there + back) == 0
    assert sum(line.net_minor for line in there + back) == 0


@given(st.integers(0, 10_000), st.integers(1, 31 * 86400 - 1), st.integers(0, 1_000_000))
@settings(max_examples=50)
def test_unused_time_never_gives_back_more_than_was_paid(unit: int, seconds: int, percent: int) -> None:
    made = subscription(item(flat("x", unit)), discounts=(discount(percent),))
    at = JAN + timedelta(seconds=seconds)
    paid = worth(made.items, made, BILLED_JANUARY)

    (line,) = change_lines(paid, {}, remaining(made.cycle, JANUARY, at), Period(at, FEB), Taxes(None))

    (charged,) = all_lines(step_at(made, JAN, None, True), {}, None)
    assert 0 <= -line.total_minor <= charged.total_minor


def test_an_amount_off_is_given_back_with_the_item_it_was_off() -> None:
    made = subscription(item(DEAR), discounts=(discount(amount_minor=1000),))

    result = outcome(made, change("cancel", {"prorate": True}))

    assert amounts(result) == [0]


def test_an_unchanged_item_has_no_line() -> None:
    result = outcome(
        subscription(item(DEAR), item(seats(), 3)), change("quantity", {"quantity": 5, "item_id": "i-seats"})
    )

    assert [line.description for line in result.lines] == [
        "Unused time on Seats x 3", "Remaining time on Seats x 5",
    ]  # fmt: skip


def test_a_swap_keeps_the_item_and_the_quantity_and_remembers_what_was() -> None:
    result = outcome(subscription(item(CHEAP, 4, "i1")), swap(DEAR))

    now, former = result.subscription.items[-1], result.subscription.items[-2]
    assert (now.item_id, now.price, now.quantity, now.valid_from) == ("i1", DEAR, 4, MID)
    assert (former.item_id, former.price, former.valid_to) == ("i1~20260111T000000", CHEAP, MID)


def test_two_swaps_in_one_second_leave_one_former_version() -> None:
    result = outcome(subscription(item(CHEAP, 1, "i1")), swap(DEAR), swap(CHEAP, 2))

    assert sum(amounts(result)) == 0
    assert [each.item_id for each in result.subscription.items] == ["i1~20260111T000000", "i1"]


def test_a_period_that_stripe_charged_is_not_prorated_by_us() -> None:
    result = outcome(subscription(item(CHEAP)), swap(DEAR), last=Billed(JANUARY, Charger.STRIPE))

    assert (result.lines, result.subscription.items[-1].price) == ((), DEAR)


def test_a_change_on_the_boundary_costs_nothing_by_itself() -> None:
    assert outcome(subscription(item(CHEAP)), swap(DEAR), at=FEB).lines == ()


def test_a_pause_gives_unused_time_back_and_its_end_charges_what_remains() -> None:
    paused = outcome(subscription(item(DEAR)), change("pause"))

    resumed = outcome(paused.subscription, change("resume"), at=JAN + timedelta(days=20))

    assert amounts(paused) == [-677]
    assert amounts(resumed) == [355]
    assert resumed.subscription.state is SubscriptionState.ACTIVE


def test_a_suspension_gives_nothing_back_and_its_end_charges_nothing_that_was_billed() -> None:
    suspended = outcome(subscription(item(DEAR)), change("suspend"))

    reinstated = outcome(suspended.subscription, change("reinstate"), at=JAN + timedelta(days=20))

    assert (amounts(suspended), amounts(reinstated)) == ([], [])


def test_reinstated_in_a_period_that_passed_unbilled_one_pays_for_what_remains() -> None:
    suspended = subscription(item(DEAR), suspended_at=JAN)

    result = outcome(suspended, change("reinstate"), last=Billed(JANUARY, Charger.NONE))

    assert amounts(result) == [677]


@pytest.mark.parametrize(("prorate", "expected"), [(False, []), (True, [-677])])
def test_an_end_gives_unused_time_back_only_if_asked(prorate: bool, expected: list[int]) -> None:
    result = outcome(subscription(item(DEAR)), change("cancel", {"prorate": prorate}))

    assert amounts(result) == expected
    assert (result.subscription.state, result.subscription.ended_at) == (SubscriptionState.CANCELED, MID)
    assert result.subscription.next_period_start is None


def test_an_end_with_the_period_gives_nothing_back_and_can_be_taken_back() -> None:
    made = subscription(item(DEAR), next_period_start=FEB)

    ending = outcome(made, change("cancel", timing="period_end"))
    kept = outcome(ending.subscription, change("keep"))

    assert (ending.subscription.cancel_at, ending.lines) == (FEB, ())
    assert (kept.subscription.cancel_at, kept.subscription.canceled_at) == (None, None)


def test_an_end_in_mid_period_bills_the_usage_so_far() -> None:
    calls = item(metered("calls"))

    result = outcome(subscription(calls), change("cancel"))

    assert result.usage is not None
    assert result.usage.arrears == ((calls, Period(JAN, MID)),)


def test_a_subscription_that_starts_again_later_leaves_an_unbilled_gap() -> None:
    over = outcome(subscription(item(DEAR)), change("cancel")).subscription
    later = FEB + timedelta(days=5)

    result = outcome(over, change("start"), at=later)

    assert result.bridge is not None
    assert result.bridge.tile == Billed(Period(FEB, later), Charger.NONE)
    assert (result.subscription.next_period_start, result.subscription.cycle.anchor_on) == (later, later.date())


def test_a_subscription_that_starts_again_within_the_paid_period_goes_on_where_that_ends() -> None:
    over = outcome(subscription(item(DEAR)), change("cancel")).subscription

    result = outcome(over, change("start"), at=MID + timedelta(days=5))

    assert (result.bridge, result.lines, result.subscription.next_period_start) == (None, (), FEB)


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (change("swap", {"price_id": "nope"}), "price nope does not exist"),
        (change("swap", {"price_id": "old"}), "price old .*not active"),
        (change("swap", {"price_id": "yearly"}), "price yearly is per 1 year, the subscription per 1 month"),
        (change("swap", {}), "a change of kind swap needs price_id"),
        (change("quantity", {"quantity": -1}), "not a whole number"),
        (change("quantity", {"quantity": 2.5}), "not a whole number"),
        (change("quantity", {"quantity": 2, "item_id": "nope"}), "name one item of i-basic, got nope"),
        (change("quantity", {"quantity": 2, "colour": "red"}), "does not know colour"),
        (change("trial", {"trial_end": "2026-03-01T00:00:00+00:00"}), "is active, not on trial"),
        (change("trial", {"trial_end": "2026-03-01"}), "has no zone"),
        (change("keep"), "not about to end"),
        (change("resume"), "active cannot take resumed"),
        (change("start"), "active cannot take restarted"),
    ],
)
def test_a_wish_that_cannot_be_granted_is_refused_with_the_reason_and_changes_nothing(
    wanted: Change, words: str
) -> None:
    made = subscription()

    result = outcome(made, wanted)

    assert [change for change, _ in result.refused] == [wanted]
    assert result.subscription is made
    assert re.search(words, result.refused[0][1])


def test_a_refused_wish_does_not_stop_the_next() -> None:
    result = outcome(subscription(item(CHEAP)), change("keep"), swap(DEAR, 2))

    assert [each.source for each in result.granted] == ["c2"]


def test_changes_of_one_second_belong_together_in_the_order_they_were_asked() -> None:
    late = change("pause", number=3, effective_at=MID + timedelta(seconds=1))
    first, second = change("keep", number=1), change("keep", number=2, effective_at=MID + timedelta(microseconds=5))

    groups = simultaneous([late, second, first])

    assert [(at, [c.change_id for c in changes]) for at, changes in groups] == [
        (MID, [1, 2]), (MID + timedelta(seconds=1), [3]),
    ]  # fmt: skip


def test_an_item_of_a_canceled_subscription_cannot_be_changed() -> None:
    over = subscription(state=SubscriptionState.CANCELED, next_period_start=None)

    ((_, reason),) = outcome(over, change("quantity", {"quantity": 2, "item_id": ItemId("i-basic")})).refused

    assert "is canceled: start it again first" in reason
