"""Items that are added to a subscription and removed from it."""

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.boundaries import Billed, usage_due
from billing_pipeline.domain.change_steps import Changed, changed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoice_drafts import LineKind
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.pricing import Scheme, Tier
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.subscriptions import Charger, Subscription, SubscriptionState, WithoutCard
from billing_pipeline.domain.taxes import TaxRate
from tests.domain.billing_examples import (
    BILLED_JANUARY,
    FEB,
    JAN,
    discount,
    flat,
    item,
    metered,
    seats,
    subscription,
    tax,
)

MID: Any = JAN + timedelta(days=10)
CALLS = metered("calls")
TIERED = metered("tiered", scheme=Scheme.GRADUATED, tiers=(Tier(100, 10), Tier(None, 1)), meter="calls")
SETUP = flat("setup", 3100, setup_fee_minor=500)
PRICES = {price.price_id: price for price in (flat("extra", 3100), flat("old", 1, active=False), CALLS, TIERED, SETUP)}


def change(kind: Any, number: int = 1, at: datetime = MID, **wish: Any) -> Change:
    return Change(SubscriptionId("s1"), f"c{number}", kind, wish, "now", at, "test", number)


def add(price_id: str = "extra", number: int = 1, **wish: Any) -> Change:
    return change("add", number, price_id=price_id, **wish)


def outcome(
    made: Subscription, *changes: Change, at: datetime = MID, last: Billed | None = BILLED_JANUARY,
    rate: TaxRate | None = None,
) -> Changed:  # fmt: skip
    return changed(made, last, changes, at, PRICES, Taxes(rate))


def lines(result: Changed) -> list[tuple[LineKind, int]]:
    return [(line.kind, line.total_minor) for line in result.lines]


def test_an_item_added_in_mid_period_is_charged_for_the_time_that_is_left() -> None:
    result = outcome(subscription(), add(quantity=2))

    new = result.subscription.items[-1]
    assert lines(result) == [(LineKind.REMAINING_TIME, 2100)]
    assert (new.item_id, new.quantity, new.valid_from, new.valid_to) == ("s1-extra", 2, MID, None)


def test_an_item_removed_in_mid_period_gives_back_the_time_that_is_left() -> None:
    result = outcome(subscription(item(flat()), item(flat("extra", 3100))), change("remove", item_id="i-extra"))

    assert lines(result) == [(LineKind.UNUSED_TIME, -2100)]
    assert [one.item_id for one in result.subscription.items_at(MID)] == ["i-basic"]


def test_an_item_that_is_added_or_removed_at_the_boundary_is_not_prorated() -> None:
    both = subscription(item(flat()), item(flat("extra", 3100)))

    assert outcome(subscription(), add(), at=FEB).lines == ()
    assert outcome(both, change("remove", item_id="i-extra"), at=FEB).lines == ()


def test_an_added_item_pays_its_setup_fee_once_beside_the_time_that_is_left() -> None:
    assert lines(outcome(subscription(), add("setup"))) == [(LineKind.REMAINING_TIME, 2100), (LineKind.SETUP_FEE, 500)]
    assert lines(outcome(subscription(), add("setup"), at=FEB)) == [(LineKind.SETUP_FEE, 500)]


def test_an_item_added_on_trial_pays_its_setup_fee_with_the_first_invoice() -> None:
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB)

    assert outcome(trial, add("setup"), last=None).lines == ()


@given(
    st.integers(0, 20_000), st.integers(0, 20_000), st.integers(1, 31 * 86400 - 1), st.integers(0, 1_000_000),
    st.integers(0, 30_000), st.booleans(),
)  # fmt: skip
@settings(max_examples=100)
def test_adding_and_removing_at_the_same_instant_is_zero(
    unit: int, other: int, seconds: int, percent: int, off: int, inclusive: bool
) -> None:
    extra = seats("extra", unit)
    made = subscription(item(flat(unit_minor=other)), discounts=(discount(percent), discount(amount_minor=off)))
    there_and_back = (add(quantity=3), change("remove", 2, item_id="s1-extra"))

    result = changed(
        made, BILLED_JANUARY, there_and_back, JAN + timedelta(seconds=seconds), {extra.price_id: extra},
        Taxes(tax(190_000, inclusive=inclusive)),
    )  # fmt: skip

    assert not result.refused
    assert sum(line.total_minor for line in result.lines) == 0
    assert sum(line.net_minor for line in result.lines) == 0


