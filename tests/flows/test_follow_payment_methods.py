"""How an account pays is known before it is charged."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.customer_store import CustomerStore
from billing_pipeline.adapters.tables import catalog
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.follow_payment_methods import Followed, follow_payment_methods
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.seeds import fetch, insert_price, insert_subscription


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def follow(desk: Desk, *accounts: str) -> Followed:
    named = [AccountId(one) for one in accounts] or None
    return follow_payment_methods(CustomerStore(desk.db), desk.gateway, desk.clock, accounts=named, threads=1)


def methods(desk: Desk, **where: Any) -> list[dict[str, Any]]:
    return fetch(desk.db, catalog.payment_methods, **where)


def attach(desk: Desk, customer_id: str, card: str, default: bool = True) -> str:
    client = desk.sim.client()
    method = client.v1.payment_methods.attach(card, {"customer": customer_id}).id
    if default:
        client.v1.customers.update(customer_id, {"invoice_settings": {"default_payment_method": method}})
    return method


def test_the_default_card_of_an_account_with_an_open_invoice_is_learnt(desk: Desk) -> None:
    card = attach(desk, customer(desk, card=None), "pm_card_visa")
    invoice(desk)

    first, second = follow(desk), follow(desk)

    (known,) = methods(desk)
    assert (first.new_default, second) == (1, Followed())
    assert (known["payment_method_id"], known["is_default"], known["brand"]) == (card, True, "visa")
    assert known["last4"] == "4242"
    assert known["fingerprint"]
    assert (known["exp_month"], known["exp_year"]) != (None, None)


def test_nothing_is_asked_about_accounts_that_owe_nothing(desk: Desk) -> None:
    attach(desk, customer(desk, card=None), "pm_card_visa")
    before = len(desk.sim.calls)

    assert follow(desk) == Followed()
    assert len(desk.sim.calls) == before


def test_the_card_of_a_trial_that_ends_tomorrow_is_learnt_in_time(desk: Desk) -> None:
    attach(desk, customer(desk, card=None), "pm_card_visa")
    insert_price(desk.db)
    insert_subscription(desk.db, state="trialing", trial_end=desk.clock.now())

    assert follow(desk).new_default == 1


def test_without_a_choice_the_newest_card_is_charged(desk: Desk) -> None:
    theirs = customer(desk, card=None)
    attach(desk, theirs, "pm_card_visa", default=False)
    desk.pass_time(seconds=5)
    newest = attach(desk, theirs, "pm_card_mastercard", default=False)
    invoice(desk)

    follow(desk)

    assert [one["payment_method_id"] for one in methods(desk, is_default=True)] == [newest]


def test_an_account_without_any_method_is_counted(desk: Desk) -> None:
    customer(desk, card=None)
    invoice(desk)

    assert follow(desk).without_method == 1


def test_a_changed_default_replaces_the_old_one_and_a_detached_card_ends(desk: Desk) -> None:
    theirs = customer(desk)
    old = methods(desk)[0]["payment_method_id"]
    new = attach(desk, theirs, "pm_card_mastercard")
    desk.sim.client().v1.payment_methods.detach(old)

    done = follow(desk, "acme")

    known = {one["payment_method_id"]: one for one in methods(desk)}
    assert done.new_default == 1
    assert (known[new]["is_default"], known[old]["is_default"]) == (True, False)
    assert known[old]["detached_at"] is not None


def test_a_deleted_customer_is_flagged(desk: Desk) -> None:
    desk.sim.drift.delete_customer(customer(desk, card=None))
    invoice(desk)

    assert follow(desk).deleted == 1
    assert fetch(desk.db, catalog.accounts)[0]["customer_deleted_at"] is not None


def test_a_card_never_tried_on_an_invoice_is_tried_without_being_asked_for(desk: Desk) -> None:
    theirs = customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    desk.collect()
    desk.note_decline(decline="insufficient_funds")

    same_card = desk.collect()
    give_card(desk, "acme", theirs, "pm_card_mastercard")
    new_card = desk.collect()

    assert (same_card.submitted, new_card.succeeded) == (0, 1)


def test_no_card_number_is_ever_stored(desk: Desk) -> None:
    attach(desk, customer(desk, card=None), "pm_card_visa")
    invoice(desk)
    follow(desk)

    columns = set(methods(desk)[0])

    assert not {"number", "pan", "cvc"} & columns
    assert all("4242424242424242" not in str(value) for value in methods(desk)[0].values())
