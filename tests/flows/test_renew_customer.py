"""An account whose customer was deleted in Stripe becomes another customer, and its open invoices can be paid again."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.provision_customers import provision_customers
from billing_pipeline.flows.renew_customer import Renewed, renew_customer
from stripe_simulator import Fault, Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.seeds import change, fetch, insert_account


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    """Acme's card was declined for an invoice; then somebody deleted the customer in the dashboard, and we noticed."""
    made = open_desk(db, simulator)
    old = customer(made, card="pm_card_chargeCustomerFail")
    invoice(made)
    made.collect()
    apply(made)
    made.sim.drift.delete_customer(old)
    change(db, catalog.accounts, "acme", customer_deleted_at=made.clock.now())
    return made


def apply(desk: Desk) -> None:
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def renew(desk: Desk) -> Renewed:
    return renew_customer(CustomerStore(desk.db), desk.gateway, desk.clock, AccountId("acme"))


def account(desk: Desk) -> dict[str, Any]:
    (found,) = fetch(desk.db, catalog.accounts, account_id="acme")
    return found


def test_the_account_becomes_a_new_customer_and_the_old_intent_is_canceled(desk: Desk) -> None:
    done = renew(desk)
    apply(desk)

    (alive,) = [one for one in desk.sim.objects("customer") if not one.get("deleted")]
    assert (account(desk)["stripe_customer_id"], account(desk)["customer_deleted_at"]) == (alive["id"], None)
    assert (done.now, done.canceled, alive["metadata"]["account_id"]) == (alive["id"], 1, "acme")
    assert done.before != done.now
    assert [one["status"] for one in desk.sim.objects("payment_intent")] == ["canceled"]
    assert desk.collection()["close_reason"] == "canceled"


def test_the_open_invoice_is_charged_to_the_new_customer_once_it_has_a_card(desk: Desk) -> None:
    done = renew(desk)
    apply(desk)
    desk.collect()
    give_card(desk, "acme", str(done.now), "pm_card_visa")
    desk.collect()
    apply(desk)

    (paid,) = fetch(desk.db, billing.invoices, invoice_id="inv-1")
    (charge,) = [one for one in desk.sim.objects("charge") if one["status"] == "succeeded"]
    assert (paid["state"], charge["customer"]) == ("paid", done.now)


def test_no_payment_method_of_the_deleted_customer_is_tried_again(desk: Desk) -> None:
    renew(desk)

    methods = fetch(desk.db, catalog.payment_methods, account_id="acme")
    assert [(one["is_default"], one["detached_at"] is None) for one in methods] == [(False, False)]


def test_a_customer_that_is_alive_is_kept(desk: Desk) -> None:
    renew(desk)
    before = account(desk)

    with pytest.raises(Broken, match="no customer of account 'acme' was deleted"):
        renew(desk)

    assert account(desk) == before


def test_nothing_is_forgotten_while_the_old_intent_may_still_be_paid(desk: Desk) -> None:
    desk.sim.faults.add(Fault(kind="drop_before", method="post", path="/v1/payment_intents/*/cancel", times=0))

    with pytest.raises(Broken, match="is not canceled yet"):
        renew(desk)

    assert account(desk)["customer_deleted_at"] is not None


def test_a_lost_reply_makes_one_customer(desk: Desk) -> None:
    desk.sim.faults.add(Fault(kind="drop_after", method="post", path="/v1/customers", times=1))
    first = renew(desk)
    desk.pass_time(minutes=11)
    desk.settle()

    provision_customers(CustomerStore(desk.db), desk.gateway, desk.clock)

    alive = [one for one in desk.sim.objects("customer") if not one.get("deleted")]
    assert (first.now, [one["id"] for one in alive]) == (None, [account(desk)["stripe_customer_id"]])


def test_money_that_is_under_way_is_left_alone(desk: Desk) -> None:
    (intent,) = desk.sim.objects("payment_intent")
    desk.sim.world.store.replace({**intent, "status": "processing"})

    assert renew(desk).canceled == 0


def test_an_erased_account_gets_no_new_customer(desk: Desk) -> None:
    insert_account(desk.db, "gone", customer_deleted_at=desk.clock.now(), erased_at=desk.clock.now())

    with pytest.raises(Broken, match="erased"):
        renew_customer(CustomerStore(desk.db), desk.gateway, desk.clock, AccountId("gone"))
