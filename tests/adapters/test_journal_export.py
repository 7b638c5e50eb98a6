"""The journal for other books: CSV for a general ledger, Beancount that bean-check accepts."""

import csv
import io
import shutil
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Thread

import pytest

from billing_pipeline.adapters.exports.gl_accounts import load_mapping
from billing_pipeline.adapters.exports.journal_export import Span, decimal, quoted, write_beancount, write_csv
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import LedgerAccount
from tests.ledger_seeds import issue, pay
from tests.seeds import insert_account

POLICY = Path(__file__).parents[2] / "policies" / "gl_accounts.toml"
ALL = Span(date(2025, 1, 1), date(2026, 12, 31))
FEB = datetime(2026, 2, 1, tzinfo=UTC)


def books(db: Database) -> None:
    insert_account(db)
    issue(db, "inv-1", net=1000, tax=200)
    pay(db, "inv-1", 1200)
    issue(db, "inv-2", net=500, currency="jpy", issued_at=FEB)
    issue(db, "inv-3", net=1234567, currency="kwd", issued_at=FEB)


def bean_check(content: str, folder: Path) -> str:
    """What bean-check has to say; '' is the good news."""
    file = folder / "journal.beancount"
    file.write_text(content)
    program = shutil.which("bean-check", path=str(Path(sys.executable).parent)) or "bean-check"
    done = subprocess.run([program, str(file)], capture_output=True, text=True)
    return done.stdout + done.stderr


def test_every_account_of_ours_is_mapped_in_the_shipped_policy() -> None:
    mapping = load_mapping(POLICY)

    assert set(mapping) == set(LedgerAccount)
    assert len({account.code for account in mapping.values()}) == len(LedgerAccount)


def test_csv_has_one_posting_a_line_and_balances(db: Database) -> None:
    books(db)
    target = io.StringIO(newline="")

    count = write_csv(db, ALL, load_mapping(POLICY), target)

    rows = list(csv.DictReader(io.StringIO(target.getvalue())))
    assert count == len(rows) == 9
    assert rows[0] == {
        "accounting_date": "2026-01-01", "entry_id": "1", "line_no": "1", "source": "invoice:inv-1",
        "kind": "invoice_issued", "gl_account": "1100", "gl_name": "Accounts receivable", "debit": "12.00",
        "credit": "", "currency": "USD", "customer": "acme", "invoice": "inv-1",
        "occurred_at": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip
    assert [(row["debit"] or row["credit"], row["currency"]) for row in rows[5:7]] == [("500", "JPY"), ("500", "JPY")]
    assert rows[7]["debit"] == "1234.567"


def test_csv_keeps_to_the_span(db: Database) -> None:
    books(db)

    count = write_csv(db, Span(date(2026, 2, 1), date(2026, 2, 1)), load_mapping(POLICY), io.StringIO())

    assert count == 4


def test_bean_check_accepts_the_journal_and_its_balances(db: Database, tmp_path: Path) -> None:
    books(db)
    target = io.StringIO()

    count = write_beancount(db, ALL, load_mapping(POLICY), target)

    assert count == 4
    assert bean_check(target.getvalue(), tmp_path) == ""
    assert "2027-01-01 balance Assets:Receivable  500 JPY" in target.getvalue()
    assert 'customer: "acme"' in target.getvalue()


def test_a_part_of_the_journal_begins_with_what_was_carried_forward(db: Database, tmp_path: Path) -> None:
    books(db)
    target = io.StringIO()

    write_beancount(db, Span(date(2026, 2, 1), date(2026, 2, 28)), load_mapping(POLICY), target)

    assert "Balances carried forward" in target.getvalue()
    assert "invoice:inv-1" not in target.getvalue()
    assert bean_check(target.getvalue(), tmp_path) == ""


def test_what_is_booked_while_the_journal_is_written_is_in_no_part_of_it(db: Database, tmp_path: Path) -> None:
    books(db)

    class Slow(io.StringIO):
        """A file in whose first line's time somebody else books an invoice."""

        def write(self, text: str) -> int:
            if self.tell() == 0:
                thread = Thread(target=issue, args=(db, "inv-4"), kwargs={"net": 700, "issued_at": FEB})
                thread.start()
                thread.join()
            return super().write(text)

    target = Slow()
    span = Span(date(2026, 2, 2), date(2026, 12, 31))

    write_beancount(db, span, load_mapping(POLICY), target)

    assert bean_check(target.getvalue(), tmp_path) == ""


def test_bean_check_would_notice_a_wrong_amount(db: Database, tmp_path: Path) -> None:
    books(db)
    target = io.StringIO()
    write_beancount(db, ALL, load_mapping(POLICY), target)

    said = bean_check(target.getvalue().replace("12.00 USD", "12.01 USD", 1), tmp_path)

    assert "does not balance" in said


def test_quotes_and_line_breaks_do_not_break_a_string() -> None:
    assert quoted('a "b" \\ c\nd') == '"a \\"b\\" \\\\ c d"'


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [(-5, "usd", "-0.05"), (123456, "usd", "1234.56"), (-7, "jpy", "-7"), (1, "kwd", "0.001")],
)
def test_amounts_have_all_their_decimals(minor: int, currency: str, written: str) -> None:
    assert decimal(minor, currency) == written


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("bank ", "cash "), "no ledger account 'cash'"),
        (("bank ", "# bank "), "bank has no line"),
        (('"Assets:Bank"', '"Bank"'), "bank: Beancount takes no account 'Bank'"),
        (('code = "1000", ', ""), "bank needs a text for each of code, name and beancount"),
        (("[accounts]", "[accounts"), "gl_accounts.toml is not TOML: "),
        (("[accounts]", "accounts = 5\n[others]"), "gl_accounts.toml: accounts must be a table"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_by_name(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    file = tmp_path / "gl_accounts.toml"
    file.write_text(POLICY.read_text().replace(*change, 1))

    with pytest.raises(Broken, match=message):
        load_mapping(file)


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="set BILLING_POLICIES"):
        load_mapping(tmp_path / "nothing.toml")
