"""The table of retry rules says what the rules do."""

from datetime import UTC, datetime

import pytest

from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.retry_rules import Rule, decline_class, earliest_retry, rules

NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIELDS = {"Stripe's advice": "advice", "Mastercard's advice": "network_advice", "Visa's category": "network_decline"}


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: f"{rule.said_by} {rule.word}")
def test_every_line_of_the_table_is_how_it_is_decided(rule: Rule) -> None:
    codes = Codes(**{FIELDS.get(rule.said_by, "decline"): rule.word})

    again = earliest_retry(codes, NOW)

    assert decline_class(codes) is rule.decline_class
    assert again == (NOW + rule.wait if rule.wait else None)


def test_a_word_is_listed_once_by_each_who_says_it() -> None:
    said = [(rule.said_by, rule.word) for rule in rules()]

    assert len(said) == len(set(said))
