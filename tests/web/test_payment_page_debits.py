"""Bank debits on the payment page, as far as no browser is needed: what is offered, and accounts that must be proven first."""

from pathlib import Path
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.web.page_world import Visitor, visit

DEPOSITS = {"type": "verify_with_microdeposits", "verify_with_microdeposits": {"microdeposit_type": "descriptor_code"}}


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    made = open_desk(db, simulator)
    customer(made, card="pm_sim_insufficient_funds")
    invoice(made)
    return made


@pytest.fixture
def visitor(desk: Desk, tmp_path: Path) -> Visitor:
    return visit(desk, tmp_path)


def intents(desk: Desk) -> list[dict[str, Any]]:
    return list(desk.sim.objects("payment_intent"))


@pytest.mark.parametrize(
    ("currency", "offered"),
    [("usd", ["card", "us_bank_account"]), ("eur", ["card", "sepa_debit"]), ("jpy", ["card"])],
)
def test_cards_are_offered_and_the_debit_of_the_currency(
    desk: Desk, tmp_path: Path, currency: str, offered: list[str]
) -> None:
    customer(desk, "abroad", card=None, currency=currency)
    invoice(desk, "inv-abroad", "abroad", currency=currency)
    visitor = visit(desk, tmp_path)

    visitor.ask("session", token=visitor.token("inv-abroad"))
    visitor.ask("session", mode="card", token=visitor.token("inv-abroad"))

    assert intents(desk)[0]["payment_method_types"] == offered
    assert desk.sim.objects("setup_intent")[0]["payment_method_types"] == offered


def test_an_intent_that_the_engine_tried_is_opened_for_every_way_to_pay_each_time(visitor: Visitor) -> None:
    desk = visitor.desk
    desk.collect()
    narrow = intents(desk)[0]["payment_method_types"]

    visitor.ask("session")
    opened = intents(desk)[0]["payment_method_types"]
    desk.pass_time(days=2)
    desk.wish_retry()
    desk.collect()
    again = intents(desk)[0]["payment_method_types"]
    visitor.ask("session")

    assert (narrow, opened, again) == (["card"], ["card", "us_bank_account"], ["card"])
    assert intents(desk)[0]["payment_method_types"] == opened


def test_a_bank_account_on_its_way_is_charged_from_now_on_and_the_invoice_is_not_paid(visitor: Visitor) -> None:
    visitor.ask("session")
    visitor.confirm("pm_usBankAccount_success")

    done = visitor.ask("done")

    (method,) = [one for one in visitor.desk.sim.objects("payment_method") if one["type"] == "us_bank_account"]
    default = visitor.desk.sim.objects("customer")[0]["invoice_settings"]["default_payment_method"]
    assert (done["state"], done["tone"]) == ("processing", "plain")
    assert default == method["id"]


@pytest.mark.parametrize("mode", ["pay", "card"])
def test_an_account_that_must_be_proven_by_deposits_is_waited_for(visitor: Visitor, mode: str) -> None:
    visitor.ask("session", mode=mode)
    kind = "payment_intent" if mode == "pay" else "setup_intent"
    world = visitor.desk.sim.world
    (known,) = world.store.table(kind).oldest()
    world.change(known, status="requires_action", next_action=DEPOSITS)

    done, again = visitor.ask("done", mode=mode), visitor.ask("session", mode=mode)

    visitor.desk.pass_time(hours=2)
    assert (done["state"], again["state"], again["client_secret"]) == ("verifying", "verifying", "")
    assert (mode == "card") or visitor.desk.collect().submitted == 0
    assert "E-Mail" in done["said"] or "e-mail" in done["said"]
