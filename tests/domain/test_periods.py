"""Periods: they tile the time line for every anchor, zone and leap year."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import (
    Cycle,
    Interval,
    Period,
    boundary,
    boundary_day,
    local_day,
    midnight,
    number_at,
    period_at,
    period_from,
    share,
)

ODD_ZONES = [
    "UTC", "Etc/GMT+12", "Etc/GMT-14", "Pacific/Kiritimati", "Pacific/Apia", "Pacific/Kwajalein", "America/Sao_Paulo",
    "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu", "Europe/London", "America/New_York",
    "Antarctica/Troll",
]  # fmt: skip
zones = st.sampled_from(ODD_ZONES) | st.sampled_from(sorted(available_timezones()))
cycles = st.builds(
    Cycle,
    st.dates(date(1990, 1, 1), date(2060, 12, 31)),
    zones,
    st.sampled_from(Interval),
    st.integers(1, 13),
)
instants = st.integers(473_385_600, 3_155_760_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)  # 1985 to 2070


@given(cycles, instants)
@settings(max_examples=100)
def test_periods_tile_the_time_line_without_gap_or_overlap(cycle: Cycle, start: datetime) -> None:
    periods = [period_at(cycle, start)]
    for _ in range(14):
        periods.append(period_at(cycle, periods[-1].end))

    assert all(before.end == after.start for before, after in pairwise(periods))
    assert periods[0].start <= start < periods[0].end


@given(cycles, instants)
@settings(max_examples=100)
def test_a_period_is_the_same_from_wherever_in_it_one_looks(cycle: Cycle, instant: datetime) -> None:
    period = period_at(cycle, instant)

    assert period_at(cycle, period.start) == period
    assert period_at(cycle, period.end - timedelta(microseconds=1)) == period


@given(cycles, st.integers(-100, 100))
@settings(max_examples=100)
def test_boundaries_never_go_back(cycle: Cycle, number: int) -> None:
    assert boundary(cycle, number) <= boundary(cycle, number + 1)


@given(st.dates(date(1990, 1, 1), date(2060, 12, 31)), st.integers(0, 600))
@settings(max_examples=100)
def test_a_month_boundary_is_the_anchor_day_or_the_last_day_of_the_month(anchor: date, number: int) -> None:
    day = boundary_day(Cycle(anchor), number)

    assert day.day == anchor.day or (day + timedelta(days=1)).day == 1
    assert (day.year * 12 + day.month) - (anchor.year * 12 + anchor.month) == number


def test_the_anchor_day_is_not_lost_after_a_short_month() -> None:
    days = [boundary_day(Cycle(date(2026, 1, 31)), number) for number in range(5)]

    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]


def test_a_leap_day_anchor_comes_back_every_four_years() -> None:
    days = [boundary_day(Cycle(date(2024, 2, 29), interval=Interval.YEAR), number) for number in range(5)]

    assert days == [date(2024, 2, 29), date(2025, 2, 28), date(2026, 2, 28), date(2027, 2, 28), date(2028, 2, 29)]


@pytest.mark.parametrize(
    ("interval", "count", "expected"),
    [
        (Interval.DAY, 10, date(2026, 1, 11)),
        (Interval.WEEK, 2, date(2026, 1, 15)),
        (Interval.MONTH, 3, date(2026, 4, 1)),
        (Interval.YEAR, 1, date(2027, 1, 1)),
    ],
)
def test_a_cycle_lasts_as_many_intervals_as_it_says(interval: Interval, count: int, expected: date) -> None:
    assert boundary_day(Cycle(date(2026, 1, 1), "UTC", interval, count), 1) == expected


def test_a_month_starts_at_local_midnight_in_summer_and_winter() -> None:
    cycle = Cycle(date(2026, 1, 1), "Europe/Berlin")

    starts = [boundary(cycle, number) for number in (0, 3, 9, 10)]

    assert [start.hour for start in starts] == [23, 22, 22, 23]


def test_the_day_that_samoa_skipped_has_no_period() -> None:
    cycle = Cycle(date(2011, 12, 28), "Pacific/Apia", Interval.DAY)

    first = period_at(cycle, boundary(cycle, 0))
    second = period_at(cycle, first.end)
    third = period_at(cycle, second.end)

    assert local_day(third.start, "Pacific/Apia") == date(2011, 12, 31)
    assert second.end == third.start


def test_an_evening_that_comes_again_after_midnight_belongs_to_the_new_day() -> None:
    cycle = Cycle(date(2007, 11, 3), "America/St_Johns", Interval.DAY)
    again = midnight(date(2007, 11, 4), "America/St_Johns") + timedelta(minutes=30)

    assert local_day(again, "America/St_Johns") == date(2007, 11, 3)
    assert number_at(cycle, again) == 1


def test_a_midnight_that_does_not_exist_is_the_moment_of_the_jump() -> None:
    assert midnight(date(2018, 11, 4), "America/Sao_Paulo") == datetime(2018, 11, 4, 3, tzinfo=UTC)


def test_an_unknown_zone_is_named_with_the_remedy() -> None:
    with pytest.raises(Broken, match="unknown zone 'Mars/Olympus': use an IANA name"):
        period_at(Cycle(date(2026, 1, 1), "Mars/Olympus"), datetime(2026, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("name", ["", "../etc/passwd", "Europe"])
def test_a_name_that_is_no_zone_is_refused_whatever_it_looks_like(name: str) -> None:
    with pytest.raises(Broken, match="unknown zone"):
        midnight(date(2026, 1, 1), name)


def test_a_period_of_nothing_is_refused() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)

    with pytest.raises(Broken, match="must end after it starts"):
        Period(at, at)


def test_a_cycle_of_no_length_is_refused() -> None:
    with pytest.raises(Broken, match="at least one month"):
        Cycle(date(2026, 1, 1), count=0)


@given(cycles, instants)
@settings(max_examples=50)
def test_the_parts_of_a_period_are_the_whole(cycle: Cycle, instant: datetime) -> None:
    whole = period_at(cycle, instant)
    middle = (whole.start + (whole.end - whole.start) / 2).replace(microsecond=0)

    seconds = Period(whole.start, middle).seconds + Period(middle, whole.end).seconds

    assert seconds == whole.seconds


def test_whoever_signs_up_at_noon_of_the_anchor_day_pays_for_the_whole_period() -> None:
    cycle = Cycle(date(2026, 1, 1))

    period = period_from(cycle, datetime(2026, 1, 1, 12, tzinfo=UTC))

    assert period.end == datetime(2026, 2, 1, tzinfo=UTC)
    assert share(cycle, period) == (1, 1)


def test_whoever_signs_up_before_the_anchor_pays_for_the_rest() -> None:
    cycle = Cycle(date(2026, 2, 1))

    period = period_from(cycle, datetime(2026, 1, 21, tzinfo=UTC))

    assert share(cycle, period) == (11 * 86400, 31 * 86400)


@given(cycles, instants)
@settings(max_examples=50)
def test_the_number_of_a_boundary_finds_it_again(cycle: Cycle, instant: datetime) -> None:
    number = number_at(cycle, instant)

    assert boundary(cycle, number) <= instant < boundary(cycle, number + 1)
