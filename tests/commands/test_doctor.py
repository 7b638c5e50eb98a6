import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from billing_pipeline.adapters import embedded_postgres, local_simulator
from billing_pipeline.cli import app, load
from billing_pipeline.commands.doctor import will_happen
from billing_pipeline.settings import OPTIONS, Settings
from tests.commands.cli import environment, run

load(["doctor"])
SECRET = "topsecret0123456789topsecret0123456789"


def examined(*words: str, **variables: str) -> str:
    """What the doctor prints with those variables set and no others of ours."""
    unset = dict.fromkeys(OPTIONS, "")
    said = CliRunner().invoke(app, ["doctor", *words], env=unset | environment(variables))
    assert said.exit_code in (0, 1), said.output
    return said.output


def findings(**variables: str) -> dict[str, tuple[str, bool]]:
    """Subject -> (answer, wrong)."""
    return {f["subject"]: (f["answer"], f["wrong"]) for f in json.loads(examined("--json", **variables))["findings"]}


def test_with_nothing_set_it_says_that_nothing_can_happen_to_money(home):
    report = json.loads(examined("--json", BILLING_HOME=home))

    assert report["will_happen"][0].startswith("no key: the simulator answers, no money moves")
    assert report["will_happen"][-1] == f"mails become files in {home}/outbox"
    assert [f["wrong"] for f in report["findings"]] == [False, False, False]
    assert not Path(home).exists()


def test_it_shows_every_variable_with_its_value_or_default(home):
    report = json.loads(examined("--json", BILLING_HOME=home, BILLING_ZONE="Europe/Berlin"))

    by_name = {option["name"]: option for option in report["options"]}
    assert tuple(by_name) == OPTIONS
    assert by_name["BILLING_ZONE"]["shown"] == "Europe/Berlin"
    assert (by_name["BILLING_POLL_SECONDS"]["shown"], by_name["BILLING_POLL_SECONDS"]["default"]) == ("", "300")


def test_what_was_found_comes_first_and_of_the_settings_only_those_that_are_set(home):
    shown = examined(BILLING_HOME=home, BILLING_ZONE="Europe/Berlin", COLUMNS="80")
    whole = examined("--all", BILLING_HOME=home, BILLING_ZONE="Europe/Berlin", COLUMNS="80")

    assert shown.index("Found") < shown.index("What will happen") < shown.index("Settings")
    assert [name for name in OPTIONS if f" {name} " in shown] == ["BILLING_HOME", "BILLING_ZONE"]
    assert f"{len(OPTIONS) - 2} more settings are not set: --all shows them" in shown
    assert [name for name in OPTIONS if f" {name} " in whole] == list(OPTIONS)
    assert "more settings" not in whole


def test_it_asks_stripe_whose_key_that_is(home):
    address = local_simulator.start(Path(home))

    answer, wrong = findings(BILLING_HOME=home, STRIPE_API_BASE=address, STRIPE_SECRET_KEY="sk_test_abc")["Stripe"]

    assert answer.startswith("account acct_sim_")
    assert answer.endswith(f"sandbox mode at {address}")
    assert not wrong


def test_it_asks_stripe_whose_key_reads(home):
    keys = {"STRIPE_SECRET_KEY": "sk_test_abc", "STRIPE_READER_KEY": "rk_test_abc"}
    found = findings(BILLING_HOME=home, STRIPE_API_BASE=local_simulator.start(Path(home)), **keys)

    assert found["Reader key"][0] in found["Stripe"][0]
    assert not found["Reader key"][1]


def test_a_stripe_that_does_not_answer_is_marked(home):
    found = findings(BILLING_HOME=home, STRIPE_API_BASE="http://127.0.0.1:9", STRIPE_SECRET_KEY="sk_test_abc")

    assert found["Stripe"] == (
        "Stripe could not be asked (APIConnectionError): check the network, then try again",
        True,
    )
    assert found["Webhook"] == ("no STRIPE_WEBHOOK_SECRET: every delivery is refused, events come by polling", False)


def test_it_names_the_embedded_database_and_whether_it_runs(home):
    before = findings(BILLING_HOME=home)["Database"][0]
    server = embedded_postgres.start(Path(home))
    during = findings(BILLING_HOME=home)["Database"][0]

    assert before == "embedded PostgreSQL not created yet: it is started when one is needed"
    assert during == f"embedded PostgreSQL {server.major} in {server.data}, running"


def test_it_asks_a_named_database_for_its_version(home, database_url):
    answer, wrong = findings(BILLING_HOME=home, BILLING_DATABASE_URL=database_url)["Database"]

    assert answer.rpartition(", PostgreSQL ")[2].isdigit()
    assert not wrong


def test_a_database_that_does_not_answer_is_named_without_its_password(home):
    url = f"postgresql://billing:{SECRET}@127.0.0.1:9/billing"

    answer, wrong = findings(BILLING_HOME=home, BILLING_DATABASE_URL=url)["Database"]

    assert answer.startswith("postgresql://billing:***@127.0.0.1:9/billing does not answer")
    assert wrong


@pytest.mark.parametrize(
    "rest", [":port/billing", ":9/billing?password={}", ":9/billing?sslpassword={}&sslmode=require"]
)
def test_no_password_is_repeated_wherever_it_stands_in_the_address(home, rest):
    url = f"postgresql://billing:{SECRET}@127.0.0.1{rest.format(SECRET)}"

    answer, wrong = findings(BILLING_HOME=home, BILLING_DATABASE_URL=url)["Database"]

    assert "does not answer" in answer
    assert SECRET not in answer
    assert wrong


def test_what_stands_in_the_way_shows_in_the_exit_code(home):
    fine = run("doctor", BILLING_HOME=home)
    unreachable = run("doctor", BILLING_HOME=home, BILLING_DATABASE_URL="postgresql://billing:x@127.0.0.1:9/billing")

    assert (fine.code, unreachable.code) == (0, 1)


def test_an_address_without_a_key_is_refused_and_never_silently_passed_over(home):
    answer, wrong = findings(BILLING_HOME=home, STRIPE_API_BASE="http://127.0.0.1:9")["Stripe"]
    said = run("invoice", "list", BILLING_HOME=home, STRIPE_API_BASE="http://127.0.0.1:9")

    assert (said.code, said.complaint) == (2, [f"billing-pipeline: {answer}"])
    assert answer.startswith("STRIPE_API_BASE is asked only with a key")
    assert wrong


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_no_secret_is_printed_in_either_form(home, words):
    printed = examined(
        *words,
        BILLING_HOME=home,
        STRIPE_SECRET_KEY=f"sk_test_{SECRET}",
        STRIPE_WEBHOOK_SECRET=f"whsec_{SECRET}",
        STRIPE_API_BASE="http://127.0.0.1:9",
        BILLING_LINK_SECRET=SECRET,
        BILLING_SMTP_URL=f"smtp://u:{SECRET}@mail:25",
        BILLING_DATABASE_URL=f"postgresql://u:{SECRET}@127.0.0.1:9/x",
    )

    assert "set (hidden)" in printed
    assert "topsecret" not in printed


def test_a_live_key_is_said_loudly():
    settings = Settings.load(
        {"STRIPE_SECRET_KEY": "sk_live_a", "BILLING_LIVE": "1", "BILLING_DATABASE_URL": "postgresql://db/x"}
    )

    assert will_happen(settings)[0].startswith("A LIVE KEY: REAL MONEY MOVES")
