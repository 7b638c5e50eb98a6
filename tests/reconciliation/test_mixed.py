"""Many faults at once, in seeded mixtures: every one is found with its kind, and nothing else is."""

from pathlib import Path
from random import Random

import pytest

from billing_pipeline.adapters.postgres import Database
from tests.reconciliation.faults import FAULTS
from tests.two_books import agreed

SAMPLE = (1, 2, 3)  # of the 200 that `make soak` runs
ALONE = {"entry_that_nothing_explains"}  # two of them on one day are one remainder
SOAKED = [pytest.param(seed, marks=pytest.mark.soak) for seed in range(200) if seed not in SAMPLE]


@pytest.mark.parametrize("seed", [*SAMPLE, *SOAKED])
def test_a_mixture_of_faults_is_found_whole_and_nothing_else(db: Database, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    books = agreed(db, tmp_path)
    names = [name for name in FAULTS if name not in ALONE]
    mixture = random.choices(names, k=random.randint(5, 40))

    expected = set[tuple[str, str]]().union(*(FAULTS[name](books, f"m{n}") for n, name in enumerate(mixture)))

    assert set(books.found()) == expected
    assert books.proof_kept().remainders == ()


def test_all_faults_together_are_found_whole(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    expected = set[tuple[str, str]]().union(*(fault(books, f"m{n}") for n, fault in enumerate(FAULTS.values())))

    assert set(books.found()) == expected
