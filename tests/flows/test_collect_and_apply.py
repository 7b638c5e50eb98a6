"""Collecting and the inbox together: what the customer pays is what the books say, once."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.tables import billing, catalog, ledger, stripe
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, give_card, invoice, open_desk
from tests.seeds import change, fetch, insert_payment_method


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    return open_desk(db, simulator)


def apply(desk: Desk) -> None:
    """All events of Stripe so far, and everything that waits, into the books."""
    events = [event_fact(one, "poll") for one in reversed(desk.sim.objects("event"))]
    InboxStore(desk.db).put(events, desk.clock.now())
    apply_events(EventStore(desk.db), desk.gateway, desk.clock)


def day(desk: Desk) -> None:
    """One day of the schedule."""
    desk.collect()
    desk.settle()
    apply(desk)
    desk.pass_time(days=1)


def state(desk: Desk, invoice_id: str = "inv-1") -> str:
    (row,) = fetch(desk.db, billing.invoices, invoice_id=invoice_id)
    return str(row["state"])


def payments(desk: Desk) -> list[dict[str, Any]]:
    return fetch(desk.db, stripe.payments)


def balance(desk: Desk, account: LedgerAccount) -> int:
    return sum(row["minor"] for row in fetch(desk.db, ledger.postings, ledger_account=int(account)))


def test_a_card_that_pays_pays_the_invoice_and_books_the_fee(desk: Desk) -> None:
    customer(desk)
    invoice(desk)

    desk.collect()
    apply(desk)

    (payment,) = payments(desk)
    assert (state(desk), payment["amount_minor"]) == ("paid", 4900)
    assert desk.collection()["close_reason"] == "paid"
    assert balance(desk, LedgerAccount.RECEIVABLE) == -4900
    assert balance(desk, LedgerAccount.PROCESSOR_FEES) > 0


def test_a_declined_invoice_is_paid_by_a_new_card(desk: Desk) -> None:
    theirs = customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    day(desk)
    failed = desk.collection()
    give_card(desk, "acme", theirs, "pm_card_visa")

    day(desk)

    assert (failed["failures"], failed["last_codes"]["decline"]) == (1, "insufficient_funds")
    assert (state(desk), len(payments(desk)), desk.charges()) == ("paid", 1, {"inv-1": 1})


def test_a_bank_debit_is_paid_days_later(desk: Desk) -> None:
    customer(desk, card="pm_usBankAccount_success")
    invoice(desk)

    day(desk)
    early, waiting = state(desk), desk.collection()["status"]
    for _ in range(6):
        day(desk)

    assert (early, waiting, state(desk)) == ("pending", "processing", "paid")
    assert len(desk.sim.objects("payment_intent")) == 1


@pytest.mark.parametrize(
    ("debit", "currency"), [("pm_usBankAccount_insufficientFunds", "usd"), ("pm_sepaDebit_failed", "eur")]
)
def test_a_bank_debit_that_comes_back_leaves_the_invoice_open_and_counts_as_a_failure(
    desk: Desk, debit: str, currency: str
) -> None:
    customer(desk, card=debit, currency=currency)
    invoice(desk, currency=currency)

    for _ in range(8):
        day(desk)

    assert (state(desk), payments(desk)) == ("pending", [])
    assert desk.collection()["failures"] == 1
    assert len(desk.attempts()) == 1


@pytest.mark.parametrize("kind", ["drop_after", "error_after", "truncate"])
def test_a_lost_reply_ends_in_one_payment_in_the_books(desk: Desk, kind: str) -> None:
    customer(desk)
    invoice(desk)
    desk.fault(kind)

    for _ in range(3):
        day(desk)

    assert (state(desk), len(payments(desk)), desk.charges()) == ("paid", 1, {"inv-1": 1})
    assert desk.attempts(outcome=None) == []


def test_a_second_payment_by_wire_becomes_credit_and_the_intent_is_closed(desk: Desk) -> None:
    customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    day(desk)
    wire = ReceivedMoney(4900, "usd", "wire", "NTRF 42", desk.clock.now(), "ann", "inv-1", "acme")
    record_payment(InboxStore(desk.db), desk.clock, wire)
    apply(desk)

    desk.collect()
    apply(desk)

    assert state(desk) == "paid"
    assert desk.sim.objects("payment_intent")[0]["status"] == "canceled"


def test_money_that_arrives_twice_becomes_credit(desk: Desk) -> None:
    theirs = customer(desk)
    invoice(desk)
    desk.collect()
    second = {"invoice_id": "inv-1", "account_id": "acme", "seq": "1"}
    method = fetch(desk.db, catalog.payment_methods)[0]["payment_method_id"]
    params: Any = {"amount": 4900, "currency": "usd", "customer": theirs, "payment_method": method}
    desk.sim.client().v1.payment_intents.create(params | {"confirm": True, "off_session": True, "metadata": second})

    apply(desk)

    (credit,) = fetch(desk.db, billing.credit_grants)
    assert (state(desk), credit["kind"], credit["amount_minor"]) == ("paid", "overpayment", 4900)
    assert desk.charges() == {"inv-1": 2}


def test_the_rest_of_an_invoice_that_a_charge_paid_in_part_is_not_charged(desk: Desk) -> None:
    theirs = customer(desk)
    invoice(desk)
    method = fetch(desk.db, catalog.payment_methods)[0]["payment_method_id"]
    params: Any = {"amount": 3000, "currency": "usd", "customer": theirs, "payment_method": method}
    named = {"invoice_id": "inv-1", "account_id": "acme"}
    desk.sim.client().v1.payment_intents.create(params | {"confirm": True, "off_session": True, "metadata": named})
    apply(desk)

    day(desk)

    assert (state(desk), desk.charges()) == ("pending", {"inv-1": 1})


def test_a_credit_note_leaves_a_smaller_charge(desk: Desk) -> None:
    customer(desk, card="pm_sim_insufficient_funds")
    invoice(desk)
    day(desk)
    change(desk.db, billing.invoices, "inv-1", credited_minor=900)
    desk.alter(closed_at=desk.clock.now(), close_reason="credited")
    for _ in range(3):
        day(desk)

    statuses = [(one["amount"], one["status"]) for one in desk.sim.objects("payment_intent")]
    assert statuses == [(4900, "canceled"), (4000, "requires_payment_method")]


def test_months_of_a_card_that_recovers_end_paid_within_the_rules(desk: Desk) -> None:
    theirs = customer(desk, card=None)
    client = desk.sim.client()
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": theirs})
    recovers = (desk.clock.now() + timedelta(days=9)).date().isoformat()
    told: Any = {"metadata": {"sim_decline_until": recovers, "sim_decline_code": "generic_decline"}}
    client.v1.payment_methods.update(method.id, told)
    insert_payment_method(desk.db, "acme", method.id, fingerprint="fp_recovers")
    invoice(desk)

    for _ in range(12):
        if state(desk) != "paid":
            day(desk)
            desk.wish_retry()

    assert state(desk) == "paid"
    assert desk.charges() == {"inv-1": 1}
    started = [row["started_at"] for row in desk.attempts()]
    assert all(later - earlier >= timedelta(hours=1) for earlier, later in pairwise(started))
