"""What a step asks for, and the words that go with it."""

from dataclasses import replace
from datetime import date

import pytest

from billing_pipeline.domain.dunning_policy import Action, Ladder, Step
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId
from billing_pipeline.flows.dunning_effects import language_of, next_consequence_on, subscription_fact
from billing_pipeline.flows.ports.dunning import Payer
from tests.domain.dunning_cases import LADDER, POLICY
from tests.fakes import START

POLYGLOT = replace(POLICY, languages=("en", "de", "ja"))


@pytest.mark.parametrize(
    ("locale", "language"),
    [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("ja-JP", "ja"), ("fr", "en"), ("", "en"), ("zh-Hans", "en")],
)
def test_a_customer_is_written_to_in_a_language_that_we_write(locale: str, language: str):
    payer = Payer(AccountId("acme"), "Acme", "Example", "a@example.com", locale)

    assert language_of(POLYGLOT, payer) == language


@pytest.mark.parametrize(
    ("step", "next_on"),
    [
        ("reminder", date(2026, 3, 17)),
        ("final", date(2026, 3, 13)),
        ("write-off", None),
        ("retry-1", None),
        ("new-card-pm_1", None),
    ],
)
def test_the_day_of_the_next_consequence_keeps_the_announced_distance(step: str, next_on: date | None):
    assert next_consequence_on(LADDER, step, date(2026, 3, 10)) == next_on


def test_a_ladder_without_consequences_announces_none():
    assert next_consequence_on(Ladder("l", (Step("retry-1", 1, Action.RETRY),)), "retry-1", date(2026, 3, 10)) is None


def test_the_same_wish_about_a_subscription_has_the_same_name():
    cause = (AccountId("acme"), InvoiceId("inv-1"))
    wishes = [subscription_fact("suspend", SubscriptionId("s1"), *cause, "suspend", START) for _ in range(2)]
    others = [
        subscription_fact("reinstate", SubscriptionId("s1"), *cause, "suspend", START),
        subscription_fact("suspend", SubscriptionId("s2"), *cause, "suspend", START),
        subscription_fact("suspend", SubscriptionId("s1"), *cause, "suspend@2", START),
    ]

    names = {fact.event_id for fact in wishes + others}

    assert wishes[0] == wishes[1]
    assert len(names) == 4
    assert {fact.source for fact in wishes + others} == {"dunning"}
