"""`billing-pipeline bill` as people use it."""

import json
from collections.abc import Callable

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables.billing import invoices, subscriptions
from billing_pipeline.commands.billing import wish_json
from billing_pipeline.domain.errors import Broken
from tests.commands.cli import Said, run
from tests.seeds import change, fetch, insert_account, insert_price, insert_subscription

Say = Callable[..., Said]


@pytest.fixture
def say(home: str, database_url: str) -> Say:
    """Runs a billing command on this test's own database."""

    def command(*words: str) -> Said:
        return run("bill", *words, BILLING_HOME=home, BILLING_DATABASE_URL=database_url)

    return command


@pytest.fixture
def acme(db: Database) -> Database:
    """A subscription that is due, and one that cannot be billed."""
    insert_account(db)
    insert_price(db)
    insert_subscription(db)
    insert_subscription(db, "lost")
    change(db, subscriptions, "lost", zone="Mars/Olympus")
    return db


def test_a_month_of_billing_on_the_command_line(say: Say, acme: Database) -> None:
    shown = say("preview", "s1").text
    rehearsed = json.loads(say("issue", "--day", "2026-01-01", "--dry-run", "--json").text)
    before = fetch(acme, invoices)
    issued = say("issue", "--day", "2026-01-01").text
    asked = say("change", "s1", "quantity", '{"quantity": 3}', "--timing", "period_end").text
    again = json.loads(say("issue", "--json").text)

    assert "Basic" in shown
    assert "49.00 usd" in shown
    assert (rehearsed["invoices"], before) == (1, [])
    assert "invoices: 1 (49.00 usd)" in issued
    assert "parked: lost: unknown zone 'Mars/Olympus'" in issued
    assert "takes effect 2026-02-01" in asked
    assert (again["invoices"], again["changes"]["applied"]) == (0, 0)


def test_what_is_parked_is_listed_and_billed_again_once_it_is_put_right(say: Say, acme: Database) -> None:
    say("issue", "--day", "2026-01-01")
    listed = say("parked").text
    (told,) = json.loads(say("parked", "--json").text)
    change(acme, subscriptions, "lost", zone="UTC")

    unparked, twice = say("unpark", "lost"), say("unpark", "lost")
    issued = json.loads(say("issue", "--day", "2026-01-01", "--json").text)

    assert "lost          acme     unknown zone 'Mars/Olympus'" in listed
    assert (told["subscription_id"], told["account_id"]) == ("lost", "acme")
    assert (unparked.text, issued["invoices"]) == ("lost: billed again by the next run\n", 1)
    assert (twice.code, len(twice.complaint)) == (2, 1)
    assert say("parked").text == "nothing is parked\n"


def test_bad_input_is_one_line_with_the_remedy(say: Say, acme: Database) -> None:
    ghost, lost = say("preview", "ghost"), say("preview", "lost")

    assert (ghost.code, ghost.complaint) == (
        2, ["billing-pipeline: no subscription ghost: use the subscription_id that it was imported with"],
    )  # fmt: skip
    assert (lost.code, len(lost.complaint)) == (2, 1)
    assert "unknown zone 'Mars/Olympus': use an IANA name" in lost.complaint[0]


@pytest.mark.parametrize("text", ["nonsense", "[]", "5"])
def test_a_wish_that_is_no_object_is_shown_how_to_write_one(text: str) -> None:
    with pytest.raises(Broken, match=r'write it like \{"quantity": 5\}'):
        wish_json(text)
