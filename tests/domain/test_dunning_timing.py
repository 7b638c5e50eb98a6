"""Local mornings, quiet hours, paydays."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.dunning_policy import Timing
from billing_pipeline.domain.dunning_timing import awake, last_waking_moment, local_day, local_moment, payday_near

TIMING = Timing()
zones = st.sampled_from(sorted(available_timezones()))
moments = st.dates(date(2024, 1, 1), date(2030, 1, 1)).flatmap(
    lambda day: st.times().map(lambda clock: datetime.combine(day, clock, UTC))
)


@given(at=moments, zone=zones)
@settings(max_examples=100, deadline=None)
def test_nobody_is_woken_in_any_zone(at: datetime, zone: str):
    found = awake(at, zone, TIMING)

    local = found.astimezone(ZoneInfo(zone)).time()
    assert TIMING.quiet_until <= local < TIMING.quiet_from
    assert at <= found <= at + timedelta(hours=14)


@given(day=st.dates(date(2024, 1, 1), date(2030, 1, 1)), zone=zones)
@settings(max_examples=100, deadline=None)
def test_the_last_moment_of_a_day_is_on_that_day_and_not_at_night(day: date, zone: str):
    last = last_waking_moment(day, zone, TIMING)

    assert local_day(last, zone) == day
    assert awake(last, zone, TIMING) == last


def test_a_morning_is_the_customers_own():
    found = [local_moment(date(2026, 3, 30), time(9), zone) for zone in ("Asia/Tokyo", "Europe/Berlin")]

    assert found == [datetime(2026, 3, 30, 0, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("day", "payday"),
    [
        (date(2026, 3, 1), date(2026, 3, 1)),
        (date(2026, 3, 12), date(2026, 3, 15)),
        (date(2026, 3, 28), date(2026, 4, 1)),
        (date(2026, 3, 5), date(2026, 3, 5)),  # ten days are too long to wait
    ],
)
def test_a_payday_is_waited_for_only_when_it_is_near(day: date, payday: date):
    assert payday_near(day, TIMING) == payday


def test_a_zone_that_nobody_knows_counts_as_utc():
    assert local_moment(date(2026, 3, 30), time(9), "Mars/Olympus") == datetime(2026, 3, 30, 9, tzinfo=UTC)


def test_a_payday_on_the_31st_falls_on_the_last_day_of_a_short_month():
    found = payday_near(date(2026, 2, 26), Timing(paydays=(31,)))

    assert found == date(2026, 2, 28)
