"""Refunds: asked for by one person, approved by another, made once."""

from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.adapters.tables import billing, ledger, stripe
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.flows.refund_payments import Refunded, refund_payments
from billing_pipeline.flows.request_refunds import RefundWish, approve_refund, request_refund
from stripe_simulator import Simulator
from tests.collecting import Desk, customer, invoice, open_desk
from tests.fakes import START
from tests.ledger_seeds import balances
from tests.seeds import add, change, fetch


@pytest.fixture
def desk(db: Database, simulator: Simulator) -> Desk:
    made = open_desk(db, simulator)
    paid(made)
    return made


def paid(desk: Desk, currency: str = "usd", total: int = 4900) -> None:
    """An invoice that was charged, and its payment as the inbox books it."""
    customer(desk, currency=currency)
    invoice(desk, currency=currency, total_minor=total)
    desk.collect()
    charge = desk.sim.objects("charge")[0]
    add(
        desk.db, stripe.payments, payment_id="pay-1", account_id="acme", invoice_id="inv-1", method="card",
        charge_id=charge["id"], currency=currency, amount_minor=total, applied_minor=total, succeeded_at=START,
    )  # fmt: skip


def wish(amount: int | None = None, destination: str = "card", **more: Any) -> RefundWish:
    return RefundWish(PaymentId("pay-1"), amount, destination, "unhappy", more.pop("by", "ann"), **more)


def asked(desk: Desk, *args: Any, **more: Any) -> str:
    return request_refund(RefundStore(desk.db), desk.clock, wish(*args, **more))[0]


def approved(desk: Desk, *args: Any, **more: Any) -> str:
    name = asked(desk, *args, **more)
    approve_refund(RefundStore(desk.db), desk.clock, name, "bob")
    return name


def run(desk: Desk, **options: Any) -> Refunded:
    return refund_payments(RefundStore(desk.db), desk.gateway, desk.clock, **options)


def state(desk: Desk, name: str) -> str:
    (row,) = fetch(desk.db, stripe.refund_requests, refund_request_id=name)
    return str(row["state"])


def test_an_approved_refund_is_made_once_and_told_to_the_inbox(desk: Desk) -> None:
    name = approved(desk, 1900)

    first, second = run(desk), run(desk)

    (made,) = desk.sim.objects("refund")
    assert (first.done, first.amount_by_currency, second) == (1, {"usd": 1900}, Refunded())
    assert (made["amount"], made["metadata"]["refund_request_id"]) == (1900, name)
    assert desk.facts()[-1]["type"] == "refund.reply"
    assert state(desk, name) == "done"


def test_nothing_is_given_back_without_approval(desk: Desk) -> None:
    asked(desk)

    assert run(desk) == Refunded()
    assert desk.sim.objects("refund") == []


def test_who_asks_cannot_approve(desk: Desk) -> None:
    name = asked(desk)

    with pytest.raises(Broken, match="somebody else must approve"):
        approve_refund(RefundStore(desk.db), desk.clock, name, "ann")


def test_a_dry_run_says_what_would_be_and_does_nothing(desk: Desk) -> None:
    approved(desk, 1900)

    planned = run(desk, dry_run=True)

    assert (planned.planned, planned.amount_by_currency) == (1, {"usd": 1900})
    assert desk.sim.objects("refund") == []


def test_a_limit_leaves_larger_refunds_for_another_run(desk: Desk) -> None:
    approved(desk, 1900)

    low, high = run(desk, limit_minor=1000), run(desk, limit_minor=2000)

    assert (low.over_limit, high.done) == (1, 1)


def test_asking_for_the_same_again_changes_nothing_and_a_key_makes_it_another(desk: Desk) -> None:
    first, again, other = asked(desk, 1000), asked(desk, 1000), asked(desk, 1000, key="second")

    assert first == again
    assert first != other


def test_no_more_is_given_back_than_was_paid(desk: Desk) -> None:
    asked(desk, 4000)

    with pytest.raises(Broken, match=r"9\.00 usd can still be given back"):
        asked(desk, 1000)
    assert asked(desk)


@pytest.mark.parametrize(
    ("change_to", "destination", "words"),
    [
        ({"disputed": True}, "card", "disputed"),
        ({"charge_id": None}, "card", "did not come through Stripe"),
        ({"account_id": None}, "credit", "belongs to no account"),
        ({"reversed_at": START}, "credit", "went back to the bank"),
        ({}, "bitcoin", "use card or credit"),
    ],
)
def test_what_cannot_be_given_back_says_why(
    desk: Desk, change_to: dict[str, object], destination: str, words: str
) -> None:
    if change_to:
        change(desk.db, stripe.payments, "pay-1", **change_to)

    with pytest.raises(Broken, match=words):
        asked(desk, None, destination)


