"""What a decline means, by the most specific word that was said."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.card_budget import LIMITS, Limit, budget_left
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.retry_rules import (
    ADVICE,
    HARD_DECLINES,
    NETWORK_ADVICE,
    RETRY_AFTER,
    DeclineClass,
    decline_class,
    earliest_retry,
    retry_after,
)  # fmt: skip
from tests.fakes import START


@pytest.mark.parametrize(
    ("codes", "meaning"),
    [
        (Codes(decline="insufficient_funds"), DeclineClass.SOFT),
        (Codes(decline="stolen_card"), DeclineClass.HARD),
        (Codes(code="expired_card"), DeclineClass.CUSTOMER_FIX),
        (Codes(code="no_payment_method"), DeclineClass.CUSTOMER_FIX),
        (Codes(code="a_code_of_next_year"), DeclineClass.SOFT),
        (Codes(), DeclineClass.SOFT),
        (Codes(decline="authentication_required", advice="do_not_try_again"), DeclineClass.AUTHENTICATION),
        (Codes(decline="stolen_card", advice="try_again_later"), DeclineClass.SOFT),
        (Codes(decline="insufficient_funds", advice="do_not_try_again"), DeclineClass.HARD),
        (Codes(decline="insufficient_funds", network_advice="03"), DeclineClass.HARD),
        (Codes(decline="stolen_card", network_advice="24"), DeclineClass.SOFT),
        (Codes(advice="try_again_later", network_advice="03"), DeclineClass.SOFT),
        (Codes(decline="insufficient_funds", network_decline="R0"), DeclineClass.HARD),
        (Codes(decline="insufficient_funds", network_decline="r0"), DeclineClass.HARD),
        (Codes(decline="stolen_card", code="processing_error"), DeclineClass.HARD),
        (Codes(decline="debit_not_authorized"), DeclineClass.HARD),
    ],
)
def test_the_most_specific_word_rules(codes: Codes, meaning: DeclineClass) -> None:
    assert decline_class(codes) is meaning


def test_visas_categories_do_not_bind_other_brands() -> None:
    codes = Codes(decline="do_not_honor", network_decline="12")

    assert (decline_class(codes, "visa"), decline_class(codes, "mastercard")) == (DeclineClass.HARD, DeclineClass.SOFT)


@pytest.mark.parametrize(
    ("network_advice", "wait"),
    [("24", timedelta(hours=1)), ("30", timedelta(days=10)), ("02", timedelta(hours=72)), ("", RETRY_AFTER)],
)
def test_the_network_says_how_long_to_wait(network_advice: str, wait: timedelta) -> None:
    codes = Codes(decline="insufficient_funds", network_advice=network_advice)

    assert retry_after(codes) == wait
    assert earliest_retry(codes, START) == START + wait


@pytest.mark.parametrize("decline", sorted(HARD_DECLINES))
def test_a_hard_decline_has_no_next_time(decline: str) -> None:
    assert earliest_retry(Codes(decline=decline), START) is None


@given(
    st.builds(
        Codes,
        code=st.sampled_from(["", "card_declined", "expired_card", "authentication_required"]),
        decline=st.sampled_from(["", "insufficient_funds", "stolen_card", "fraudulent"]),
        advice=st.sampled_from(["", *ADVICE]),
        network_advice=st.sampled_from(["", *NETWORK_ADVICE]),
        network_decline=st.sampled_from(["", "51", "R1"]),
    )
)
def test_only_a_soft_decline_is_ever_retried(codes: Codes) -> None:
    retried = earliest_retry(codes, START)

    assert (retried is not None) == (decline_class(codes) is DeclineClass.SOFT)
    assert retried is None or retried > START


def test_a_card_has_the_tries_of_its_brand() -> None:
    fresh = budget_left("visa", [], START)
    tired = budget_left("visa", [START - timedelta(days=1)] * 14, START)
    spent = budget_left("visa", [START - timedelta(days=1)] * 15, START)

    assert (fresh.left, tired.left, spent.left) == (15, 1, 0)
    assert spent.free_at == START + timedelta(days=29)


def test_a_mastercard_rests_after_ten_declines_in_a_day() -> None:
    budget = budget_left("mastercard", [START - timedelta(hours=1)] * 10, START)

    assert (budget.left, budget.free_at) == (0, START + timedelta(hours=23))


def test_a_brand_that_is_not_listed_has_the_strictest_monthly_limit() -> None:
    assert budget_left("unheard_of", [START] * 15, START).left == 0


def test_the_limits_are_configurable() -> None:
    assert budget_left("visa", [START], START, {"": (Limit(1, timedelta(days=1)),)}).left == 0


@given(
    st.lists(st.integers(min_value=0, max_value=40 * 24), max_size=60),
    st.sampled_from(["visa", "mastercard", "amex"]),
)
def test_a_try_when_the_budget_says_it_is_free_never_breaks_a_limit(hours_ago: list[int], brand: str) -> None:
    declined = [START - timedelta(hours=hours) for hours in hours_ago]

    budget = budget_left(brand, declined, START)

    when = START if budget.left else budget.free_at
    assert when is not None
    for limit in LIMITS.get(brand, LIMITS[""]):
        recent = [moment for moment in declined if moment > when - limit.within]
        assert len(recent) < limit.declines_max