@given(st.integers(0, 20_000), st.integers(1, 31 * 86400 - 1))
@settings(max_examples=50)
def test_an_item_removed_and_added_again_at_the_same_instant_is_zero(unit: int, seconds: int) -> None:
    extra = flat("extra", unit)

    result = changed(
        subscription(item(flat()), item(extra)), BILLED_JANUARY, (change("remove", item_id="i-extra"), add(number=2)),
        JAN + timedelta(seconds=seconds), {extra.price_id: extra}, Taxes(None),
    )  # fmt: skip

    assert sum(line.total_minor for line in result.lines) == 0


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (add("nope"), "price nope does not exist"),
        (add("old"), "price old .*not active"),
        (add(item_id="i-basic"), "item i-basic is there already, or was: give the new one another item_id"),
        (add(item_id="a b"), "'a b' is no id"),
        (add(quantity=-1), "not a whole number"),
        (change("add"), "a change of kind add needs price_id, got {}"),
        (change("remove"), "a change of kind remove needs item_id, got {}"),
        (change("remove", item_id="nope"), "name one item of i-basic, got nope"),
        (change("remove", item_id="i-basic"), "item i-basic is the only one: cancel the subscription instead"),
    ],
)
def test_an_item_that_cannot_be_added_or_removed_is_refused_with_the_reason(wanted: Change, words: str) -> None:
    made = subscription()

    result = outcome(made, wanted)

    assert result.subscription is made
    assert re.search(words, result.refused[0][1])


def test_two_items_that_count_one_meter_are_refused() -> None:
    ((_, reason),) = outcome(subscription(item(CALLS)), add("tiered")).refused

    assert "two of its items count the same meter" in reason


def test_a_setup_fee_that_stripe_would_not_charge_is_refused() -> None:
    ((_, reason),) = outcome(subscription(charger=Charger.STRIPE), add("setup")).refused

    assert "has a setup fee, which Stripe would not charge" in reason


def test_an_id_is_never_given_twice() -> None:
    again = outcome(subscription(), add(), change("remove", 2, item_id="s1-extra"), add(number=3))

    assert [one.item_id for one in again.subscription.items] == ["i-basic", "s1-extra", "s1-extra-2"]


def test_the_usage_of_an_item_counts_from_its_beginning_to_its_end() -> None:
    begun = outcome(subscription(), add("calls")).subscription
    over = outcome(begun, change("remove", item_id="s1-calls"), at=JAN + timedelta(days=20)).subscription

    assert [window for _, window in usage_due(over, BILLED_JANUARY)] == [Period(MID, JAN + timedelta(days=20))]


def test_another_metered_price_counts_from_zero_and_the_same_one_goes_on() -> None:
    made = subscription(item(TIERED, item_id="i1"))

    swapped = outcome(made, change("swap", price_id="calls")).subscription
    back = outcome(swapped, change("swap", 2, price_id="tiered")).subscription

    assert [(one.price.price_id, window) for one, window in usage_due(swapped, BILLED_JANUARY)] == [
        ("tiered", Period(JAN, MID)), ("calls", Period(MID, FEB)),
    ]  # fmt: skip
    assert [(one.item_id, window) for one, window in usage_due(back, BILLED_JANUARY)] == [("i1", Period(JAN, FEB))]


def test_a_metered_item_has_no_quantity_to_change() -> None:
    ((_, reason),) = outcome(subscription(item(CALLS)), change("quantity", quantity=5)).refused

    assert reason == "price calls is metered: its quantity is what is used"


def test_the_choice_for_a_trial_without_a_card_can_be_changed_alone() -> None:
    trial = subscription(state=SubscriptionState.TRIALING, trial_end=FEB, next_period_start=FEB)

    after = outcome(trial, change("trial", without_card="cancel"), last=None).subscription
    ((_, reason),) = outcome(trial, change("trial", without_card="shrug"), last=None).refused

    assert (after.trial_end, after.trial_without_card) == (FEB, WithoutCard.CANCEL)
    assert reason == "unknown without_card 'shrug': use create_invoice, pause, cancel"


@given(st.integers(1, 31 * 86400 - 1), st.booleans(), st.booleans())
@settings(max_examples=25)
def test_a_price_is_given_back_with_the_tax_with_which_it_was_charged_last(
    seconds: int, taxed_before: bool, taxed_now: bool
) -> None:
    cheap, dear = flat("cheap", 500), flat("dear", 1000)
    before, now = (tax() if is_taxed else None for is_taxed in (taxed_before, taxed_now))
    changes = tuple(change("swap", n, price_id=name) for n, name in enumerate(("cheap", "dear", "cheap")))

    result = changed(
        subscription(item(dear)), BILLED_JANUARY, changes, JAN + timedelta(seconds=seconds),
        {cheap.price_id: cheap, dear.price_id: dear}, Taxes(now, {dear.price_id: before}),
    )  # fmt: skip

    assert [line.tax_rate_id is not None for line in result.lines] == [taxed_before, *[taxed_now] * 5]
