"""Stripe's currency traps, each with the amount that a blind ISO table gets wrong."""

import pytest

from billing_pipeline.domain.currencies import (
    MINIMUM_CHARGE,
    THREE_DECIMAL,
    TWO_DECIMAL,
    ZERO_DECIMAL,
    currency,
    exponent,
    minimum_charge,
    multiple,
)
from billing_pipeline.domain.errors import Broken


@pytest.mark.parametrize(("code", "places"), [("usd", 2), ("jpy", 0), ("kwd", 3), ("isk", 2), ("ugx", 2), ("huf", 2)])
def test_a_currency_has_the_places_that_stripe_gives_it(code: str, places: int) -> None:
    assert exponent(currency(code)) == places


@pytest.mark.parametrize(("code", "step"), [("usd", 1), ("jpy", 1), ("kwd", 10), ("isk", 100), ("ugx", 100)])
def test_amounts_go_in_the_steps_that_stripe_accepts(code: str, step: int) -> None:
    assert multiple(currency(code)) == step


def test_a_currency_that_stripe_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(Broken, match="unknown currency 'xyz'"):
        currency("xyz")


def test_capital_letters_are_the_same_currency() -> None:
    assert currency("USD") == "usd"


def test_no_currency_is_in_two_classes() -> None:
    assert not ZERO_DECIMAL & TWO_DECIMAL
    assert not ZERO_DECIMAL & THREE_DECIMAL
    assert not TWO_DECIMAL & THREE_DECIMAL


def test_every_minimum_belongs_to_a_known_currency() -> None:
    assert {currency(code) for code in MINIMUM_CHARGE} == set(MINIMUM_CHARGE)
    assert (minimum_charge(currency("usd")), minimum_charge(currency("jpy")), minimum_charge(currency("kwd"))) == (
        50,
        50,
        0,
    )
