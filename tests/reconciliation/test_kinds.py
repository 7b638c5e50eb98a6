"""Each kind of disagreement, alone: found with the right kind, and nothing else."""

from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.reconciliation import Kind
from tests.reconciliation.faults import FAULTS
from tests.two_books import TwoBooks, agreed


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_with_its_kind_and_nothing_else(db: Database, tmp_path: Path, fault: str) -> None:
    books = agreed(db, tmp_path)

    expected = FAULTS[fault](books, "x")

    assert set(books.found()) == expected
    assert_every_bridge_is_explained(books, remainder=fault == "entry_that_nothing_explains")


def assert_every_bridge_is_explained(books: TwoBooks, *, remainder: bool) -> None:
    """Both ends of every bridge differ by exactly its named rows."""
    proof = books.proof_kept()
    assert bool(proof.remainders) == remainder
    for key in {(one.day, one.currency, one.bridge) for one in proof.lines}:
        of_day = [one for one in proof.lines if (one.day, one.currency, one.bridge) == key]
        ends = sum(one.minor if one.name == "left" else -one.minor for one in of_day if one.name in ("left", "right"))
        assert ends == sum(one.minor for one in of_day if one.name not in ("left", "right")), key


def test_every_kind_has_a_fault() -> None:
    words = {kind.value for kind in Kind}

    covered = {
        line.split('"')[1]
        for line in Path(__file__).with_name("faults.py").read_text().splitlines()
        if "return {(" in line
    }

    assert covered == words
