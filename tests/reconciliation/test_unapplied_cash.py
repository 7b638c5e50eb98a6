"""Money that waits as unapplied cash is told as long as it waits, and no longer."""

from datetime import timedelta
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.adapters.tables import billing, stripe
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.billing_entries import Portions, When, invoice_voided
from billing_pipeline.domain.cash_entries import Owner, Split
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentId
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.refund_payments import refund_payments
from billing_pipeline.flows.request_refunds import RefundWish, approve_refund, request_refund
from tests.flows.event_world import FakeGateway
from tests.reconciliation.faults import FAULTS
from tests.seeds import add, change
from tests.two_books import PAID_AT, TwoBooks, agreed

USD = Currency("usd")
LATER = PAID_AT + timedelta(days=3)
WHEN = When(LATER, LATER.date())
OWNER = Owner(AccountId("acme"), InvoiceId("inv-x"))
WAITS = [("unapplied_payment", "pi_x")]


def waiting(db: Database, home: Path) -> TwoBooks:
    """Agreeing books beside a payment for a void invoice, compared."""
    books = agreed(db, home)
    FAULTS["money_for_a_void_invoice"](books, "x")
    assert books.found() == WAITS
    return books


def test_unapplied_cash_given_as_credit_waits_no_longer(db: Database, tmp_path: Path) -> None:
    books = waiting(db, tmp_path)
    store = RefundStore(db)
    wish = RefundWish(PaymentId("pi_x"), None, "credit", "void", "ann")
    name, _ = request_refund(store, books.clock, wish)
    approve_refund(store, books.clock, name, "bob")

    done = refund_payments(store, FakeGateway(), books.clock)

    assert done.credited == 1
    assert books.found() == []


def test_unapplied_cash_that_the_bank_took_back_waits_no_longer(db: Database, tmp_path: Path) -> None:
    books = waiting(db, tmp_path)
    split = Split(unapplied=4900)
    books.book(cash_entries.payment_returned("bank_return:ch_x", LedgerAccount.DISPUTED_FUNDS, split, USD, WHEN, OWNER))

    assert books.found() == []


def test_unapplied_cash_whose_refund_failed_waits_again(db: Database, tmp_path: Path) -> None:
    books = waiting(db, tmp_path)
    refund = books.refunded("x", "acme", 4900, told=False)
    out = cash_entries.refund(refund, Money(4900, USD), 0, Split(unapplied=4900), WHEN, OWNER)
    books.book(out)
    add(
        db, stripe.refunds, refund_id=refund, payment_id="pi_x", charge_id="ch_x", currency="usd", amount_minor=4900,
        status="succeeded", created_at=LATER,
    )  # fmt: skip
    given = books.found()
    books.change("refund", refund, status="failed")
    change(db, stripe.refunds, refund, status="failed")
    books.book(cash_entries.refund_failed(out, refund, LATER, LATER.date()))

    assert (given, books.found()) == ([], WAITS)


def test_money_that_came_back_after_a_lost_dispute_waits(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("x", "acme")
    assert books.found() == []
    books.book(cash_entries.dispute_regained("dispute_regained:du_x:2", 700, USD, WHEN, OWNER))
    add(
        db, stripe.disputes, dispute_id="du_x", payment_id="pi_x", charge_id="ch_x", currency="usd", amount_minor=4900,
        status="lost", created_at=LATER,
    )  # fmt: skip
    books.put("dispute", id="du_x", charge="ch_x", payment_intent="pi_x", amount=4900, currency="usd", status="lost",
              balance_transactions=[], reason="fraudulent")  # fmt: skip

    found = books.found()

    assert (found, [one.amount_minor for one in books.findings()]) == (WAITS, [700])


def test_what_was_kept_of_a_void_invoice_waits(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("x", "acme")
    assert books.found() == []
    change(db, billing.invoices, "inv-x", state="void", paid_at=None, voided_at=LATER)
    parts = Portions(unearned_minor=4900, earned_minor=0)
    books.book(invoice_voided(InvoiceId("inv-x"), AccountId("acme"), USD, parts, WHEN, kept_minor=4900))

    assert books.found() == WAITS
