"""docs/simulator.md names everything that can be ordered, and what it shows runs."""

import re
from pathlib import Path

import pytest

from stripe_simulator.faults import KINDS
from stripe_simulator.operations import DRIFTS, OPERATIONS, SETTABLE

PAGE = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text()


@pytest.mark.parametrize("name", [*KINDS, *DRIFTS, *SETTABLE, *(f"/_control/{name}" for _, name in OPERATIONS)])
def test_everything_that_can_be_ordered_is_in_the_manual(name: str) -> None:
    prose = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    quoted = " ".join(re.findall(r"`([^`]+)`", prose))

    assert name in quoted


def test_the_in_process_example_runs() -> None:
    (example,) = (code for code in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "Simulator" in code)

    exec(compile(example, "docs/simulator.md", "exec"), {})
