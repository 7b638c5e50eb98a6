"""The checks as finance sees them in the UI: money in major units, no check hidden by another that failed."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from assets.checks import reconciliation_checks, shown
from assets.reconciliation import divergences
from billing_pipeline.adapters.expectations import SUITES, SuiteResult
from billing_pipeline.adapters.postgres import Database
from tests.opened import opened
from tests.reconciliation.test_expectations import world_of
from tests.two_books import TwoBooks, agreed


def checked(books: TwoBooks) -> dg.ExecuteInProcessResult:
    """The checks on the divergences of these books, run as Dagster does."""
    return dg.materialize(
        [divergences, reconciliation_checks], resources={"billing": opened(world_of(books))}, raise_on_error=False,
        selection=dg.AssetSelection.checks(reconciliation_checks),
    )  # fmt: skip


def result_of(row: dict[str, Any]) -> SuiteResult:
    return SuiteResult("balances_match", False, False, {"rows": 1}, [row])


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"currency": "usd", "difference_minor": -123456}, "currency: usd, difference: -1,234.56 usd"),
        ({"currency": "jpy", "remainder_minor": 500}, "currency: jpy, remainder: 500 jpy"),
        ({"object_type": "refund", "age_minutes": None}, "object_type: refund, age_minutes: none"),
        ({"subject": "a|b"}, "subject: a/b"),
    ],
)
def test_a_failing_row_is_shown_for_people(row: dict[str, Any], told: str) -> None:
    spec = next(iter(reconciliation_checks.check_specs))

    metadata = shown(spec, result_of(row)).metadata

    assert metadata["first failing row"].value == told
    assert (
        str(metadata["failing rows"].value).splitlines()[2]
        == "| " + " | ".join(part.split(": ")[1] for part in told.split(", ")) + " |"
    )


def test_a_check_that_cannot_be_evaluated_hides_no_other_and_is_named(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.reconcile()
    with books.workbench.open() as bench:
        bench.connection.execute("drop table reconciliation.proof_of_close")

    done = checked(books)

    (failure,) = done.get_step_failure_events()
    told = {one.check_name for one in done.get_asset_check_evaluations()}
    assert told == {name for name in SUITES if name not in ("bridges_zero", "certificate_fresh")}
    assert "bridges_zero: reconciliation.proof_of_close was never extracted" in str(failure.step_failure_data.error)
