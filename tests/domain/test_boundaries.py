"""What happens at the boundaries of a subscription, and its states."""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.boundaries import INVOICES_PER_RUN_MAX, Billed, Step, steps_due
from billing_pipeline.domain.coupons import Duration
from billing_pipeline.domain.errors import Broken, ForbiddenMove
from billing_pipeline.domain.periods import Cycle, Interval, Period
from billing_pipeline.domain.subscriptions import (
    MOVES,
    Charger,
    Subscription,
    SubscriptionFact,
    SubscriptionState,
    WithoutCard,
    move,
)
from tests.domain.billing_examples import (
    APR,
    BILLED_JANUARY,
    FEB,
    JAN,
    JANUARY,
    MAR,
    discount,
    flat,
    item,
    metered,
    subscription,
)


def steps(made: Subscription, until: datetime, last: Billed | None = None, has_card: bool = True) -> list[Step]:
    return list(steps_due(made, last, has_card, until))


def tiles(found: list[Step]) -> list[Billed]:
    return [step.tile for step in found if step.tile]


def test_missed_periods_are_billed_in_order() -> None:
    found = steps(subscription(), MAR)

    assert [step.at for step in found] == [JAN, FEB, MAR]
    assert [step.first for step in found] == [True, False, False]
    assert found[-1].after.next_period_start == APR


def test_nothing_is_due_before_its_time() -> None:
    assert steps(subscription(next_period_start=FEB), FEB - timedelta(microseconds=1)) == []


cycles = st.builds(
    Cycle, st.dates(date(2020, 1, 1), date(2026, 1, 1)), st.sampled_from(["UTC", "Pacific/Apia", "America/New_York"]),
    st.sampled_from([Interval.WEEK, Interval.MONTH, Interval.YEAR]), st.integers(1, 3),
)  # fmt: skip


@given(cycles, st.integers(0, 86400 * 40), st.integers(1, 900), st.booleans())
@settings(max_examples=100)
def test_tiles_follow_each_other_without_gap_or_overlap(cycle: Cycle, offset: int, days: int, paused: bool) -> None:
    start = JAN + timedelta(seconds=offset)
    made = subscription(
        item(flat(interval=cycle.interval, interval_count=cycle.count)), cycle=cycle, next_period_start=start,
        suspended_at=start if paused else None,
    )  # fmt: skip

    found = tiles(steps(made, start + timedelta(days=days)))

    assert found[0].period.start == start
    assert all(before.period.end == after.period.start for before, after in pairwise(found))
    assert {tile.charger for tile in found} == {Charger.NONE if paused else Charger.ENGINE}


@pytest.mark.parametrize("values", [{"state": SubscriptionState.PAUSED, "paused_at": JAN}, {"suspended_at": JAN}])
def test_paused_or_suspended_periods_pass_unbilled(values: dict[str, Any]) -> None:
    found = steps(subscription(**values), FEB)

    assert [tile.charger for tile in tiles(found)] == [Charger.NONE, Charger.NONE]
    assert not any(step.billable for step in found)


def test_a_trial_is_billed_from_its_end_on_that_day_of_the_month() -> None:
    ends = datetime(2026, 1, 15, 10, tzinfo=JAN.tzinfo)
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=ends, next_period_start=ends)

    (first,) = steps(trial, FEB)

    assert first.tile == Billed(Period(ends, datetime(2026, 2, 15, tzinfo=JAN.tzinfo)), Charger.ENGINE)
    assert first.after.state is SubscriptionState.ACTIVE


def trial(without_card: WithoutCard) -> Subscription:
    return subscription(
        state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB, trial_without_card=without_card
    )


def test_a_trial_without_a_card_that_is_to_pause_then_waits_unbilled() -> None:
    (only,) = steps(trial(WithoutCard.PAUSE), APR, has_card=False)

    assert (only.tile, only.billable) == (None, False)
    assert (only.after.state, only.after.next_period_start) == (SubscriptionState.PAUSED, None)


def test_a_trial_without_a_card_that_is_to_be_canceled_then_is_over_with_it() -> None:
    (only,) = steps(trial(WithoutCard.CANCEL), APR, has_card=False)

    assert (only.tile, only.billable, only.after.next_period_start) == (None, False, None)
    assert (only.after.state, only.after.ended_at, only.after.canceled_at) == (SubscriptionState.CANCELED, FEB, FEB)


def test_a_trial_without_a_card_that_is_to_be_billed_anyway_is_billed() -> None:
    assert [s.billable for s in steps(trial(WithoutCard.CREATE_INVOICE), FEB, has_card=False)] == [True]


@pytest.mark.parametrize("choice", list(WithoutCard))
def test_a_trial_with_a_card_is_billed_whatever_was_chosen(choice: WithoutCard) -> None:
    assert [step.billable for step in steps(trial(choice), FEB)] == [True]


