"""Prices: worked examples from a file, and laws."""

import tomllib
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PlanId, PriceId
from billing_pipeline.domain.money import round_half_up
from billing_pipeline.domain.pricing import (
    Aggregate,
    Price,
    Scheme,
    Tier,
    UsageRecord,
    UsageType,
    amount_of,
    exact_amount,
    rounded,
    used,
)

CASES = tomllib.loads((Path(__file__).parent / "pricing_cases.toml").read_text())["case"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def price(scheme: str = "flat", **values: Any) -> Price:
    return Price(PriceId("p"), PlanId("plan"), Currency("usd"), Scheme(scheme), **values)


def case_price(case: dict[str, Any]) -> Price:
    tiers = tuple(Tier(up_to or None, unit, flat, per) for up_to, unit, flat, per in case.get("tiers", []))
    return price(case["scheme"], unit_minor=case.get("unit", 0), per_units=case.get("per", 1), tiers=tiers)


def test_the_table_of_cases_is_long_enough_to_mean_something() -> None:
    names = [case["name"] for case in CASES]

    assert len(names) >= 60
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_quantity_costs_what_was_worked_out_by_hand(case: dict[str, Any]) -> None:
    part = tuple(case.get("part", (1, 1)))

    amount = amount_of(case_price(case), case["quantity"], (part[0], part[1]))

    assert amount == case["amount"]


@given(st.integers(-(10**15), 10**15), st.integers(1, 10**9))
@settings(max_examples=100)
def test_rounding_without_fractions_is_rounding_with_them(numerator: int, denominator: int) -> None:
    assert rounded(numerator, denominator) == round_half_up(Fraction(numerator, denominator))


@st.composite
def tier_lists(draw: st.DrawFn) -> tuple[Tier, ...]:
    ends = sorted(draw(st.sets(st.integers(1, 1000), max_size=4)))
    amounts = st.tuples(st.integers(0, 5000), st.integers(0, 5000), st.sampled_from([1, 3, 10, 1000]))
    return tuple(Tier(end, *draw(amounts)) for end in [*ends, None])


@given(tier_lists(), st.integers(0, 2000))
@settings(max_examples=100)
def test_graduated_tiers_are_the_sum_of_their_units(tiers: tuple[Tier, ...], quantity: int) -> None:
    entered = [
        t for t, below in zip(tiers, [0, *(t.up_to or 0 for t in tiers)], strict=False) if not below or quantity > below
    ]

    exact = Fraction(*exact_amount(price("graduated", tiers=tiers), quantity))

    units = (next(t for t in tiers if t.up_to is None or unit <= t.up_to) for unit in range(1, quantity + 1))
    assert exact == sum(t.flat_minor for t in entered) + sum(Fraction(t.unit_minor, t.per_units) for t in units)


@given(tier_lists(), st.integers(0, 2000))
@settings(max_examples=50)
def test_more_units_of_a_graduated_price_never_cost_less(tiers: tuple[Tier, ...], quantity: int) -> None:
    made = price("graduated", tiers=tiers)

    assert amount_of(made, quantity + 1) >= amount_of(made, quantity)


@pytest.mark.parametrize(
    ("tiers", "words"),
    [
        ((), "needs tiers"),
        ((Tier(10, 1),), "must be without end, it stops at 10"),
        ((Tier(10, 1), Tier(10, 2), Tier(None, 3)), "tier 2 overlaps: it ends at 10, the one before it at 10"),
        ((Tier(10, 1), Tier(5, 2), Tier(None, 3)), "tier 2 overlaps"),
        ((Tier(None, 1), Tier(None, 2)), "tier 1 overlaps"),
    ],
)
def test_tiers_that_overlap_or_leave_a_gap_are_refused_by_name(tiers: tuple[Tier, ...], words: str) -> None:
    with pytest.raises(Broken, match=f"price p: .*{words}"):
        price("volume", tiers=tiers)


def test_a_flat_price_with_tiers_is_refused() -> None:
    with pytest.raises(Broken, match="without a tiered scheme has tiers"):
        price("flat", tiers=(Tier(None, 1),))


def test_a_negative_quantity_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="price p: the quantity must be 0 or more, got -1"):
        amount_of(price("per_unit", unit_minor=5), -1)


def test_a_metered_price_without_a_meter_is_refused() -> None:
    with pytest.raises(Broken, match="names its meter"):
        price("per_unit", usage=UsageType.METERED)


def records(*quantities: int) -> list[UsageRecord]:
    return [UsageRecord(NOON + timedelta(hours=n), f"k{n}", quantity) for n, quantity in enumerate(quantities)]


@pytest.mark.parametrize(("aggregate", "expected"), [(Aggregate.SUM, 12), (Aggregate.MAX, 7), (Aggregate.LAST, 2)])
def test_usage_comes_to_its_sum_its_highest_or_its_last(aggregate: Aggregate, expected: int) -> None:
    assert used(aggregate, records(3, 7, 2)) == expected


@pytest.mark.parametrize("aggregate", list(Aggregate))
def test_no_usage_is_nothing(aggregate: Aggregate) -> None:
    assert used(aggregate, []) == 0


def test_the_same_usage_sent_twice_counts_once() -> None:
    assert used(Aggregate.SUM, [*records(3, 7), *records(3, 7)]) == 10


@given(st.permutations(records(3, 7, 2, 9)))
@settings(max_examples=25)
def test_the_order_in_which_usage_comes_does_not_matter(shuffled: list[UsageRecord]) -> None:
    assert [used(a, shuffled) for a in Aggregate] == [21, 9, 9]
