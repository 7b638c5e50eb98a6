"""The limits for cards are read from one small file, and a wrong one is named in one line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from billing_pipeline.adapters.card_limits_file import read_card_limits
from billing_pipeline.adapters.dunning_policy_file import read_policy
from billing_pipeline.domain.card_budget import DEFAULT, LIMITS, MONTH, Limit, budget_left
from billing_pipeline.domain.errors import Broken

SHIPPED = Path(__file__).parents[2] / "policies"
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def written(folder: Path, text: str) -> Path:
    (folder / "cards.toml").write_text(text)
    return folder


def test_the_shipped_file_says_what_holds_without_one(tmp_path: Path) -> None:
    assert read_card_limits(SHIPPED) == read_card_limits(tmp_path) == LIMITS


def test_dunning_and_collecting_read_the_same_limits() -> None:
    assert read_policy(SHIPPED).card_limits == read_card_limits(SHIPPED)


def test_a_stricter_limit_holds(tmp_path: Path) -> None:
    folder = written(tmp_path, "[declines]\namex = [{ times = 2, within_hours = 24 }]")

    limits = read_card_limits(folder)

    assert limits["amex"] == (Limit(2, timedelta(hours=24)),)
    assert limits[DEFAULT] == (Limit(15, MONTH),)
    assert budget_left("amex", [NOW, NOW], NOW, limits).left == 0
    assert budget_left("visa", [NOW, NOW], NOW, limits).left == 13


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("declines = ", "Invalid value"),
        ("[decline]", "unknown table 'decline'"),
        ("declines = 15", "declines must be a table, not 15"),
        ("[declines]\nothers = 15", "must be a list"),
        ("[declines]\nothers = [{ times = 1, within_hours = 99999999999999 }]", "needs times and within_hours"),
        ("[declines]\nothers = [{ times = 15 }]", "needs times and within_hours"),
        ("[declines]\nothers = [{ times = 0, within_hours = 24 }]", "above 0"),
        ("[declines]\nvisa = [{ times = 21, within_hours = 720 }]", "visa allows what its network fines"),
        ("[declines]\nvisa = [{ times = 15, within_hours = 24 }]", "visa allows"),
        ("[declines]\nmastercard = [{ times = 35, within_hours = 720 }]", "mastercard allows"),
    ],
)
def test_a_wrong_file_is_one_line_that_names_it(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(Broken, match=words) as refused:
        read_card_limits(written(tmp_path, text))

    assert str(tmp_path / "cards.toml") in str(refused.value)
    assert "\n" not in str(refused.value)
