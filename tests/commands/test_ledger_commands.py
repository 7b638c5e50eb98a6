"""The books from the command line: files in, credits, credit notes, documents, exports, verification."""

import gc
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import text

from billing_pipeline.adapters import embedded_postgres, local_simulator
from billing_pipeline.adapters.postgres import Database, migrate
from billing_pipeline.cli import main
from billing_pipeline.settings import OPTIONS
from tests.commands.cli import Said
from tests.ledger_seeds import issue

# A command leaves its sockets to the end of its process; here many share one.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

ROOT = Path(__file__).parents[2]
Shell = Callable[..., Said]


@pytest.fixture(scope="module")
def shell() -> Iterator[Shell]:
    """A command line on a home of its own, in which the example accounts, one invoice and a backlog are there."""
    with tempfile.TemporaryDirectory(prefix="billing-home-") as folder:
        home = Path(folder) / ".billing"
        server = embedded_postgres.start(home)
        migrate(server.url)

        with pytest.MonkeyPatch.context() as environment:
            for name in OPTIONS:
                environment.delenv(name, raising=False)
            environment.setenv("BILLING_HOME", str(home))
            environment.setenv("BILLING_POLICIES", str(ROOT / "policies"))
            for kind in ("legal_entities", "tax_rates", "accounts", "invoices"):
                assert say("import", kind, str(ROOT / "examples" / "import" / f"{kind}.csv")).code == 0
            db = Database(server.url)
            issue(db, "inv-1", net=1000, tax=200, number="ACME-0001", total_minor=1200)
            db.close()
            yield say
        local_simulator.destroy(home)
        embedded_postgres.destroy(home)


def say(*words: str) -> Said:
    """What the command said. In this process: thirty of their own would take a minute."""
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as end:
        main(list(words))
    gc.collect()  # so that what it left open is noticed here, not at the end of the session
    return Said(int(end.value.code or 0), out.getvalue(), err.getvalue().splitlines())


def test_verify_says_that_the_books_are_sound(shell: Shell) -> None:
    said, as_json = shell("verify"), shell("verify", "--json")

    assert (said.code, as_json.code) == (0, 0)
    assert "BROKEN" not in said.text
    assert json.loads(as_json.text)["sound"] is True


def test_a_bad_row_is_named_on_stderr_and_the_exit_code_is_two(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"
    file.write_text("account_id,name,email,country,currency\nx,X,nope,DE,eur\n")

    said = shell("import", "accounts", str(file))

    assert (said.code, said.complaint) == (2, ["row 2, email: 'nope' is no e-mail address"])


def test_the_columns_of_a_kind_are_printed(shell: Shell) -> None:
    said = shell("import", "columns", "plans")

    assert "plan_id" in said.text
    assert "trial_days" in said.text


def test_the_backlog_waits_until_it_is_approved(shell: Shell) -> None:
    before = shell("backlog", "list")
    approved = shell("backlog", "approve", "old-2025-118")
    refused = shell("backlog", "approve", "old-2025-118")
    after = json.loads(shell("backlog", "list", "--json").text)

    assert "old-2025-118" in before.text
    assert (approved.code, refused.code) == (0, 2)
    assert "approved before: old-2025-118" in refused.complaint[0]
    assert [row["invoice_id"] for row in after] == ["old-2025-131"]


def test_credits_are_granted_once_per_key_and_listed(shell: Shell) -> None:
    first = shell("credits", "grant", "acme", "25.00", "--kind", "goodwill", "--key", "k1")
    again = shell("credits", "grant", "acme", "25.00", "--kind", "goodwill", "--key", "k1")
    wrong = shell("credits", "grant", "acme", "25.001")

    listed = json.loads(shell("credits", "list", "acme", "--json").text)
    assert (first.text, again.text) == ("cg-k1: granted\n", "cg-k1: granted before, nothing to do\n")
    assert [row["remaining_minor"] for row in listed] == [2500]
    assert wrong.complaint == ["billing-pipeline: '25.001' is no amount in usd: it has 2 decimals at most"]


@pytest.mark.parametrize("amount", ["99999999999999999999", "1e400", "1_000", "٣"])
def test_an_amount_that_nobody_would_write_is_refused_in_one_line(shell: Shell, amount: str) -> None:
    said = shell("credits", "grant", "acme", amount, "--key", "odd")

    assert (said.code, len(said.complaint)) == (2, 1)
    assert amount in said.complaint[0]


def test_a_credit_expires_with_the_first_moment_of_its_day_where_the_books_are(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILLING_ZONE", "America/New_York")

    shell("credits", "grant", "acme", "1.00", "--key", "ny", "--expires", "2099-12-31")

    told = {row["credit_grant_id"]: row for row in json.loads(shell("credits", "list", "acme", "--json").text)}
    shown = [line for line in shell("credits", "list", "acme").text.splitlines() if "cg-ny" in line]
    assert datetime.fromisoformat(told["cg-ny"]["expires_at"]) == datetime(2099, 12, 31, 5, tzinfo=UTC)
    assert "2099-12-31" in shown[0]


def test_an_invoice_is_shown_to_programs_with_its_lines_in_minor_units(shell: Shell) -> None:
    told = json.loads(shell("invoice", "show", "ACME-0001", "--json").text)
    nobody = shell("invoice", "show", "ACME-9999", "--json")

    assert (told["invoice_id"], told["number"], type(told["total_minor"])) == ("inv-1", "ACME-0001", int)
    assert sum(line["amount_minor"] for line in told["lines"]) == told["subtotal_minor"]
    assert len(nobody.complaint) == 1


def test_an_invoice_is_shown_rendered_and_credited(shell: Shell, tmp_path: Path) -> None:
    pdf, html, note = tmp_path / "a.pdf", tmp_path / "a.html", tmp_path / "n.pdf"

    shown = shell("invoice", "show", "ACME-0001")
    rendered = shell("invoice", "render", "ACME-0001", "--pdf", str(pdf), "--html", str(html))
    credited = shell("invoice", "credit", "inv-1", "2.00", "--reason", "Outage", "--key", "k")
    noted = shell("invoice", "render", "ACME-CN-0001", "--document", "credit-note", "--pdf", str(note))
    nowhere = shell("invoice", "render", "ACME-0001")

    assert "Amount due" in shown.text
    assert (rendered.code, credited.text, noted.code) == (0, "ACME-CN-0001: issued\n", 0)
    assert (pdf.read_bytes()[:5], note.read_bytes()[:5]) == (b"%PDF-", b"%PDF-")
    assert "ACME-0001" in html.read_text()
    assert nowhere.complaint == ["billing-pipeline: say where to: --pdf FILE, --html FILE, or both"]


@pytest.mark.parametrize(
    "words",
    [("ledger", "export"), ("invoice", "render", "ACME-0001", "--pdf"), ("invoice", "render", "ACME-0001", "--html")],
)
def test_a_place_that_cannot_be_written_is_named(shell: Shell, tmp_path: Path, words: tuple[str, ...]) -> None:
    said = shell(*words, str(tmp_path / "gone" / "file"))

    assert said.code == 2
    assert said.complaint == [
        f"billing-pipeline: cannot write {tmp_path}/gone/file (No such file or directory): "
        "name a place in a folder that you may write in"
    ]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("payments", "attempts", "inv-nope"), "no invoice 'inv-nope': `billing-pipeline invoice list` shows the newest"),
        (("ledger", "export", "-", "--since", "2026-02-01", "--until", "2026-01-01"),
         "from 2026-02-01 to 2026-01-01 holds no day: turn them round"),
        (("db", "adopt", "--reason", " "), "say why this copy or restore is the one to go on with: --reason TEXT"),
    ],
)  # fmt: skip
def test_what_would_look_like_good_news_is_refused(shell: Shell, words: tuple[str, ...], complaint: str) -> None:
    said = shell(*words)

    assert (said.code, said.complaint) == (2, [f"billing-pipeline: {complaint}"])


