"""Invoices that Stripe billed, compared by what is due: credits stand on Stripe's as lines and on ours as credits."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, stripe
from tests.seeds import add, change, insert_invoice
from tests.two_books import PAID_AT, TwoBooks, agreed


@pytest.fixture
def books(db: Database, tmp_path: Path) -> TwoBooks:
    """Both sides agree; our invoice in_x has 10.00 of credits on it, so that 39.00 are due."""
    made = agreed(db, tmp_path)
    insert_invoice(
        db, "inv-x", "acme", charger="stripe", stripe_invoice_id="in_x", issued_at=PAID_AT, credits_minor=1000,
        due_minor=3900,
    )  # fmt: skip
    return made


def put(books: TwoBooks, **invoice: Any) -> None:
    """Stripe's invoice, with our credits as a negative line in its total."""
    whole = {
        "id": "in_x", "customer": "cus_acme", "status": "open", "currency": "usd", "total": 3900, "amount_due": 3900,
        "amount_paid": 0, "number": "X-1", "billing_reason": "subscription_cycle",
    }  # fmt: skip
    books.put("invoice", **(whole | invoice))


def test_our_credits_on_stripes_invoice_are_no_difference(books: TwoBooks) -> None:
    put(books)

    assert books.found() == []


def test_a_draft_of_stripes_is_not_missing(books: TwoBooks) -> None:
    put(books, status="draft", number=None, total=4900, amount_due=4900)

    assert books.found() == []


def test_another_amount_due_is_a_difference(books: TwoBooks) -> None:
    put(books, total=4900, amount_due=4900)

    assert books.found() == [("amount", "in_x")]


def test_a_draft_that_nobody_recorded_is_awaited_and_a_final_one_missed(books: TwoBooks) -> None:
    put(books)
    put(books, id="in_draft", status="draft", number=None)
    put(books, id="in_final", number="X-2")

    assert books.found() == [("missing_in_ledger", "in_final")]


@pytest.mark.parametrize("whole", [True, False], ids=["compared whole", "compared by what was touched"])
def test_an_invoice_whose_debit_came_back_stays_paid_in_stripe(books: TwoBooks, whole: bool) -> None:
    put(books, status="paid", amount_paid=3900)
    payment = {"type": "payment_intent", "payment_intent": "pi_x"}
    books.put("invoice_payment", id="inpay_x", invoice="in_x", status="paid", amount_paid=3900, payment=payment)
    books.charge("x", "acme", 3900, PAID_AT, invoice="nobody's")
    add(
        books.db, stripe.payments, payment_id="pi_x", account_id="acme", invoice_id="inv-x", method="stripe_invoice",
        payment_intent_id="pi_x", charge_id="ch_x", currency="usd", amount_minor=3900, applied_minor=3900,
        succeeded_at=PAID_AT,
    )  # fmt: skip
    books.book(*books.entries("x", "acme"))
    change(books.db, billing.invoices, "inv-x", state="paid", paid_at=PAID_AT, paid_minor=3900)
    assert books.found() == []

    change(books.db, stripe.payments, "pi_x", reversed_at=PAID_AT + timedelta(days=5))
    change(books.db, billing.invoices, "inv-x", state="overdue", paid_at=None, paid_minor=0)

    assert (books.reconcile(whole=whole).whole, books.findings()) == (whole, [])


def test_an_invoice_that_is_owed_here_and_paid_in_stripe_is_a_difference(books: TwoBooks) -> None:
    put(books, status="paid", amount_paid=3900)
    change(books.db, billing.invoices, "inv-x", state="overdue")

    assert books.found() == [("status", "in_x")]
