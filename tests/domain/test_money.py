"""Money cannot be made, lost or mixed by arithmetic."""

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money, round_half_up, split, total

USD, EUR, JPY, KWD = currency("usd"), currency("eur"), currency("jpy"), currency("kwd")

weights = st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any)


@given(st.integers(-(10**12), 10**12), weights)
def test_split_loses_no_cent(amount: int, parts: list[int]) -> None:
    shares = split(amount, parts)

    assert sum(shares) == amount


@given(st.integers(0, 10**12), weights)
def test_a_share_is_never_a_whole_unit_away_from_its_exact_part(amount: int, parts: list[int]) -> None:
    shares = split(amount, parts)

    exact = [Fraction(amount * part, sum(parts)) for part in parts]
    assert all(abs(share - wanted) < 1 for share, wanted in zip(shares, exact, strict=True))


def test_the_odd_cent_goes_to_the_earlier_of_equal_shares() -> None:
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(-100, [1, 1, 1]) == [-34, -33, -33]


@pytest.mark.parametrize("parts", [[], [0, 0], [1, -1], [-3]])
def test_nothing_can_be_split_by_weights_that_say_nothing(parts: list[int]) -> None:
    with pytest.raises((Broken, ValueError)):
        split(100, parts)


@given(st.integers(-(10**9), 10**9), st.integers(1, 10**6))
def test_a_half_rounds_away_from_zero_as_stripe_rounds_its_lines(numerator: int, denominator: int) -> None:
    rounded = round_half_up(Fraction(numerator, denominator))

    assert abs(rounded - Fraction(numerator, denominator)) <= Fraction(1, 2)
    assert round_half_up(Fraction(-numerator, denominator)) == -rounded
    if denominator in (2, 10, 100):
        assert rounded == int((Decimal(numerator) / denominator).to_integral_value(ROUND_HALF_UP))


def test_stripes_own_proration_example_rounds_each_line_on_its_own() -> None:
    unused, remaining = round_half_up(Fraction(-1000 * 2, 3)), round_half_up(Fraction(500 * 2, 3))

    assert (unused, remaining, unused + remaining) == (-667, 333, -334)


@pytest.mark.parametrize("wrong", [19.99, "1999", True, Decimal(5), None])
def test_only_whole_numbers_become_money(wrong: object) -> None:
    with pytest.raises(TypeError, match="must be int"):
        Money(wrong, USD)  # type: ignore[arg-type]


def test_two_currencies_are_never_added() -> None:
    with pytest.raises(Broken, match="cannot mix usd and eur"):
        Money(1, USD) + Money(1, EUR)
    with pytest.raises(Broken, match="cannot mix"):
        total([Money(1, USD), Money(1, JPY)], USD)


@pytest.mark.parametrize(
    ("money", "shown"),
    [
        (Money(1999, USD), "19.99 usd"),
        (Money(-5, EUR), "-0.05 eur"),
        (Money(500, JPY), "500 jpy"),
        (Money(5120, KWD), "5.120 kwd"),
        (Money(500, currency("isk")), "5.00 isk"),
    ],
)
def test_an_amount_is_shown_with_the_places_of_its_currency(money: Money, shown: str) -> None:
    assert str(money) == shown
