"""What is wrong with a policy, and where."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_baselines import baselines
from billing_pipeline.domain.dunning_policy import (
    Action,
    Caps,
    Policy,
    Segment,
    Step,
    Timing,
    faults,
    segment_of,
)
from billing_pipeline.domain.ids import PlanId
from billing_pipeline.domain.money import Money
from tests.domain.dunning_cases import POLICY, with_ladder

MAIL = Step("reminder", 2, Action.MAIL, "payment_failed")
END = Step("write-off", 60, Action.WRITE_OFF)
REST = Segment("rest", "standard")
GERMANS = Segment("g", "standard", countries=frozenset({"DE"}))


def retries(*days: int) -> tuple[Step, ...]:
    return tuple(Step(f"retry-{number}", day, Action.RETRY) for number, day in enumerate(days, 1))


def test_a_good_policy_has_no_faults():
    assert faults(POLICY) == []


@pytest.mark.parametrize(
    ("policy", "place", "word"),
    [
        (with_ladder(MAIL, MAIL, END), ("ladders", "standard", "steps", 1, "step"), "twice"),
        (with_ladder(MAIL, replace(END, day=400)), ("ladders", "standard", "steps", 1, "day"), "day 400"),
        (with_ladder(replace(MAIL, template=""), END), ("ladders", "standard", "steps", 0), "without a template"),
        (with_ladder(MAIL, *retries(1), END), ("ladders", "standard", "steps", 1, "day"), "sort by day"),
        (with_ladder(MAIL), ("ladders", "standard"), "exactly one write_off"),
        (with_ladder(END, replace(MAIL, day=61)), ("ladders", "standard"), "exactly one write_off"),
        (with_ladder(Step("s", 1, Action.SUSPEND), END), ("ladders", "standard"), "unwarned"),
        (with_ladder(*retries(1, 1), END), ("ladders", "standard", "steps", 1, "day"), "two retries on day 1"),
        (with_ladder(*retries(*range(1, 10)), END), ("ladders", "standard"), "retries_per_invoice_max"),
        (
            with_ladder(MAIL, Step("c", 3, Action.CANCEL), Step("s", 4, Action.SUSPEND), END),
            ("ladders", "standard"),
            "after cancel",
        ),
        (replace(POLICY, segments=(Segment("all", "nowhere"),)), ("segments", 0, "ladder"), "no ladder 'nowhere'"),
        (replace(POLICY, segments=(REST, REST)), ("segments",), "2 segments"),
        (replace(POLICY, segments=()), ("segments",), "0 segments"),
        (
            replace(POLICY, segments=(GERMANS, replace(GERMANS, kinds=frozenset()), REST)),
            ("segments", 1, "name"),
            "called 'g'",
        ),
        (
            replace(POLICY, segments=(replace(GERMANS, countries=frozenset({"Germany"})), REST)),
            ("segments", 0, "countries"),
            "two capital letters",
        ),
        (
            replace(POLICY, segments=(replace(GERMANS, amounts_from=(("usd", -1),)), REST)),
            ("segments", 0, "amounts_from"),
            "less than nothing",
        ),
        (
            replace(POLICY, segments=(replace(GERMANS, amounts_below=(("dollar", 1),)), REST)),
            ("segments", 0, "amounts_below"),
            "no currency",
        ),
        (with_ladder(MAIL, END, grace_days=-1), ("ladders", "standard", "grace_days"), "use 0 to 90"),
        (replace(POLICY, version=""), ("version",), "empty"),
        (replace(POLICY, timing=Timing(paydays=(32,))), ("timing", "paydays"), "1 to 31"),
        (replace(POLICY, timing=Timing(payday_wait_days_max=40)), ("timing", "payday_wait_days_max"), "15"),
        (replace(POLICY, caps=Caps(notices_per_customer_7_days_max=0)), ("caps",), "at least"),
        (
            replace(POLICY, caps=Caps(attempts_per_card_30_days_max=20)),
            ("caps", "attempts_per_card_30_days_max"),
            "card networks allow 15",
        ),
    ],
)
def test_a_fault_names_its_place_and_what_to_do(policy: Policy, place: tuple[str | int, ...], word: str):
    found = faults(policy)

    assert [fault.place for fault in found if word in fault.message] == [place]


def test_a_ladder_that_tries_a_card_more_often_than_networks_allow_is_refused_at_the_step_that_is_too_many():
    policy = with_ladder(*retries(*range(1, 17)), END)
    policy = replace(policy, caps=replace(policy.caps, retries_per_invoice_max=20))

    found = faults(policy)

    assert [fault.place[-1] for fault in found] == [14, 15]
    assert "network limits" in found[0].message


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (Segment("a", "standard", kinds=frozenset({"consumer"})), Segment("b", "standard", countries=frozenset({"DE"})), True),
        (Segment("a", "standard", kinds=frozenset({"consumer"})), Segment("b", "standard", kinds=frozenset({"business"})), False),
        (Segment("a", "standard", amounts_from=(("usd", 100),)), Segment("b", "standard", amounts_below=(("usd", 100),)), False),
        (Segment("a", "standard", amounts_from=(("usd", 100),)), Segment("b", "standard", amounts_below=(("usd", 101),)), True),
        (Segment("a", "standard", amounts_from=(("usd", 100),)), Segment("b", "standard", amounts_from=(("eur", 1),)), False),
        (Segment("a", "standard", amounts_from=(("usd", 100),)), Segment("b", "standard", plans=frozenset({"pro"})), True),
    ],
)  # fmt: skip
def test_segments_that_share_an_invoice_are_refused(one: Segment, other: Segment, overlap: bool):
    found = faults(replace(POLICY, segments=(one, other, REST)))

    assert [fault.place for fault in found] == ([("segments", 1)] if overlap else [])


amounts = st.one_of(st.just(()), st.tuples(st.tuples(st.sampled_from(["usd", "eur"]), st.integers(1, 5))))
segments = st.builds(
    Segment,
    st.just("one"),
    st.just("standard"),
    st.frozensets(st.sampled_from(["business", "consumer"]), max_size=1),
    st.frozensets(st.sampled_from(["basic", "pro"]), max_size=1),
    st.frozensets(st.sampled_from(["US", "DE"]), max_size=1),
    amounts,
    amounts,
)


@given(one=segments, other=segments)
@settings(max_examples=100, deadline=None)
def test_what_passes_as_disjoint_never_shares_an_invoice(one: Segment, other: Segment):
    policy = replace(POLICY, segments=(one, replace(other, name="other"), REST))
    disjoint = not any(fault.place == ("segments", 1) for fault in faults(policy))
    kinds, plans, countries = ("business", "consumer"), (PlanId("basic"), PlanId("pro"), None), ("US", "DE", "JP")
    sums = [Money(minor, Currency(code)) for code in ("usd", "eur", "jpy") for minor in range(7)]

    both = [
        (kind, plan, country, owed)
        for kind in kinds
        for plan in plans
        for country in countries
        for owed in sums
        if segment_of(replace(policy, segments=(one, REST)), kind, plan, country, owed) is one
        and segment_of(replace(policy, segments=(other, REST)), kind, plan, country, owed) is other
    ]

    assert not (disjoint and both and not one.is_default and not other.is_default)


def test_the_rivals_keep_every_message_and_change_only_the_retries():
    found = baselines(replace(POLICY, timing=Timing(paydays=(1,))))

    steps = {name: rival.ladders["standard"] for name, rival in found.items()}
    assert [len(ladder.retries) for ladder in steps.values()] == [2, 4, 8, 0]
    assert {ladder.consequences for ladder in steps.values()} == {POLICY.ladders["standard"].consequences}
    assert [rival.timing.paydays for rival in found.values()] == [(1,), (), (), ()]