def test_a_subscription_that_ends_with_its_period_is_billed_no_more() -> None:
    found = steps(subscription(cancel_at=FEB), APR)

    assert [(step.at, step.billable) for step in found] == [(JAN, True), (FEB, False)]
    assert (found[-1].after.state, found[-1].after.ended_at) == (SubscriptionState.CANCELED, FEB)
    assert found[-1].after.next_period_start is None


def test_a_subscription_that_ends_in_mid_period_is_billed_up_to_its_end() -> None:
    ends = FEB + timedelta(days=7)

    found = steps(subscription(cancel_at=ends), APR)

    assert [tile.period for tile in tiles(found)] == [JANUARY, Period(FEB, ends)]


def test_the_usage_of_the_last_period_is_billed_even_at_the_end() -> None:
    calls = item(metered("calls"))

    (only,) = steps(subscription(calls, next_period_start=FEB, cancel_at=FEB), FEB, BILLED_JANUARY)

    assert (only.arrears, only.billable) == (((calls, JANUARY),), True)


@pytest.mark.parametrize("charger", [Charger.NONE, Charger.STRIPE])
def test_usage_of_a_period_that_we_did_not_charge_for_is_not_billed(charger: Charger) -> None:
    made = subscription(item(metered("calls")), next_period_start=FEB)

    (only,) = steps(made, FEB, Billed(JANUARY, charger))

    assert only.arrears == ()


def test_usage_of_an_item_that_was_swapped_is_billed_for_the_stretch_it_was_there() -> None:
    middle = JAN + timedelta(days=10)
    old, new = item(metered("a"), valid_to=middle), item(metered("b"), valid_from=middle)

    (only,) = steps(subscription(old, new, next_period_start=FEB), FEB, BILLED_JANUARY)

    assert only.arrears == ((old, Period(JAN, middle)), (new, Period(middle, FEB)))


@pytest.mark.parametrize(
    ("items", "words"),
    [
        ((item(flat(interval=Interval.YEAR)),), "price basic is per 1 year, the subscription per 1 month"),
        ((item(metered("a", meter="m")), item(metered("b", meter="m"))), "count the same meter"),
        ((item(flat(), valid_to=JAN),), "it has no items"),
    ],
)
def test_a_subscription_that_cannot_be_billed_says_why(items: tuple[Any, ...], words: str) -> None:
    with pytest.raises(Broken, match=words):
        steps(subscription(*items), JAN)


def test_a_price_in_another_currency_says_so() -> None:
    made = subscription()
    euro = type(made)(
        made.subscription_id,
        made.account,
        "eur",
        made.state,
        made.cycle,
        made.items,
        JAN,
        JAN,  # type: ignore[arg-type]
    )

    with pytest.raises(Broken, match="price basic is in usd, the subscription in eur"):
        steps(euro, JAN)


def test_a_coupon_for_one_period_does_not_cover_the_next_of_the_same_run() -> None:
    made = subscription(discounts=(discount(500_000, duration=Duration.ONCE),))

    found = steps(made, MAR)

    assert [step.subscription.discounts[0].covers(step.at) for step in found] == [True, False, False]


def test_a_period_that_passes_unbilled_uses_no_coupon_up() -> None:
    made = subscription(discounts=(discount(500_000, duration=Duration.ONCE),), suspended_at=JAN)

    found = steps(made, FEB)

    assert found[-1].subscription.discounts == made.discounts


def test_a_subscription_due_far_too_often_is_not_billed_at_all() -> None:
    start = datetime(2020, 1, 1, tzinfo=JAN.tzinfo)
    daily = item(flat(interval=Interval.DAY), valid_from=start)
    forgotten = subscription(daily, cycle=Cycle(start.date(), interval=Interval.DAY), next_period_start=start)

    with pytest.raises(Broken, match=f"more than {INVOICES_PER_RUN_MAX} periods are due at once"):
        steps(forgotten, JAN)


def test_a_negative_quantity_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="item i-basic: the quantity must be 0 or more, got -1"):
        item(flat(), -1)


@given(st.sampled_from(SubscriptionState), st.sampled_from(SubscriptionFact))
def test_a_move_that_the_table_does_not_know_is_forbidden(state: SubscriptionState, fact: SubscriptionFact) -> None:
    if (state, fact) in MOVES:
        assert move(state, fact) is MOVES[state, fact]
    else:
        with pytest.raises(ForbiddenMove, match=f"a subscription that is {state} cannot take {fact}"):
            move(state, fact)


def test_every_state_can_be_left() -> None:
    assert {state for state, _ in MOVES} == set(SubscriptionState)
