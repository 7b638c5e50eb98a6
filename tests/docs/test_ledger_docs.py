"""The pages about the ledger and the intake say what the code does."""

from pathlib import Path

import pytest

from billing_pipeline.commands.imports import described
from billing_pipeline.domain.intake import Kind
from billing_pipeline.domain.intake_kinds import KINDS
from billing_pipeline.flows.verify_books import CHECKS

ROOT = Path(__file__).parents[2]
IMPORT = (ROOT / "docs" / "import.md").read_text()
LEDGER = (ROOT / "docs" / "ledger.md").read_text()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: str(kind.name))
def test_every_column_of_a_kind_is_documented_and_no_other(kind: Kind) -> None:
    section = IMPORT.split(f"\n### {kind.name}\n")[1].split("\n### ")[0]

    rows = [line for line in section.splitlines() if line.startswith("| ")][1:]
    assert rows == [f"| {name} | {needed} | {meaning} |" for name, needed, meaning in described(kind)]
    assert kind.about in section


def test_every_kind_has_an_example_file_with_its_needed_columns() -> None:
    headers = {
        path.stem: path.read_text().splitlines()[0].split(",") for path in (ROOT / "examples" / "import").glob("*.csv")
    }

    assert set(headers) == set(KINDS)
    for name, kind in KINDS.items():
        assert {column.name for column in kind.columns if column.required} <= set(headers[name])


def test_every_check_of_verify_is_documented() -> None:
    assert [
        line for line in LEDGER.splitlines() if line in {f"| {name} | {said} |" for name, said in CHECKS.items()}
    ] == [f"| {name} | {said} |" for name, said in CHECKS.items()]
