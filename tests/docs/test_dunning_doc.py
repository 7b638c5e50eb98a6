"""docs/dunning.md says what the code does."""

import re
from dataclasses import fields
from datetime import timedelta
from pathlib import Path

import pytest

from billing_pipeline.adapters.message_templates import VARIABLES
from billing_pipeline.adapters.tables import control
from billing_pipeline.commands.dunning import app
from billing_pipeline.commands.dunning_compare import compare_table
from billing_pipeline.domain.dunning_baselines import baselines
from billing_pipeline.domain.dunning_cases import Held
from billing_pipeline.domain.dunning_compared import Compared
from billing_pipeline.domain.dunning_model import (
    BANK_MOOD,
    CARD_UPDATER,
    CHARGED_DAYS,
    CONSUMERS,
    MIX,
    NEVER_AGAIN,
    NEW_CARD_WORKS,
    OUTAGE,
    OUTAGE_OVER,
    PAYDAYS,
    PERCENT,
    REACTS,
    WAGES_FILL,
    WAGES_LAST_DAYS_MAX,
    WATCHED_DAYS,
    WINDFALL,
)
from billing_pipeline.domain.dunning_policy import Action
from billing_pipeline.flows.dunning_effects import HOOKS
from tests.domain.dunning_cases import POLICY

TEXT = (Path(__file__).parents[2] / "docs" / "dunning.md").read_text()


def table_under(heading: str, nth: int = 1) -> list[list[str]]:
    """The rows of the nth table after that heading, without its head."""
    lines = TEXT.partition(f"## {heading}\n")[2].splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith(("|---", "| ---"))]
    start = rules[nth - 1] - 1
    rows = [line for line in lines[start + 2 :] if line.startswith("|") or not line]
    end = rows.index("") if "" in rows else len(rows)
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[:end]]


def test_every_reason_is_explained_in_the_order_of_the_code():
    assert [row[0] for row in table_under("Why an invoice is held")] == [str(held) for held in Held]


def test_every_action_is_explained():
    assert [row[0] for row in table_under("The policy")] == [str(action) for action in Action]


def test_every_state_of_a_message_that_can_be_seen_is_explained():
    explained = {row[0] for row in table_under("Messages")}
    (allowed,) = [c for c in control.messages.constraints if "withdrawn" in str(getattr(c, "sqltext", ""))]

    states = set(re.findall(r"'(\w+)'", str(allowed.sqltext)))  # type: ignore[attr-defined]

    assert explained == states - {"sending"}


@pytest.mark.parametrize("word", sorted(VARIABLES | set(HOOKS.values()) | {"account.reinstated"}))
def test_template_variables_and_hook_types_are_named(word: str):
    assert f"`{word}`" in TEXT


def test_every_command_is_shown_or_named():
    names = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}

    missing = [name for name in names if f"dunning {name}" not in TEXT]

    assert missing == []


def test_the_comparison_table_is_the_commands_own():
    shown = TEXT.partition("<!-- compare -->\n")[2].partition("\n<!-- /compare -->")[0].splitlines()

    head = compare_table([]).splitlines()

    names = [line.split("|")[1].strip().split(" (")[0] for line in shown[2:]]
    assert shown[:2] == head
    assert names == [name.split(" (")[0] for name in baselines(POLICY)]
    assert all(line.count("|") == len(fields(Compared)) + 1 for line in shown)


def test_the_mix_of_the_model_is_the_one_in_the_table():
    rows = table_under("Against simpler ladders", nth=2)

    groups = [({word.strip(" `") for word in row[0].split(",")}, int(row[1].partition(" ")[0])) for row in rows]

    assert sum(share for _, share in groups) == 100
    assert sorted(word for words, _ in groups for word in words) == sorted(word for word, _ in MIX)
    assert all(sum(found for word, found in MIX if word in words) == share for words, share in groups)


@pytest.mark.parametrize(
    "figure",
    [
        *(f"{percent} %" for percent in REACTS.values()),
        *(f"{share} %" for _, share in PAYDAYS),
        *(f"{chance // PERCENT} %" for chance in (WAGES_FILL, WINDFALL, NEVER_AGAIN, BANK_MOOD, OUTAGE_OVER, CARD_UPDATER)),
        f"{NEW_CARD_WORKS // PERCENT} %", f"1 to {WAGES_LAST_DAYS_MAX} days", f"{OUTAGE // timedelta(hours=1)} hours",
        f"over {CHARGED_DAYS} days", f"within {WATCHED_DAYS} days", f"{CHARGED_DAYS + WATCHED_DAYS} days",
        f"{CONSUMERS // PERCENT} % are consumers",
    ],
)  # fmt: skip
def test_every_figure_of_the_model_is_told(figure: str):
    assert figure in " ".join(TEXT.partition("## Against simpler ladders")[2].split())
