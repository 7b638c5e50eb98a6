"""Deferred revenue: days earn it, and nothing gets lost or earned twice."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.revenue import Adjustment, Stretch, earned, prorate, recognised, take_back, unearned

JANUARY = Stretch(1, 3100, date(2026, 1, 1), date(2026, 2, 1))

days = st.dates(date(2025, 1, 1), date(2027, 1, 1))
stretches = st.builds(
    lambda minor, start, length: Stretch(1, minor, start, start + timedelta(days=length)),
    st.integers(-10_000_000, 10_000_000),
    days,
    st.integers(0, 400),
)


def test_every_day_of_january_earns_its_share() -> None:
    assert [earned(JANUARY, date(2026, 1, day)) for day in (1, 2, 31)] == [100, 200, 3100]


def test_nothing_is_earned_before_the_first_day_and_nothing_more_after_the_last() -> None:
    assert (earned(JANUARY, date(2025, 12, 31)), earned(JANUARY, date(2030, 1, 1))) == (0, 3100)


def test_a_half_cent_is_rounded_up_on_the_running_total() -> None:
    two_days = Stretch(1, 1, date(2026, 1, 1), date(2026, 1, 3))

    assert [earned(two_days, date(2026, 1, day)) for day in (1, 2)] == [1, 1]


def test_what_has_no_service_period_is_earned_at_once() -> None:
    setup_fee = Stretch(1, 999, date(2026, 1, 5), date(2026, 1, 5))

    assert [earned(setup_fee, date(2026, 1, day)) for day in (4, 5, 6)] == [0, 999, 999]


@settings(max_examples=100)
@given(stretches)
def test_the_days_sum_to_the_line_and_never_run_backwards(stretch: Stretch) -> None:
    length = max((stretch.end - stretch.start).days, 1)
    running = [earned(stretch, stretch.start + timedelta(days=n)) for n in range(-1, length)]

    steps = [later - sooner for sooner, later in pairwise(running)]
    assert sum(steps) == stretch.minor
    assert all(step * stretch.minor >= 0 for step in steps)


@settings(max_examples=100)
@given(stretches, st.integers(0, 400), st.data())
def test_what_is_taken_back_is_never_earned_and_the_rest_is(stretch: Stretch, after: int, data: st.DataObject) -> None:
    on = stretch.start + timedelta(days=after)
    rest = unearned(stretch, (), on)
    amount = data.draw(st.integers(0, max(rest, 0)))

    adjustments = take_back([stretch], (), amount, on) if rest > 0 else ()

    taken = sum(a.minor for a in adjustments)
    assert recognised(stretch, adjustments, on) == earned(stretch, on)
    assert recognised(stretch, adjustments, stretch.end + timedelta(days=500)) == stretch.minor - taken
    assert unearned(stretch, adjustments, on) == rest - taken


def test_a_line_taken_back_whole_earns_nothing_more() -> None:
    tenth = date(2026, 1, 10)

    gone = take_back([JANUARY], (), 2100, tenth)

    assert {recognised(JANUARY, gone, tenth + timedelta(days=n)) for n in range(40)} == {1000}


def test_two_credit_notes_on_one_line_leave_the_rest_to_be_earned() -> None:
    first = take_back([JANUARY], (), 1050, date(2026, 1, 10))
    second = take_back([JANUARY], first, 500, date(2026, 1, 20))

    assert unearned(JANUARY, first + second, date(2026, 1, 20)) == 550 - 500
    assert recognised(JANUARY, first + second, date(2026, 1, 31)) == 3100 - 1050 - 500


def test_more_than_is_unearned_cannot_be_taken_back() -> None:
    with pytest.raises(Broken, match="cannot take 2101 out of 2100"):
        take_back([JANUARY], (), 2101, date(2026, 1, 10))


def test_an_adjustment_of_another_line_changes_nothing_here() -> None:
    other = Adjustment(2, date(2026, 1, 1), 3000)

    assert recognised(JANUARY, (other,), date(2026, 1, 31)) == 3100


@settings(max_examples=100)
@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=6), st.data())
def test_shares_of_mixed_lines_sum_to_the_amount(rests: list[int], data: st.DataObject) -> None:
    whole = sum(rests)
    if whole < 0:
        return
    amount = data.draw(st.integers(0, whole))

    assert sum(prorate(amount, rests)) == amount
    assert whole == 0 or prorate(whole, rests) == rests
