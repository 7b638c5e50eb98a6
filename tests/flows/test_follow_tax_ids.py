"""A customer's tax id at Stripe is its account's, whatever happens on the way."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.adapters.tables import catalog
from billing_pipeline.domain.customers import tax_id_type
from billing_pipeline.flows.provision_customers import Provisioned, provision_customers
from stripe_simulator import Simulator
from tests.collecting import Desk, open_desk
from tests.seeds import change, fetch, insert_account

GERMAN, OTHER = "DE123456789", "DE987654321"


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def provision(desk: Desk) -> Provisioned:
    return provision_customers(CustomerStore(desk.db), desk.gateway, desk.clock, threads=1)


def account(desk: Desk, **values: Any) -> None:
    given = {"stripe_customer_id": None, "country": "DE", "tax_id": GERMAN, "address": {"country": "DE"}}
    insert_account(desk.db, **(given | values))


def told(desk: Desk) -> list[tuple[str, str]]:
    """Kind and number of every tax id that Stripe has."""
    return [(one["type"], one["value"]) for one in desk.sim.objects("tax_id")]


def test_a_new_customer_has_the_accounts_tax_id_once(desk: Desk) -> None:
    account(desk)

    first, second = provision(desk), provision(desk)

    assert (first, second) == (Provisioned(created=1), Provisioned())
    assert told(desk) == [("eu_vat", GERMAN)]


def test_a_new_number_replaces_the_old_one_and_none_takes_it_away(desk: Desk) -> None:
    account(desk)
    provision(desk)

    change(desk.db, catalog.accounts, "acme", tax_id=OTHER)
    changed = provision(desk)
    replaced = told(desk)
    change(desk.db, catalog.accounts, "acme", tax_id="")
    provision(desk)

    assert (changed, replaced) == (Provisioned(updated=1), [("eu_vat", OTHER)])
    assert told(desk) == []


def test_a_number_written_otherwise_is_the_same_number(desk: Desk) -> None:
    account(desk)
    provision(desk)

    change(desk.db, catalog.accounts, "acme", tax_id="DE 123 456 789")
    provision(desk)

    assert told(desk) == [("eu_vat", GERMAN)]


def test_tax_ids_of_another_kind_that_stripe_has_are_left_alone(desk: Desk) -> None:
    theirs: Any = {"email": "acme@example.com", "tax_id_data": [{"type": "gb_vat", "value": "GB123456789"}]}
    desk.sim.client().v1.customers.create(theirs)
    account(desk)

    done = provision(desk)

    assert done == Provisioned(adopted=1)
    assert sorted(told(desk)) == [("eu_vat", GERMAN), ("gb_vat", "GB123456789")]


def test_a_number_that_stripe_refuses_is_recorded_and_the_account_can_be_charged(desk: Desk) -> None:
    account(desk, tax_id="DE1")

    first, second = provision(desk), provision(desk)

    (attempt,) = desk.attempts(outcome="refused")
    assert (first, second) == (Provisioned(created=1, refused=1), Provisioned())
    assert (attempt["subject"], attempt["codes"]["code"]) == ("acme#tax", "tax_id_invalid")
    assert attempt["request_id"].startswith("req_")
    assert "correct it on the account" in attempt["remedy"]
    assert fetch(desk.db, catalog.accounts)[0]["stripe_customer_id"]


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "error_before", "error_after", "truncate"])
def test_a_lost_reply_ends_in_one_tax_id(desk: Desk, kind: Any) -> None:
    account(desk)
    desk.fault(kind, path="/v1/customers/*/tax_ids")

    first = provision(desk)
    for _ in range(15):
        desk.pass_time(minutes=1)
        desk.settle()
    provision(desk)

    assert (first.created, first.unknown) == (1, 1)
    assert told(desk) == [("eu_vat", GERMAN)]
    assert desk.attempts(outcome=None) == []


def test_a_number_whose_kind_cannot_be_told_stays_in_the_metadata(desk: Desk) -> None:
    account(desk, country="CA", address={"country": "CA"}, tax_id="123456789")

    provision(desk)

    assert told(desk) == []
    assert desk.sim.objects("customer")[0]["metadata"]["tax_id"] == "123456789"


@pytest.mark.parametrize(
    ("country", "value", "kind"),
    [
        ("DE", "DE123456789", "eu_vat"),
        ("GR", "EL123456789", "eu_vat"),
        ("DE", "12/345/67890", ""),
        ("GB", "GB123456789", "gb_vat"),
        ("US", "12-3456789", "us_ein"),
        ("CA", "123456789", ""),
    ],
)
def test_the_kind_of_a_number_follows_from_the_country(country: str, value: str, kind: str) -> None:
    assert tax_id_type(country, value) == kind
