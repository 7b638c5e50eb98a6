import json
from pathlib import Path

import psycopg

from tests.commands.cli import run


def record(home: str) -> dict[str, str]:
    return json.loads((Path(home) / "postgres.json").read_text())


def test_a_database_is_started_looked_at_and_stopped(home):
    before = run("db", "status", BILLING_HOME=home)
    started = run("db", "start", BILLING_HOME=home)
    during = run("db", "status", BILLING_HOME=home)
    stopped = run("db", "stop", BILLING_HOME=home)

    assert before.text == "not created yet: `billing-pipeline db start` does\n"
    assert started.text.splitlines()[1] == f"address: {record(home)['url']}"
    assert during.text.startswith("running: PostgreSQL ")
    assert stopped.text == f"stopped: its data is in {record(home)['data']}\n"
    assert {said.code for said in (before, started, during, stopped)} == {0}


def test_programs_are_told_where_it_is_and_whether_it_runs(home):
    before = json.loads(run("db", "status", "--json", BILLING_HOME=home).text)
    run("db", "start", BILLING_HOME=home)
    during = json.loads(run("db", "status", "--json", BILLING_HOME=home).text)

    assert before == {"running": False, "data": None, "major": None, "pid": None}
    assert (during["running"], during["data"]) == (True, record(home)["data"])
    assert {type(during["major"]), type(during["pid"])} == {int}


def test_the_address_it_prints_can_be_connected_to(home):
    address = run("db", "start", BILLING_HOME=home).text.splitlines()[1].removeprefix("address: ")

    with psycopg.connect(address.replace("+psycopg", "")) as db:
        answer = db.execute("select current_database()").fetchone()

    assert answer == ("billing",)


def test_removing_it_asks_to_be_told_twice(home):
    run("db", "start", BILLING_HOME=home)
    data = Path(record(home)["data"])

    asked = run("db", "destroy", BILLING_HOME=home)
    kept = data.exists()
    done = run("db", "destroy", "--yes", BILLING_HOME=home)

    assert (asked.code, kept) == (2, True)
    assert "say --yes if you mean it" in asked.complaint[0]
    assert (done.code, data.exists()) == (0, False)


def test_a_server_of_somebody_else_is_not_started_or_stopped(home):
    said = run("db", "stop", BILLING_HOME=home, BILLING_DATABASE_URL="postgresql://db.example.com/billing")

    assert said.code == 2
    assert "is not ours to start or stop" in said.complaint[0]
