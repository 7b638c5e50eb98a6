"""`billing-pipeline events` and `sweep` as people use them."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.flows.facts import event_fact
from tests import seeds
from tests.commands.cli import Said, run
from tests.fakes import START
from tests.flows.event_world import event, intent

Say = Callable[..., Said]


@pytest.fixture
def say(home: str, database_url: str) -> Say:
    """Runs a command on this test's own database."""

    def command(*words: str) -> Said:
        return run(*words, BILLING_HOME=home, BILLING_DATABASE_URL=database_url)

    return command


@pytest.fixture
def told(db: Database) -> EventStore:
    """An inbox with one payment of an invoice that exists and one of an invoice that does not."""
    seeds.insert_account(db)
    seeds.insert_invoice(db)
    store = EventStore(db)
    known, unknown = intent(), intent("pi_9", invoice="inv-9")
    events = [event("payment_intent.succeeded", one, f"evt_{one['id']}") for one in (known, unknown)]
    store.put([event_fact(one, "webhook") for one in events], START)
    return store


def reply(said: Said) -> Any:
    assert said.code == 0, said
    return json.loads(said.text)


def test_the_inbox_is_applied_listed_shown_and_replayed_by_command(say: Say, told: EventStore, db: Database) -> None:
    applied = reply(say("events", "apply", "--json"))
    dead = reply(say("events", "list", "--state", "dead", "--json"))
    shown = reply(say("events", "show", "evt_pi_9"))
    seeds.insert_invoice(db, "inv-9")
    replayed = say("events", "replay")
    table = say("events", "list", "--about", "pi_9")

    assert (applied["applied"], applied["dead"]) == (1, 1)
    assert [(row["event_id"], row["reason"][:17]) for row in dead] == [("evt_pi_9", "no invoice inv-9:")]
    assert json.loads(shown["payload"])["id"] == "pi_9"
    assert replayed.text.startswith("replayed 1: ")
    assert "applied" in table.text


def test_a_fact_that_does_not_exist_is_one_line_and_exit_code_2(say: Say) -> None:
    shown, replayed = say("events", "show", "evt_nothing"), say("events", "replay", "evt_nothing")

    assert (shown.code, replayed.code) == (2, 2)
    assert (
        shown.complaint
        == replayed.complaint
        == ["billing-pipeline: no fact evt_nothing: `billing-pipeline events list` shows what there is"]
    )


def test_polling_and_sweeping_by_command_report_and_certify(say: Say) -> None:
    first = reply(say("events", "poll", "--json"))
    second = reply(say("events", "poll", "--json"))
    swept = reply(say("sweep", "run", "--type", "refund", "--json"))
    table = say("sweep", "run")

    assert (first["polled"]["bootstrapped"], second["polled"]["bootstrapped"]) == (True, False)
    assert (swept["certified"], swept["refused"]) == (["refund"], {})
    assert "0 facts that no event told" in table.text
    assert "complete up to" in table.text
    assert "NOT ISSUED" not in table.text


def test_an_unknown_object_type_is_refused_with_the_known_ones(say: Say) -> None:
    said = say("sweep", "run", "--type", "unicorn")

    assert said.code == 2
    assert "'unicorn' is not one of 'payment_intent', 'charge'" in " ".join(said.complaint)
