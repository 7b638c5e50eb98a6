"""A mistyped word of a closed set is refused with those that are known, before anything is looked up."""

from datetime import date

import pytest
from typer.testing import CliRunner

from billing_pipeline.cli import GROUPS, app, load
from billing_pipeline.commands.days import typed_day
from billing_pipeline.domain.errors import Broken

load([*GROUPS])
NOBODY = {"BILLING_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing", "COLUMNS": "1000"}

MISTYPED = [
    ("reconcile list --state {}", "expired"),
    ("reconcile list --kind {}", "orphan_object"),
    ("reconcile note amount-1 --by ann --state {}", "explained"),
    ("events list --state {}", "dead"),
    ("refunds list --state {}", "requested"),
    ("refunds request pi_1 --reason r --by ann --to {}", "credit"),
    ("repairs list --state {}", "proposed"),
    ("dunning messages --state {}", "bounced"),
    ("bill change s1 {}", "reinstate"),
    ("bill change s1 pause --timing {}", "period_end"),
    ("payments record 1 usd --reference r --method {}", "cheque"),
    ("sweep run --type {}", "balance_transaction"),
    ("simulator fault {}", "drop_after"),
    ("simulator drift {}", "fail_refund"),
]

DAYS = [
    "reconcile proof --day {}",
    "bill issue --day {}",
    "close through {} --by ann",
    "close restatement 2026-06-01 {}",
    "credits grant acme 1.00 --expires {}",
    "ledger statement acme --as-of {}",
    "ledger export journal.csv --since {}",
    "ledger export journal.csv --until {}",
    "ledger recognise --through {}",
    "payments record 1 usd --reference r --received {}",
]


@pytest.mark.parametrize(("command", "known"), MISTYPED)
def test_a_mistyped_word_is_refused_with_the_known_ones(command: str, known: str, tmp_path) -> None:
    said = CliRunner().invoke(app, command.format("mistypd").split(), env=NOBODY | {"BILLING_HOME": str(tmp_path)})

    assert said.exit_code == 2
    assert "'mistypd' is not one of" in said.output
    assert f"'{known}'" in said.output


@pytest.mark.parametrize("command", DAYS)
def test_what_is_no_day_is_refused_with_the_form_of_one(command: str, tmp_path) -> None:
    with pytest.raises(Broken, match="'yesterday' is no day: write it like 2026-03-31"):
        CliRunner().invoke(
            app,
            command.format("yesterday").split(),
            env=NOBODY | {"BILLING_HOME": str(tmp_path)},
            catch_exceptions=False,
        )


def test_a_day_is_typed_as_it_is_printed() -> None:
    assert typed_day(str(date(2026, 3, 31))) == date(2026, 3, 31)