def test_only_overdue_invoices_are_given_up(shell: Shell) -> None:
    said = shell("invoice", "give-up", "inv-1", "--reason", "x")

    assert said.code == 2
    assert "inv-1 is pending: only overdue invoices are given up" in said.complaint[0]


def test_balances_statement_and_exports(shell: Shell, tmp_path: Path) -> None:
    table, beans = tmp_path / "j.csv", tmp_path / "j.beancount"

    balance = json.loads(shell("ledger", "trial-balance", "--json").text)
    statement = shell("ledger", "statement", "acme")
    exported = shell("ledger", "export", str(table)), shell("ledger", "export", str(beans), "--format", "beancount")

    for currency in ("usd", "eur"):
        of_currency = [row for row in balance if row["currency"] == currency]
        assert sum(row["debit_minor"] - row["credit_minor"] for row in of_currency) == 0
    assert "opening:old-2025-131" in statement.text
    assert [said.code for said in exported] == [0, 0]
    assert beans.read_text().startswith('option "title"')


@pytest.mark.parametrize("words", [("ledger", "statement"), ("invoice", "list"), ("credits", "list")])
def test_an_account_that_does_not_exist_is_no_good_news(shell: Shell, words: tuple[str, ...]) -> None:
    said = shell(*words, "acmee")

    assert (said.code, said.text) == (2, "")
    assert said.complaint == [
        "billing-pipeline: no account 'acmee': import it first (`billing-pipeline import accounts FILE`)"
    ]


def test_revenue_seals_and_losses_can_be_run_by_hand(shell: Shell) -> None:
    shell("simulator", "advance", "--to", "2026-01-03")

    tomorrow = shell("ledger", "recognise", "--through", "2026-01-03")
    recognised = json.loads(shell("ledger", "recognise", "--through", "2026-01-02", "--json").text)
    sealed, losses = shell("ledger", "seal"), shell("ledger", "losses")

    assert tomorrow.complaint == [
        "billing-pipeline: 2026-01-03 is not over: what a day earns is booked after its end, up to 2026-01-02 today"
    ]
    assert recognised["entries"] == 2
    assert "entries sealed, root " in sealed.text
    assert losses.text == "0 losses booked, 0 small balances given up\n"


def test_an_account_that_owes_is_not_erased(shell: Shell, tmp_path: Path) -> None:
    said = shell("ledger", "erase", "acme", "--keep", str(tmp_path / "kept"))

    assert said.code == 2
    assert "2 invoices are open" in said.complaint[0]
    assert (tmp_path / "kept" / "inv-1.pdf").read_bytes()[:5] == b"%PDF-"


def test_verify_ends_with_one_when_something_does_not_hold(shell: Shell) -> None:
    home = json.loads(shell("verify", "--json").text)
    assert home["sound"]

    tamper(shell)
    said = shell("verify")

    assert said.code == 1
    assert "BROKEN  every entry says what it said when it was written" in said.text


def tamper(shell: Shell) -> None:
    """Somebody with full rights on the server changes an entry."""
    url = next(line.removeprefix("address: ") for line in shell("db", "start").text.splitlines() if "address" in line)
    db = Database(url)
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text("update journal_entries set kind = 'gift' where source = 'invoice:inv-1'"))
    db.close()
