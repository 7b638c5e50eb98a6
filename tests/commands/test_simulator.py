import json
from pathlib import Path

from billing_pipeline.adapters import local_simulator
from tests.commands.cli import run


def test_the_simulator_of_the_home_is_looked_at_and_moved(home):
    local_simulator.start(Path(home))

    moved = run("simulator", "advance", "--to", "2026-02-01", BILLING_HOME=home)
    looked = run("simulator", "status", BILLING_HOME=home)

    assert moved.code == looked.code == 0
    assert json.loads(looked.text)["now"] == "2026-02-01T00:00:00Z"


def test_a_fault_is_ordered_with_its_details(home):
    local_simulator.start(Path(home))

    said = run("simulator", "fault", "drop_after", "path=/v1/payment_intents", "nth=3", BILLING_HOME=home)

    ordered = json.loads(said.text)
    assert (ordered["kind"], ordered["path"], ordered["nth"]) == ("drop_after", "/v1/payment_intents", 3)


def test_drift_that_cannot_be_is_refused_in_one_line(home):
    local_simulator.start(Path(home))

    said = run("simulator", "drift", "refund", "charge_id=ch_none", BILLING_HOME=home)

    assert said.code == 2
    assert said.complaint == ["billing-pipeline: No such charge: 'ch_none'"]


def test_an_address_in_the_environment_is_the_one_that_is_asked(home):
    address = local_simulator.start(Path(home))

    said = run("simulator", "status", BILLING_HOME=f"{home}-other", STRIPE_API_BASE=address)

    assert json.loads(said.text)["now"].startswith("2026-01-01")
