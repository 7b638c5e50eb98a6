"""`billing-pipeline dunning` as people use it."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import control
from tests import seeds
from tests.bounces import report
from tests.commands.cli import Said, run
from tests.dunning_world import World

Say = Callable[..., Said]


@pytest.fixture
def say(home: str, database_url: str) -> Say:
    """Runs a dunning command on this test's own database; its answer, which must be a good one."""

    def command(*words: str) -> Said:
        said = run("dunning", *words, BILLING_HOME=home, BILLING_DATABASE_URL=database_url)
        assert said.code == 0, said
        return said

    return command


@pytest.fixture
def world(db: Database) -> World:
    """Two invoices that are late whatever the simulator's clock says."""
    found = World(db)
    found.late(codes={"decline": "lost_card"})
    found.late("inv-2", "bolt", disputed=True)
    return found


def test_the_plan_lists_every_overdue_invoice_and_warns_when_the_gate_is_closed(say: Say, world: World):
    shown = say("plan")
    rows = json.loads(say("plan", "--json").text)

    assert "inv-1" in shown.text
    assert "held: gate_closed 2" in shown.text
    assert "2 overdue invoices wait for reconciliation" in " ".join(shown.complaint)
    assert {row["invoice"]: row["held"] for row in rows} == {"inv-1": "gate_closed", "inv-2": "gate_closed"}


def test_a_plan_in_a_pipe_cuts_no_name_off(home: str, database_url: str, world: World):
    name = "inv-a-customer-with-a-rather-long-name-2026-03"
    world.late(name, "carol")

    said = run("dunning", "plan", BILLING_HOME=home, BILLING_DATABASE_URL=database_url, COLUMNS="60")

    assert name in said.text


def test_a_run_with_a_closed_gate_does_nothing_and_says_so(say: Say, world: World):
    told = json.loads(say("run", "--json").text)

    assert told["dunned"] == {"taken": {}, "held": {"gate_closed": 2}, "messages": 0, "amount_minor": {}, "failed": {}}


def test_holds_are_made_and_released_by_command(say: Say, world: World):
    told = [
        say("hold", "acme", "--by", "ann", "--why", "key account").text,
        say("promise", "INV-2", "--until", "2099-01-31", "--by", "bob").text,
        say("hold", "inv-1", "--skip-next", "--by", "ann", "--why", "called").text,
        say("release", "acme").text,
    ]

    assert told[0].startswith("hold 1: pause acme")
    assert told[1] == "hold 2: INV-2 promised to pay until 2099-01-31\n"
    assert told[2].startswith("hold 3: skip inv-1")
    assert told[3] == "released: 1 hold on acme\n"
    assert [row["kind"] for row in seeds.fetch(world.db, control.dunning_holds, ended_at=None)] == ["promise", "skip"]


def reminder_sent(world: World) -> None:
    """The reminder of inv-1 is in the outbox and has left."""
    moment = datetime(2026, 3, 3, 9, tzinfo=UTC)
    seeds.add(
        world.db, control.messages, message_id="inv-1:reminder", account_id="acme", invoices=["inv-1"], language="en",
        template="payment_failed", recipient="acme@example.com", subject="Your payment", body_text="-", body_html="-",
        state="sent", queued_at=moment, next_try_at=moment,
    )  # fmt: skip


def test_the_outbox_is_listed_bounced_and_sent_again_by_command(say: Say, world: World):
    reminder_sent(world)

    listed = say("messages").text
    say("bounced", "inv-1:reminder", "--why", "mailbox full")
    bounced = json.loads(say("messages", "--state", "bounced", "--json").text)
    say("resend", "inv-1:reminder")

    assert "acme@example.com" in listed
    assert [row["error"] for row in bounced] == ["mailbox full"]
    assert len(json.loads(say("messages", "--state", "queued", "--json").text)) == 1


def test_messages_of_an_account_that_does_not_exist_are_no_empty_list(home: str, database_url: str):
    said = run("dunning", "messages", "--account", "acmee", BILLING_HOME=home, BILLING_DATABASE_URL=database_url)

    assert (said.code, len(said.complaint)) == (2, 1)
    assert "no account 'acmee'" in said.complaint[0]


def test_a_folder_of_bounces_is_read_by_command_and_what_cannot_be_read_is_named(
    home: str, database_url: str, say: Say, world: World, tmp_path: Path
):
    reminder_sent(world)
    (tmp_path / "1.eml").write_text(report("inv-1:reminder"))

    told = say("bounces", "read", str(tmp_path)).text
    (tmp_path / "2.eml").write_text(report("inv-1:reminder", action="melted"))
    words = ("dunning", "bounces", "read", str(tmp_path), "--json")
    again = run(*words, BILLING_HOME=home, BILLING_DATABASE_URL=database_url)

    assert told.splitlines()[-1] == "noted 1"
    assert [row["state"] for row in seeds.fetch(world.db, control.messages)] == ["bounced"]
    assert again.code == 1
    assert [(row["file"], row["result"]) for row in json.loads(again.text)] == [
        ("1.eml", "known"), ("2.eml", "unreadable"),
    ]  # fmt: skip


def test_a_replay_without_history_says_so(home: str, database_url: str):
    said = run("dunning", "replay", "--from", "2026-01-01", "--to", "2026-02-01",
               BILLING_HOME=home, BILLING_DATABASE_URL=database_url)  # fmt: skip

    assert (said.code, said.complaint) == (
        2, ["billing-pipeline: no first charge failed from 2026-01-01 to 2026-02-01: choose days with failures"],
    )  # fmt: skip


@pytest.mark.slow
def test_the_comparison_lives_every_ladder_on_the_simulator_and_leaves_nothing_behind(home: str):
    said = run("dunning", "compare", "--seeds", "1", "--customers", "5", "--json", seconds_max=600, BILLING_HOME=home)

    rows = json.loads(said.text)
    assert [row["policy"].split(" (")[0] for row in rows] == [
        "this policy", "fixed days 1, 3, 5, 7", "8 tries in 2 weeks", "no retry",
    ]  # fmt: skip
    assert {row["invoices"] for row in rows} == {5}
    assert len({row["owed"] for row in rows}) == 1
    assert rows[3]["retries_per_invoice"] == "0.0"
    assert [file.name for file in Path(home).iterdir() if file.name != ".lock"] == []


def test_the_shipped_policy_passes_its_check():
    assert "policy " in run("dunning", "check").text


def test_the_check_tells_programs_what_the_policy_holds():
    held = json.loads(run("dunning", "check", "--json").text)

    lines = run("dunning", "check").text.splitlines()
    assert lines[0].startswith(f"policy {held['version']}: {len(held['segments'])} segments")
    assert [line.split(":")[0].strip() for line in lines[1:]] == [one["segment"] for one in held["segments"]]
    assert all(f"{one['retries']} retries" in line for one, line in zip(held["segments"], lines[1:], strict=True))


def test_a_wrong_policy_is_refused_with_its_line_and_exit_code_2(tmp_path: Path):
    wrong = tmp_path / "dunning.toml"
    wrong.write_text(Path("policies/dunning.toml").read_text().replace('action = "cancel"', 'action = "sue"', 1))

    said = run("dunning", "check", "--policy", str(wrong))

    assert (said.code, len(said.complaint)) == (2, 1)
    assert "unknown step 'sue'" in said.complaint[0]
    assert f"{wrong}:" in said.complaint[0]
