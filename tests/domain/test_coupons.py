"""Coupons and taxes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.coupons import Coupon, Discount, Duration, discounts_on
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CouponId
from billing_pipeline.domain.taxes import TaxStatus, rate_of, tax_on
from tests.domain.billing_examples import APR, FEB, JAN, MAR, USD, discount, tax


def coupon(**values: object) -> Coupon:
    made: Coupon = Coupon(CouponId("c"), **values)  # type: ignore[arg-type]
    return made


coupons = st.builds(
    lambda percent, amount: (
        coupon(percent_ppm=percent) if amount is None else coupon(amount_minor=amount, currency=USD)
    ),
    st.integers(0, 1_000_000),
    st.none() | st.integers(0, 10_000),
)


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=6), st.lists(coupons, max_size=3))
@settings(max_examples=100)
def test_coupons_never_take_more_than_there_is(amounts: list[int], stack: list[Coupon]) -> None:
    off = discounts_on(amounts, stack, USD)

    assert all(0 <= less <= amount for less, amount in zip(off, amounts, strict=True))


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=6), st.integers(0, 200_000))
@settings(max_examples=50)
def test_an_amount_off_is_shared_without_losing_a_cent(amounts: list[int], minor: int) -> None:
    off = discounts_on(amounts, [coupon(amount_minor=minor, currency=USD)], USD)

    assert sum(off) == min(minor, sum(amounts))


def test_a_percentage_is_rounded_for_each_line() -> None:
    assert discounts_on([1005, 995], [coupon(percent_ppm=100_000)], USD) == [101, 100]


def test_coupons_come_off_one_after_the_other() -> None:
    stack = [coupon(amount_minor=200, currency=USD), coupon(percent_ppm=500_000)]

    assert discounts_on([1000], stack, USD) == [600]


def test_a_coupon_in_another_currency_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="coupon c is in eur, the subscription in usd"):
        discounts_on([1000], [coupon(amount_minor=200, currency=Currency("eur"))], USD)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "a percentage or an amount"),
        ({"percent_ppm": 1, "amount_minor": 1, "currency": USD}, "a percentage or an amount"),
        ({"percent_ppm": 1_000_001}, "between nothing and everything"),
        ({"amount_minor": -1, "currency": USD}, "between nothing and everything"),
        ({"amount_minor": 1}, "needs its currency"),
        ({"percent_ppm": 1, "duration": Duration.REPEATING}, "a number of months"),
    ],
)
def test_a_coupon_that_makes_no_sense_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(Broken, match=f"coupon c: .*{words}"):
        coupon(**values)


def test_a_repeating_coupon_covers_its_months_and_no_more() -> None:
    taken = discount(500_000, duration=Duration.REPEATING, duration_months=2)

    assert [taken.covers(start) for start in (JAN, FEB, MAR, APR)] == [True, True, False, False]


def test_a_coupon_past_its_end_covers_nothing() -> None:
    assert not discount(500_000, ends_at=FEB).covers(FEB)


def test_a_coupon_does_not_reach_back() -> None:
    assert not discount(500_000, started_at=FEB).covers(JAN)


def test_months_are_counted_where_the_subscription_lives() -> None:
    midnight = datetime(2026, 1, 31, 15, tzinfo=UTC)  # the first of February in Tokyo

    taken = discount(500_000, duration=Duration.REPEATING, duration_months=1, started_at=midnight)

    assert taken.covers(datetime(2026, 2, 28, 14, 59, tzinfo=UTC), "Asia/Tokyo")
    assert not taken.covers(datetime(2026, 2, 28, 15, tzinfo=UTC), "Asia/Tokyo")


def test_a_coupon_taken_too_late_is_refused() -> None:
    with pytest.raises(Broken, match="coupon c could be taken until 2026-01-01"):
        Discount(coupon(percent_ppm=1, redeem_by=JAN), JAN + timedelta(seconds=1))


@given(st.integers(-(10**9), 10**9), st.integers(0, 1_000_000))
@settings(max_examples=100)
def test_tax_within_an_amount_leaves_the_net_that_it_is_a_tax_on(minor: int, rate_ppm: int) -> None:
    within = tax_on(tax(rate_ppm, inclusive=True), minor)

    assert abs(tax_on(tax(rate_ppm), minor - within) - within) <= 1


@given(st.integers(0, 10**9), st.integers(0, 1_000_000), st.booleans())
@settings(max_examples=50)
def test_tax_on_what_is_given_back_is_tax_given_back(minor: int, rate_ppm: int, inclusive: bool) -> None:
    rate = tax(rate_ppm, inclusive=inclusive)

    assert tax_on(rate, -minor) == -tax_on(rate, minor)


@pytest.mark.parametrize(("inclusive", "expected"), [(False, 20), (True, 17)])
def test_tax_is_on_top_or_within(inclusive: bool, expected: int) -> None:
    assert tax_on(tax(200_000, inclusive=inclusive), 100) == expected


@pytest.mark.parametrize("status", [TaxStatus.EXEMPT, TaxStatus.REVERSE_CHARGE])
def test_who_does_not_owe_tax_here_is_not_charged_any(status: TaxStatus) -> None:
    assert rate_of(status, tax()) is None


def test_a_rate_that_is_no_longer_active_is_named_with_the_remedy() -> None:
    with pytest.raises(Broken, match="tax rate vat is not active: give the account a current one"):
        rate_of(TaxStatus.TAXABLE, tax(active=False))


def test_a_rate_above_everything_is_refused() -> None:
    with pytest.raises(Broken, match="tax rate vat: 1000001 ppm"):
        tax(1_000_001)
