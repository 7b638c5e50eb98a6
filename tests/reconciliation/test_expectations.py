"""The suites behind the asset checks."""

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from billing_pipeline.adapters.expectations import SUITES, Rule, run_suite, validate
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control, stripe
from billing_pipeline.domain.errors import Broken
from tests.fakes import FakeClock
from tests.reconciliation.faults import FAULTS
from tests.seeds import add, fetch
from tests.two_books import NOW, PAID_AT, TwoBooks, agreed

POLICIES = Path(__file__).parents[2] / "policies"


@dataclass(frozen=True)
class Settings:
    policies: Path = POLICIES
    zone: str = "UTC"


@dataclass(frozen=True)
class SmallWorld:
    home: Path
    db: Database
    clock: FakeClock
    settings: Settings = field(default_factory=Settings)


def world_of(books: TwoBooks) -> SmallWorld:
    return SmallWorld(books.home, books.db, books.clock)


def certify(books: TwoBooks) -> None:
    for object_type in ("payment_intent", "refund", "dispute"):
        add(
            books.db, control.certificates, object_type=object_type, sweep_id="s", complete_to=NOW, objects=1, sums={},
            digest="", missed_by_events=0, issued=True, made_at=NOW,
        )  # fmt: skip


def test_every_suite_passes_on_books_that_agree(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    certify(books)
    books.reconcile()

    results = [run_suite(name, world_of(books)) for name in SUITES]

    assert [(one.name, one.failing_rows) for one in results if not one.success] == []
    assert {one.name for one in results if one.blocking} == {"certificate_fresh", "extraction_fresh"}


@pytest.mark.parametrize(
    ("fault", "suite"),
    [
        ("amount_that_differs", "no_error_divergence"),
        ("entry_that_nothing_explains", "bridges_zero"),
        ("call_that_nobody_answered", "no_unknown_older_than_a_day"),
        ("entry_that_nothing_explains", "balances_match"),
    ],
)
def test_a_suite_fails_and_shows_the_rows(db: Database, tmp_path: Path, fault: str, suite: str) -> None:
    books = agreed(db, tmp_path)
    FAULTS[fault](books, "x")
    books.reconcile()

    result = run_suite(suite, world_of(books))

    assert not result.success
    assert len(result.failing_rows) == 1


def test_stale_books_fail_the_blocking_suites(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    certify(books)
    books.reconcile()
    books.clock.advance(days=3)

    failed = {name for name in SUITES if SUITES[name].blocking and not run_suite(name, world_of(books)).success}

    assert failed == {"certificate_fresh", "extraction_fresh"}


def test_more_divergences_than_ordinary_are_told(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    for n in range(21):
        books.charge(f"n{n}", "acme", 100, PAID_AT + timedelta(seconds=n), invoice="inv-of-another-system")
    books.reconcile()

    result = run_suite("row_counts_within_bounds", world_of(books))

    assert not result.success
    assert result.failing_rows[0]["orphan_object"] == 21


def test_a_call_is_unknown_for_more_than_a_day_from_its_first_minute_on(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["call_that_nobody_answered"](books, "x")
    (call,) = fetch(db, stripe.stripe_attempts, outcome=None)
    results = []

    for age in (timedelta(hours=24), timedelta(hours=24, minutes=1)):
        books.clock.set(call["started_at"] + age)
        results.append(run_suite("no_unknown_older_than_a_day", world_of(books)).success)

    assert results == [True, False]


def test_what_both_sides_say_is_shown_in_major_units(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.reconcile()

    (row,) = run_suite("no_error_divergence", world_of(books)).failing_rows

    assert (row["ours"], row["theirs"]) == ("succeeded 48.00 usd", "succeeded 49.00 usd")


def test_an_engine_error_is_raised_and_never_a_failed_expectation() -> None:
    frame = pd.DataFrame({"a": [1]})

    with pytest.raises(Broken, match="could not be evaluated"):
        validate("broken", False, frame, [Rule("ExpectColumnValuesToBeBetween", {"column": "no_such", "min_value": 0})])


def test_an_unknown_suite_is_named(db: Database, tmp_path: Path) -> None:
    with pytest.raises(Broken, match="no suite 'nonsense'"):
        run_suite("nonsense", world_of(TwoBooks(db, tmp_path)))