def test_an_unknown_payment_or_request_is_one_line(desk: Desk) -> None:
    with pytest.raises(Broken, match="no payment"):
        request_refund(
            RefundStore(desk.db), desk.clock, RefundWish(PaymentId("nobody"), None, "card", "unhappy", "ann")
        )
    with pytest.raises(Broken, match="no refund request"):
        approve_refund(RefundStore(desk.db), desk.clock, "nothing", "bob")


def test_a_refund_as_credit_moves_no_money_and_is_booked_once(desk: Desk) -> None:
    approved(desk, 1900, "credit")

    first, second = run(desk), run(desk)

    (grant,) = fetch(desk.db, billing.credit_grants)
    (entry,) = fetch(desk.db, ledger.journal_entries)
    assert (first.credited, second) == (1, Refunded())
    assert (grant["kind"], grant["remaining_minor"]) == ("refund", 1900)
    assert entry["kind"] == "credit_granted"
    assert desk.sim.objects("refund") == []


def test_a_refund_as_credit_gives_the_tax_of_the_invoice_back(desk: Desk) -> None:
    change(desk.db, billing.invoices, "inv-1", tax_minor=900)

    for key, amount in (("1", 1633), ("2", 1633), ("3", 1634)):
        approved(desk, amount, "credit", key=key)
        run(desk)

    (whole,) = fetch(desk.db, billing.invoices)
    assert whole["refunded_minor"] == 4900
    assert balances(desk.db) == {"customer_credits": -4900, "refunds": 4000, "tax_payable": 900}


def test_a_refund_as_credit_of_an_imported_invoice_has_no_tax_of_these_books(desk: Desk) -> None:
    change(desk.db, billing.invoices, "inv-1", tax_minor=900, kind="opening")
    approved(desk, None, "credit")

    run(desk)

    assert balances(desk.db) == {"customer_credits": -4900, "refunds": 4900}


def test_what_was_paid_too_much_is_credit_once(desk: Desk) -> None:
    change(desk.db, stripe.payments, "pay-1", applied_minor=3900)
    (charge,) = fetch(desk.db, stripe.payments)
    add(
        desk.db, billing.credit_grants, credit_grant_id="overpaid", account_id="acme", currency="usd", kind="overpayment",
        amount_minor=1000, remaining_minor=1000, granted_at=START, source=f"payment:{charge['charge_id']}",
    )  # fmt: skip

    approved(desk, None, "credit")
    run(desk)

    assert sum(row["remaining_minor"] for row in fetch(desk.db, billing.credit_grants)) == 4900


def test_money_that_paid_no_invoice_becomes_credit_without_touching_revenue(desk: Desk) -> None:
    change(desk.db, billing.invoices, "inv-1", state="void", voided_at=START, tax_minor=900)
    change(desk.db, stripe.payments, "pay-1", applied_minor=0)

    approved(desk, None, "credit")
    run(desk)

    assert balances(desk.db) == {"customer_credits": -4900, "unapplied_cash": 4900}


@pytest.mark.parametrize("change_to", [{"disputed": True}, {"reversed_at": START}, {"refunded_minor": 1}])
def test_money_that_is_not_ours_any_more_becomes_no_credit(desk: Desk, change_to: dict[str, Any]) -> None:
    name = approved(desk, None, "credit")
    change(desk.db, stripe.payments, "pay-1", **change_to)

    done = run(desk)

    assert (done.refused, state(desk, name)) == (1, "refused")
    assert fetch(desk.db, billing.credit_grants) == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "truncate", "error_before", "error_after"])
def test_a_refund_whose_reply_was_lost_is_made_exactly_once(desk: Desk, kind: str) -> None:
    name = approved(desk, 1900)
    desk.fault(kind, path="/v1/refunds")

    first = run(desk)
    for _ in range(15):
        desk.pass_time(minutes=1)
        desk.settle()
    run(desk)
    run(desk)

    assert first.unknown == 1
    assert [one["amount"] for one in desk.sim.objects("refund")] == [1900]
    assert state(desk, name) == "done"


def test_a_refund_that_stripe_refuses_is_recorded_with_a_remedy(desk: Desk) -> None:
    name = approved(desk, 4900)
    charge = desk.sim.objects("charge")[0]["id"]
    desk.sim.drift.refund(charge)

    done = run(desk)

    attempt = desk.attempts(operation="refund")[0]
    assert (done.refused, state(desk, name)) == (1, "refused")
    assert "refund" in attempt["remedy"]


def test_a_refused_key_leaves_the_refund_approved(desk: Desk) -> None:
    name = approved(desk, 1900)
    bad = type(desk.gateway)("nonsense", http_client=desk.sim.http_client())

    with pytest.raises(Broken, match="STRIPE_SECRET_KEY"):
        refund_payments(RefundStore(desk.db), bad, desk.clock)

    assert state(desk, name) == "approved"
    assert run(desk).done == 1


def test_a_currency_with_steps_is_refunded_in_steps(db: Database, simulator: Simulator) -> None:
    desk = open_desk(db, simulator)
    paid(desk, "kwd", 51_230)

    with pytest.raises(Broken, match="steps of 10"):
        asked(desk, 51_225)
