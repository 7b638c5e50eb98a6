"""The parity table in the docs is the one that the code makes, and it agrees to the cent."""

from tests.parity_cases import cases
from tests.parity_table import table, written


def test_the_parity_table_is_current() -> None:
    assert written() == table(), "python -m tests.parity_table"


def test_at_least_forty_changes_agree_to_the_cent() -> None:
    rows = [[cell.strip() for cell in line.split("|")] for line in written().splitlines()[2:]]
    changes = [int(row[6]) for row in rows if row[2] != "renewal"]
    renewals = [int(row[6]) for row in rows if row[2] == "renewal"]

    assert len(rows) == len(list(cases()))
    assert len(changes) >= 40
    assert set(changes) == set(renewals) == {0}
