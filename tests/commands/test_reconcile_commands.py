"""Reconciliation from the command line: against a simulator that answers over HTTP, and this test's own database."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from assets.jobs import approve_repair
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control
from billing_pipeline.cli import app, load
from billing_pipeline.domain.errors import Broken
from resources import BillingResource
from stripe_simulator import Simulator
from stripe_simulator.server import serving
from tests.collecting import customer, open_desk
from tests.seeds import fetch, insert_invoice

load(["reconcile", "repairs", "explain", "close", "bank", "warehouse"])
POLICIES = Path(__file__).parents[2] / "policies"
STATEMENT = "Date,Type,Description,Reference,Amount,Balance\n2026-01-01,CR,STRIPE PAYOUT,x,9.00,9.00\n"

# A process ends with its command; here many commands share one, and their sockets wait for the collector of garbage.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture
def variables(tmp_path: Path, db: Database, simulator: Simulator) -> Iterator[dict[str, str]]:
    """The environment of every command of a test: a customer with an invoice, and a payment of nobody since an hour."""
    customer(open_desk(db, simulator), "acme")
    insert_invoice(db, "inv-1", "acme")
    (account,) = [one["id"] for one in simulator.objects("customer")]
    simulator.drift.orphan_payment_intent(account, 700, "usd")
    with serving(simulator) as address:
        yield {
            "BILLING_HOME": str(tmp_path), "BILLING_DATABASE_URL": db.url.render_as_string(hide_password=False),
            "STRIPE_API_BASE": address, "STRIPE_SECRET_KEY": "sk_test_1", "BILLING_POLICIES": str(POLICIES), "COLUMNS": "250",
        }  # fmt: skip


def invoke(variables: dict[str, str], group: str, *words: str) -> Result:
    return CliRunner().invoke(app, [group, *words], env=variables, catch_exceptions=False)


def test_a_run_finds_lists_explains_and_publishes(variables: dict[str, str], db: Database) -> None:
    done = invoke(variables, "reconcile", "run", "--json")
    listed = json.loads(invoke(variables, "reconcile", "list", "--json").output)
    (divergence,) = listed
    told = invoke(variables, "explain", divergence["divergence_id"]).output
    asked = invoke(variables, "warehouse", "query", "select kind, state from reconciliation.divergences").output

    assert done.exit_code == 1
    assert json.loads(done.output)["by_kind"] == {"orphan_object": 1}
    assert divergence["divergence_id"] in told
    assert "orphan_object" in asked


def test_a_query_tells_its_rows_as_json_and_that_there_are_none(variables: dict[str, str]) -> None:
    invoke(variables, "reconcile", "run")

    none = invoke(variables, "warehouse", "query", "select 1 as one where false").output
    rows = invoke(variables, "warehouse", "query", "select null as gap, date '2026-03-01' as day, 1 as one", "--json")

    assert (none, json.loads(rows.output)) == ("no rows\n", [{"gap": None, "day": "2026-03-01", "one": 1}])


def test_a_list_tells_amounts_of_both_sides_in_major_units_and_its_json_in_minor_ones(
    variables: dict[str, str], db: Database
) -> None:
    invoke(variables, "reconcile", "run")
    shown = invoke(variables, "reconcile", "list").output
    (divergence,) = json.loads(invoke(variables, "reconcile", "list", "--json").output)

    assert "succeeded 7.00 usd" in shown
    assert "700 usd" not in shown
    assert "succeeded 700 usd" in json.dumps(divergence)


def test_a_list_in_a_pipe_holds_names_whole(variables: dict[str, str], db: Database) -> None:
    invoke(variables, "reconcile", "run", "--no-publish")
    (divergence,) = json.loads(invoke(variables, "reconcile", "list", "--json").output)

    listed = invoke(variables | {"COLUMNS": "80"}, "reconcile", "list").output

    assert divergence["divergence_id"] in listed
    assert divergence["finding"]["subject"] in listed


def test_what_the_warehouse_cannot_answer_is_refused_in_one_line(variables: dict[str, str]) -> None:
    invoke(variables, "reconcile", "run")

    for query in ("selec", "select * from marts.nothing"):
        with pytest.raises(Broken, match=r"cannot answer \(.*\): docs/tables.md names its tables") as refused:
            invoke(variables, "warehouse", "query", query)
        assert "\n" not in str(refused.value)


def test_a_query_that_asks_nothing_is_refused(variables: dict[str, str]) -> None:
    invoke(variables, "reconcile", "run")

    for query in ("", " ", "/* later */"):
        with pytest.raises(Broken, match="there is no query"):
            invoke(variables, "warehouse", "query", query)


def test_an_extraction_tells_both_sides_as_one_list(variables: dict[str, str]) -> None:
    done = invoke(variables, "reconcile", "extract", "--json")

    assert [side["side"] for side in json.loads(done.stdout)] == ["stripe", "ledger"]


def test_a_day_without_proof_and_a_name_of_nothing_are_no_good_news(variables: dict[str, str]) -> None:
    invoke(variables, "reconcile", "run", "--no-publish")

    with pytest.raises(Broken, match=r"no proof of 2030-01-01: days from 20..-..-.. to 20..-..-.. are proven"):
        invoke(variables, "reconcile", "proof", "--day", "2030-01-01")
    with pytest.raises(Broken, match="nothing is known of ''"):
        invoke(variables, "explain", "")


def test_a_person_explains_a_divergence(variables: dict[str, str], db: Database) -> None:
    invoke(variables, "reconcile", "run")
    name = fetch(db, control.divergences)[0]["divergence_id"]

    said = invoke(
        variables,
        "reconcile",
        "note",
        name,
        "--by",
        "ann",
        "--state",
        "explained",
        "--owner",
        "bob",
        "--text",
        "the old shop",
    )

    assert said.output == f"{name}: explained, bob looks after it\n"
    assert fetch(db, control.divergences)[0]["state"] == "explained"
    assert "explained" not in invoke(variables, "reconcile", "list").output
    assert invoke(variables, "reconcile", "run", "--no-publish").exit_code == 1


def test_the_gate_says_why_it_is_closed(variables: dict[str, str]) -> None:
    done, told = invoke(variables, "reconcile", "gate"), invoke(variables, "reconcile", "gate", "--json")

    assert (done.exit_code, done.output.split(":")[0]) == (1, "closed")
    assert (told.exit_code, json.loads(told.output)) == (
        1, {"open": False, "reason": done.output.removeprefix("closed: ").strip(), "held": {}},
    )  # fmt: skip


def test_repairs_are_shown_approved_and_refused(variables: dict[str, str], db: Database) -> None:
    invoke(variables, "reconcile", "run")

    dry = invoke(variables, "repairs", "run", "--dry-run").output
    ran = invoke(variables, "repairs", "run").output
    listed = invoke(variables, "repairs", "list").output
    (told,) = json.loads(invoke(variables, "repairs", "list", "--json").output)
    invoke(variables, "repairs", "approve", "1", "--by", "ann", "--invoice", "inv-1")

    assert "after approval" in dry
    assert "1 wait for approval" in ran
    assert "adopt_orphan" in listed
    assert (told["repair_id"], told["state"], told["repair"]["kind"]) == (1, "proposed", "adopt_orphan")
    assert fetch(db, control.repairs)[0]["state"] == "approved"


def test_a_refused_repair_is_said_to_be_refused(variables: dict[str, str], db: Database) -> None:
    invoke(variables, "reconcile", "run", "--no-publish")
    invoke(variables, "repairs", "run")

    said = invoke(variables, "repairs", "refuse", "1", "--by", "ann", "--why", "paid by wire")

    assert said.output == "repair 1 is refused: paid by wire\n"
    assert fetch(db, control.repairs)[0]["state"] == "refused"


def test_a_proof_before_any_reconciliation_is_refused_with_the_remedy(variables: dict[str, str]) -> None:
    with pytest.raises(Broken, match=r"proof_of_close was never extracted: run `billing-pipeline reconcile run`"):
        invoke(variables, "reconcile", "proof")


def test_a_statement_comes_in(variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(STATEMENT)

    done = invoke(variables, "bank", "import", str(tmp_path / "a.csv"))
    again = invoke(variables, "bank", "match")
    known = json.loads(invoke(variables, "bank", "import", str(tmp_path / "a.csv"), "--json").output)
    counted = json.loads(invoke(variables, "bank", "match", "--json").output)

    assert done.output == "1 new lines, 0 of others; 0 paid a payout, 0 show a payment booked by hand, 1 wait\n"
    assert again.output == "0 lines paid a payout, 0 show a payment booked by hand, 1 wait\n"
    assert (known["lines"], known["others"], known["unmatched"]) == (0, 0, 1)
    assert (counted["matched"], counted["unmatched"]) == (0, 1)


def test_days_are_closed_and_reported(variables: dict[str, str], tmp_path: Path, db: Database) -> None:
    invoke(variables, "reconcile", "run")

    closed = invoke(variables, "close", "through", "2025-12-31", "--by", "ann")
    restated = invoke(variables, "close", "restatement", "2025-12-01", "2025-12-31")
    told = invoke(variables, "close", "restatement", "2025-12-01", "2025-12-31", "--json")
    reported = invoke(variables, "close", "report", "2026-01", "--folder", str(tmp_path / "out"))
    proof = invoke(variables, "reconcile", "proof", "--json")

    assert closed.output.startswith("0 days closed")
    assert restated.output == "2025-12-01 to 2025-12-31 are known as they were closed\n"
    assert json.loads(told.output) == {
        "from_day": "2025-12-01", "to_day": "2025-12-31", "accounts": [], "changes": [],
    }  # fmt: skip
    assert [Path(line).suffix for line in reported.output.split()] == [".html", ".xlsx"]
    assert isinstance(json.loads(proof.output), list)


def test_a_folder_that_cannot_be_made_is_named(variables: dict[str, str], tmp_path: Path) -> None:
    invoke(variables, "reconcile", "run")
    (tmp_path / "taken").touch()

    with pytest.raises(Broken, match=r"cannot write .*taken.* \(.*\): name a place in a folder that you may write in"):
        invoke(variables, "close", "report", "2026-01", "--folder", str(tmp_path / "taken" / "out"))


def test_a_month_that_is_none_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(Broken, match="'2026-13' is no month"):
        invoke(variables, "close", "report", "2026-13")


def test_the_tables_are_described(variables: dict[str, str]) -> None:
    invoke(variables, "reconcile", "run")

    assert invoke(variables, "warehouse", "document").output.startswith("# The tables of the warehouse")


def test_a_repair_is_approved_by_dagsters_job_but_not_by_who_asked(
    variables: dict[str, str], db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    invoke(variables, "reconcile", "run")
    invoke(variables, "repairs", "run")

    def approve(who: str) -> bool:
        config = {"ops": {"approve": {"config": {"repair": 1, "who": who, "invoice": "inv-1"}}}}
        return approve_repair.execute_in_process(
            run_config=config, resources={"billing": BillingResource()}, raise_on_error=False
        ).success

    said = [approve("reconciliation"), approve("ann"), approve("ann")]

    (repair,) = fetch(db, control.repairs)
    assert said == [False, True, False]
    assert (repair["state"], repair["approved_by"]) == ("approved", "ann")
