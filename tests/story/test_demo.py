"""The demo as a newcomer runs it: a real process, a real PostgreSQL, the simulator over HTTP, Dagster's own jobs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from billing_pipeline.adapters import embedded_postgres, local_simulator
from billing_pipeline.domain.reconciliation import Kind

ROOT = Path(__file__).parents[2]
SMALL = ("demo", "--accounts", "100", "--months", "1", "--seed", "7", "--json")


def run(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    keep = {
        name: value for name, value in os.environ.items() if not name.startswith(("STRIPE_", "BILLING_", "DAGSTER_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "billing_pipeline.cli", *words],
        env=keep | {"BILLING_HOME": str(home)}, cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


def forget(home: Path) -> None:
    local_simulator.destroy(home)
    embedded_postgres.destroy(home)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo")
    yield folder
    forget(folder)


@pytest.fixture(scope="module")
def told(home: Path) -> dict[str, Any]:
    done = run(home, *SMALL)
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def test_every_injected_fault_is_found(told: dict[str, Any]) -> None:
    missed = [one["kind"] for one in told["injected"] if not one["found"]]

    assert {one["kind"] for one in told["injected"]} == set(Kind)
    assert not missed


def test_money_is_collected_and_the_books_are_closed(told: dict[str, Any]) -> None:
    by_section = {row["section"] for row in told["figures"]}

    assert {"invoices", "collected", "found"} <= by_section
    assert told["closed_through"]


def test_analysts_can_open_the_warehouse(told: dict[str, Any]) -> None:
    with duckdb.connect(told["warehouse"], read_only=True) as warehouse:
        paid = warehouse.execute("select count(*) from ledger.invoices where state = 'paid'").fetchone()
        mrr = warehouse.execute("select count(*) from marts.mrr_movements").fetchone()

    assert paid is not None
    assert paid[0] > 10
    assert mrr is not None
    assert mrr[0] > 0


def test_nothing_is_told_before_something_went_wrong(told: dict[str, Any]) -> None:
    with duckdb.connect(told["warehouse"], read_only=True) as warehouse:
        early = warehouse.execute(
            "select kind, subject, ours, theirs from reconciliation.divergences "
            "where kind <> 'late_settlement' and first_seen < timestamptz '2026-01-29 20:00:00+00'"
        ).fetchall()

    assert early == []


def test_stripes_events_come_in_day_by_day(home: Path, told: dict[str, Any]) -> None:
    facts = json.loads(run(home, "events", "list", "--limit", "10000", "--json").stdout)

    days = {str(fact["occurred_at"])[:10] for fact in facts if fact["source"] == "poll"}
    assert len(days) > 20


def test_the_journal_balances_and_its_seals_hold(home: Path, told: dict[str, Any]) -> None:
    done = run(home, "verify", "--json")

    findings = json.loads(done.stdout)["findings"]
    assert not [one for one in findings if "seal" in str(one) or "balance" in str(one)], findings


def test_dagster_remembers_the_runs(home: Path, told: dict[str, Any]) -> None:
    assert (home / "dagster" / "history").is_dir()


def test_a_second_company_is_refused_in_one_line(home: Path, told: dict[str, Any]) -> None:
    again = run(home, *SMALL)

    assert again.returncode == 2
    assert "already holds a company" in again.stderr
    assert "Traceback" not in again.stderr


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers(told: dict[str, Any], tmp_path: Path) -> None:
    try:
        second = run(tmp_path, *SMALL)
    finally:
        forget(tmp_path)

    assert json.loads(second.stdout)["figures"] == told["figures"]
