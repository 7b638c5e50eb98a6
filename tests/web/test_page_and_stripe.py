"""The payment page where Stripe bills the invoice itself, and where a customer was deleted there."""

from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog
from stripe_simulator import Fault, Simulator
from tests.collecting import customer, invoice, open_desk
from tests.seeds import change
from tests.web.page_world import Visitor, visit


@pytest.fixture
def visitor(db: Database, simulator: Simulator, tmp_path: Path) -> Visitor:
    desk = open_desk(db, simulator)
    customer(desk, card=None, currency="eur")
    invoice(desk, currency="eur")
    return visit(desk, tmp_path)


def test_a_setup_of_a_deleted_customer_is_not_handed_out_to_the_new_one(visitor: Visitor) -> None:
    visitor.ask("session", "card")
    new = visitor.desk.sim.client().v1.customers.create({"metadata": {"account_id": "acme"}}).id
    change(visitor.desk.db, catalog.accounts, "acme", stripe_customer_id=new)

    told = visitor.ask("session", "card")

    newest = visitor.desk.sim.objects("setup_intent")[-1]
    assert (newest["customer"], told["client_secret"]) == (new, newest["client_secret"])


def test_an_invoice_that_stripe_bills_is_paid_at_stripe_and_gets_no_intent_of_ours(visitor: Visitor) -> None:
    client = visitor.desk.sim.client().v1
    (acme,) = visitor.desk.sim.objects("customer")
    client.invoice_items.create({"customer": acme["id"], "amount": 4900, "currency": "eur"})
    theirs = client.invoices.create({"customer": acme["id"], "pending_invoice_items_behavior": "include"})
    theirs = client.invoices.finalize_invoice(theirs.id)
    change(visitor.desk.db, billing.invoices, "inv-1", charger="stripe", stripe_invoice_id=theirs.id)
    intents = len(visitor.desk.sim.objects("payment_intent"))

    session, page = visitor.ask("session"), visitor.client.get(f"/pay/{visitor.token()}", follow_redirects=False)

    assert (session["state"], len(visitor.desk.sim.objects("payment_intent"))) == ("later", intents)
    assert (page.status_code, page.headers["location"]) == (303, theirs.hosted_invoice_url)


def test_an_invoice_that_stripe_bills_waits_while_stripe_does_not_answer(visitor: Visitor) -> None:
    change(visitor.desk.db, billing.invoices, "inv-1", charger="stripe", stripe_invoice_id="in_1")
    visitor.desk.sim.faults.add(Fault(kind="drop_before", method="get", path="/v1/invoices/*", times=0))

    page = visitor.client.get(f"/pay/{visitor.token()}", follow_redirects=False)

    assert (page.status_code, visitor.desk.sim.objects("payment_intent")) == (200, [])
