"""docs/dunning.md says what the code does."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from billing_pipeline.adapters.message_templates import VARIABLES
from billing_pipeline.adapters.tables import control
from billing_pipeline.commands.dunning import app, compare_table
from billing_pipeline.domain.dunning_baselines import baselines
from billing_pipeline.domain.dunning_cases import Held
from billing_pipeline.domain.dunning_model import MIX, REACTS
from billing_pipeline.domain.dunning_policy import Action
from billing_pipeline.flows.compare_dunning import Compared
from billing_pipeline.flows.dunning_effects import HOOKS
from tests.domain.dunning_cases import POLICY

TEXT = (Path(__file__).parents[2] / "docs" / "dunning.md").read_text()


def table_under(heading: str) -> list[list[str]]:
    """The rows of the first table after that heading, without its head."""
    lines = TEXT.partition(f"## {heading}\n")[2].splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
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
    rows = table_under("Against simpler ladders")[-5:] or []
    text = TEXT.partition("What the world is made of")[2]

    shares = [int(share) for share in re.findall(r"\| (\d+) % \|", text)]

    assert rows
    assert sum(shares) == 100
    assert all(f"`{word}`" in text for word, _ in MIX)
    assert all(f"{percent} %" in text for percent in REACTS.values())
