"""Every account is one customer: found, made or told of changes, and never made twice."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.adapters.tables import catalog
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.provision_customers import Provisioned, provision_customers
from stripe_simulator import Fault, Simulator
from tests.collecting import Desk, open_desk
from tests.seeds import change, fetch, insert_account


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def provision(desk: Desk) -> Provisioned:
    return provision_customers(CustomerStore(desk.db), desk.gateway, desk.clock, threads=1)


def account(desk: Desk, account_id: str = "acme") -> dict[str, Any]:
    (found,) = fetch(desk.db, catalog.accounts, account_id=account_id)
    return found


def existing(desk: Desk, **params: Any) -> str:
    return desk.sim.client().v1.customers.create({"email": "acme@example.com", **params}).id


def test_an_account_becomes_a_customer_once(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None, tax_status="reverse_charge", tax_id="DE1", locale="de")

    first, second = provision(desk), provision(desk)

    (made,) = desk.sim.objects("customer")
    assert (first.created, second) == (1, Provisioned())
    assert account(desk)["stripe_customer_id"] == made["id"]
    assert (made["metadata"]["account_id"], made["tax_exempt"], made["preferred_locales"]) == (
        "acme",
        "reverse",
        ["de"],
    )
    assert made["address"]["country"] == "US"


def test_a_customer_that_carries_our_id_is_adopted_instead_of_making_a_second(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    theirs = existing(desk, metadata={"account_id": "acme"})
    existing(desk, metadata={"account_id": "somebody_else"})

    done = provision(desk)

    assert done.adopted == 1
    assert account(desk)["stripe_customer_id"] == theirs
    assert len(desk.sim.objects("customer")) == 2


def test_the_only_unmarked_customer_of_an_address_is_adopted_and_marked(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    theirs = existing(desk)

    provision(desk)

    (customer,) = desk.sim.objects("customer")
    assert account(desk)["stripe_customer_id"] == theirs
    assert customer["metadata"]["account_id"] == "acme"


def test_an_address_that_two_accounts_share_proves_nothing(desk: Desk) -> None:
    insert_account(desk.db, "acme", stripe_customer_id=None, email="same@example.com")
    insert_account(desk.db, "apex", stripe_customer_id=None, email="same@example.com")
    existing(desk, email="same@example.com")

    done = provision(desk)

    assert (done.created, done.adopted) == (2, 0)
    assert account(desk, "acme")["stripe_customer_id"] != account(desk, "apex")["stripe_customer_id"]


def test_a_change_of_the_account_reaches_the_customer_once(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    provision(desk)
    change(desk.db, catalog.accounts, "acme", name="Acme Limited", email="new@example.com")

    first, second = provision(desk), provision(desk)

    (customer,) = desk.sim.objects("customer")
    assert (first.updated, second.updated) == (1, 0)
    assert (customer["name"], customer["email"]) == ("Acme Limited", "new@example.com")


def test_a_name_that_is_changed_there_and_back_is_told_twice(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None, name="A")
    for name in ("B", "A", "B"):
        provision(desk)
        change(desk.db, catalog.accounts, "acme", name=name)
    provision(desk)

    assert desk.sim.objects("customer")[0]["name"] == "B"


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "truncate"])
def test_a_lost_reply_does_not_make_a_second_customer(desk: Desk, kind: Any) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    desk.fault(kind, path="/v1/customers")

    first = provision(desk)
    for _ in range(15):
        desk.pass_time(minutes=1)
        desk.settle()
    second = provision(desk)

    (made,) = desk.sim.objects("customer")
    assert (first.unknown, second.adopted) == (1, 1)
    assert account(desk)["stripe_customer_id"] == made["id"]


def test_without_having_looked_no_customer_is_made(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    desk.sim.faults.add(Fault(kind="drop_before", method="get", path="/v1/customers", times=0))

    done = provision(desk)

    assert (done.unknown, desk.posts("/v1/customers")) == (1, 0)


def test_a_customer_deleted_in_stripe_is_flagged(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    provision(desk)
    desk.sim.drift.delete_customer(account(desk)["stripe_customer_id"])
    change(desk.db, catalog.accounts, "acme", name="Acme Limited")

    first, second = provision(desk), provision(desk)

    assert (first.deleted, second) == (1, Provisioned())
    assert account(desk)["customer_deleted_at"] is not None


def test_a_refused_account_is_recorded_and_left_alone_for_a_day(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None, name="x" * 6000)

    first, second = provision(desk), provision(desk)
    desk.pass_time(days=2)
    third = provision(desk)

    assert (first.refused, second.refused, third.refused) == (1, 0, 1)
    assert desk.attempts(operation="customer")[0]["remedy"]


def test_a_refused_key_is_one_line(desk: Desk) -> None:
    insert_account(desk.db, stripe_customer_id=None)
    provision(desk)
    change(desk.db, catalog.accounts, "acme", name="Acme Limited")
    bad = type(desk.gateway)("nonsense", http_client=desk.sim.http_client())

    with pytest.raises(Broken, match="STRIPE_SECRET_KEY"):
        provision_customers(CustomerStore(desk.db), bad, desk.clock, threads=1)
