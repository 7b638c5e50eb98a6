"""Collecting from the command line: against a simulator that answers over HTTP, and this test's own database."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.commands import collect, payments, refunds
from billing_pipeline.domain.errors import Broken
from stripe_simulator import Simulator
from stripe_simulator.server import serving
from tests.fakes import START
from tests.seeds import (
    add,
    fetch,
    insert_account,
    insert_invoice,
    insert_payment_method,
    insert_price,
    insert_subscription,
)  # fmt: skip

APPS = {"collect": collect.app, "payments": payments.app, "refunds": refunds.app}


# A process ends with its command; here many commands share one, and their sockets wait for the collector of garbage.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")


@pytest.fixture
def variables(tmp_path: Path, database_url: str, simulator: Simulator) -> Iterator[dict[str, str]]:
    """The environment of every command of a test."""
    with serving(simulator) as address:
        yield {
            "BILLING_HOME": str(tmp_path),
            "BILLING_DATABASE_URL": database_url,
            "STRIPE_API_BASE": address,
            "STRIPE_SECRET_KEY": "sk_test_1",
        }


def said(variables: dict[str, str], group: str, *words: str) -> str:
    """What the command printed. Raises what it raised."""
    done = CliRunner().invoke(APPS[group], list(words), env=variables, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def told(variables: dict[str, str], group: str, *words: str) -> Any:
    return json.loads(said(variables, group, *words, "--json"))


def attach_card(simulator: Simulator) -> None:
    """What a customer does in a browser."""
    client, (customer,) = simulator.client(), simulator.objects("customer")
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer["id"]})
    client.v1.customers.update(customer["id"], {"invoice_settings": {"default_payment_method": method.id}})


def test_from_an_account_to_its_money(variables: dict[str, str], db: Database, simulator: Simulator) -> None:
    insert_account(db, stripe_customer_id=None)
    insert_invoice(db, "inv-1")

    customers = told(variables, "collect", "customers")
    attach_card(simulator)
    methods = told(variables, "collect", "methods")
    collected = told(variables, "collect", "run")
    again = said(variables, "collect", "run")
    settled = said(variables, "collect", "settle")
    attempts = told(variables, "payments", "attempts", "inv-1")

    assert (customers["created"], methods["new_default"]) == (1, 1)
    assert (collected["succeeded"], collected["amount_by_currency"]) == (1, {"usd": 4900})
    assert (again, settled) == ("nothing to do\n", "nothing to do\n")
    assert [one["outcome"] for one in attempts] == ["succeeded"]


def test_a_refund_needs_two_people(variables: dict[str, str], db: Database) -> None:
    paid(db)

    asked = said(variables, "refunds", "request", "pay-1", "--reason", "unhappy", "--by", "ann", "--to", "credit")
    name = asked.split(":")[0]
    with pytest.raises(Broken, match="somebody else"):
        said(variables, "refunds", "approve", name, "--by", "ann")
    said(variables, "refunds", "approve", name, "--by", "bob")
    planned = told(variables, "refunds", "run", "--dry-run")
    done = told(variables, "refunds", "run")

    assert (planned["planned"], done["credited"]) == (1, 1)
    assert [one["state"] for one in told(variables, "refunds", "list")] == ["done"]
    assert "bob" in said(variables, "refunds", "list")


def test_lists_say_so_when_there_is_nothing(variables: dict[str, str]) -> None:
    assert "no payments" in said(variables, "payments", "list")
    assert "nothing is unknown" in said(variables, "payments", "attempts")
    assert "no card was declined" in said(variables, "payments", "cards")
    assert "no card expires" in said(variables, "payments", "expiring")
    assert "no refund requests" in said(variables, "refunds", "list")


def test_attempts_for_a_mistyped_invoice_are_no_good_news(variables: dict[str, str]) -> None:
    with pytest.raises(Broken, match=r"no invoice 'inv-9'.*invoice list"):
        said(variables, "payments", "attempts", "inv-9")


def test_lists_show_what_there_is(variables: dict[str, str], db: Database) -> None:
    paid(db)
    insert_price(db)
    insert_subscription(db)
    today = datetime.now(UTC)  # the commands run on the real clock
    insert_payment_method(db, exp_month=today.month, exp_year=today.year, fingerprint="fp_1")
    for number in range(3):
        declined(db, number, today)

    (payment,) = told(variables, "payments", "list")
    (card,) = told(variables, "payments", "cards")
    (expiring,) = told(variables, "payments", "expiring", "--days", "31")

    assert (payment["payment_id"], payment["amount_minor"]) == ("pay-1", 4900)
    assert (card["card"], card["declines"], card["left"]) == ("visa 4242", 3, 12)
    assert (expiring["account_id"], expiring["expires_on"][:7]) == ("acme", f"{today:%Y-%m}")
    assert "pay-1" in said(variables, "payments", "list")
    assert "12 left" in said(variables, "payments", "cards")


def test_a_wire_is_recorded_once(variables: dict[str, str], db: Database) -> None:
    insert_account(db)
    insert_invoice(db)
    words = ("record", "4900", "usd", "--reference", "NTRF 42", "--invoice", "inv-1", "--received", "2025-12-31")

    first, second = told(variables, "payments", *words), told(variables, "payments", *words)

    assert (first["payment_id"], first["new"], second["new"]) == (second["payment_id"], True, False)


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_wire_is_booked_on_the_day_on_which_it_arrived(variables: dict[str, str], db: Database, zone: str) -> None:
    insert_account(db)
    insert_invoice(db)
    words = ("record", "4900", "usd", "--reference", "NTRF 42", "--invoice", "inv-1", "--received", "2025-12-31")
    told(variables | {"BILLING_ZONE": zone}, "payments", *words)

    (fact,) = fetch(db, stripe.inbox, type="payment.recorded")

    received = datetime.fromisoformat(fact["payload"]["received_at"])
    assert received.astimezone(ZoneInfo(zone)) == datetime(2025, 12, 31, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Tokyo"])
def test_a_wire_of_today_is_the_same_with_and_without_its_day(
    variables: dict[str, str], db: Database, zone: str
) -> None:
    insert_account(db)
    insert_invoice(db)
    here = variables | {"BILLING_ZONE": zone}
    words = ("record", "4900", "usd", "--reference", "NTRF 42", "--invoice", "inv-1")
    first = told(here, "payments", *words)
    (fact,) = fetch(db, stripe.inbox, type="payment.recorded")
    today = datetime.fromisoformat(fact["payload"]["received_at"]).astimezone(ZoneInfo(zone)).date()

    second = told(here, "payments", *words, "--received", today.isoformat())

    assert (second["payment_id"], second["new"]) == (first["payment_id"], False)


def test_what_is_unknown_is_named_in_one_line(variables: dict[str, str]) -> None:
    for words in (
        ("payments", "list", "--account", "acct-9"),
        ("payments", "retry", "inv-9"),
        ("payments", "link", "inv-9"),
        ("payments", "record", "1", "usd", "--reference", "r", "--invoice", "inv-9"),
        ("payments", "record", "1", "usd", "--reference", "r", "--account", "acct-9"),
        ("refunds", "request", "pay-9", "--reason", "r", "--by", "ann"),
    ):
        with pytest.raises(Broken, match=r"inv-9|pay-9|acct-9"):
            said(variables, *words)


def test_a_link_opens_the_payment_page_of_its_invoice(variables: dict[str, str], db: Database) -> None:
    insert_account(db)
    insert_invoice(db)

    link = said(variables, "payments", "link", "inv-1")
    as_told = told(variables, "payments", "link", "inv-1")

    assert link.startswith("http://127.0.0.1:8000/pay/")
    assert as_told["invoice"] == "inv-1"
    assert as_told["address"].startswith("http://127.0.0.1:8000/pay/")
    assert (Path(variables["BILLING_HOME"]) / "link_secret").exists()


def paid(db: Database) -> None:
    insert_account(db)
    insert_invoice(db, state="paid", paid_at=START)
    add(
        db, stripe.payments, payment_id="pay-1", account_id="acme", invoice_id="inv-1", method="card", charge_id="ch_1",
        currency="usd", amount_minor=4900, applied_minor=4900, succeeded_at=START,
    )  # fmt: skip


def declined(db: Database, number: int, at: datetime) -> None:
    add(
        db, stripe.stripe_attempts, operation="charge", subject=f"inv-1#{number}", attempt=1, outcome="declined",
        idempotency_key=f"k{number}", api_version="", method_path="", request_json="{}", started_at=at,
        lease_until=at, outcome_at=at, fingerprint="fp_1",
    )  # fmt: skip


def test_the_rules_for_retries_can_be_read(variables: dict[str, str]) -> None:
    told_rules, shown = told(variables, "payments", "rules"), said(variables, "payments", "rules")

    assert {"said_by": "Mastercard's advice", "word": "30", "class": "soft", "again_after_hours": 240} in told_rules[
        "words"
    ]
    assert {"said_by": "decline code", "word": "stolen_card", "class": "hard", "again_after_hours": None} in told_rules[
        "words"
    ]
    assert {"cards": "mastercard", "declines_max": 10, "within_hours": 24} in told_rules["limits"]
    assert "do_not_try_again" in shown


def test_an_account_whose_customer_was_deleted_becomes_another(
    variables: dict[str, str], db: Database, simulator: Simulator
) -> None:
    old = simulator.client().v1.customers.create({"email": "acme@example.com"}).id
    insert_account(db, stripe_customer_id=old, customer_deleted_at=START)
    simulator.drift.delete_customer(old)

    words = said(variables, "collect", "new-customer", "acme")

    (new,) = [one["id"] for one in simulator.objects("customer") if not one.get("deleted")]
    assert f"acme is {new} now. It has no payment method yet" in words
    with pytest.raises(Broken, match="no customer of account 'acme' was deleted"):
        said(variables, "collect", "new-customer", "acme")
    with pytest.raises(Broken, match="no account 'nobody'"):
        said(variables, "collect", "new-customer", "nobody")
