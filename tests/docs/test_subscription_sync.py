"""The parity table in the docs is the one that the code makes, and it agrees to the cent."""

from tests.parity_cases import cases
from tests.parity_table import table, written


def test_the_parity_table_is_current() -> None:
    assert written() == table(), "python -m tests.parity_table"


def test_at_least_forty_cases_agree_to_the_cent() -> None:
    differences = [int(line.split("|")[6]) for line in written().splitlines()[2:]]

    assert len(differences) == len(list(cases())) >= 40
    assert differences.count(0) >= 56
    assert max(abs(one) for one in differences) <= 1
