"""`make bench ONLY=name`: the name of a group or of any figure selects what measures it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import FIGURES, RESULTS, selected, suites

GROUPS = suites("", full=False)
ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("group", sorted(GROUPS))
def test_a_group_selects_itself(group: str) -> None:
    found = selected(GROUPS, group)

    assert list(found) == [group]


@pytest.mark.parametrize(("figure", "group"), [(f, g) for g, names in FIGURES.items() for f in names])
def test_a_figure_selects_its_group_alone(figure: str, group: str) -> None:
    found = selected(GROUPS, figure)

    assert list(found) == [group]


@pytest.mark.parametrize(
    ("beginning", "groups"),
    [
        ("simul", ["simulator_inprocess", "simulator_http", "simulator_page", "simulate_years"]),
        ("webhook", ["events"]),
        ("billing_run_10k_1w", ["billing_run"]),
        ("publish", ["reconcile"]),
        ("", list(GROUPS)),
        ("nothing_of_ours", []),
    ],
)
def test_the_beginning_of_a_name_selects_too(beginning: str, groups: list[str]) -> None:
    found = selected(GROUPS, beginning)

    assert list(found) == groups


def test_every_figure_that_was_kept_can_be_measured_again() -> None:
    kept = [row["name"] for row in json.loads(RESULTS.read_text())]

    assert kept
    assert [name for name in kept if len(selected(GROUPS, name)) != 1] == []


def test_a_name_that_nothing_has_is_refused_before_anything_starts() -> None:
    words = [sys.executable, "-m", "benchmarks", "--only", "nothing_of_ours"]

    asked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert asked.returncode == 2
    assert "no figure is called 'nothing_of_ours'; the groups are billing_run, " in asked.stderr
