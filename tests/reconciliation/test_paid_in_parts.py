"""Several payments of one invoice: only what is paid beyond it was paid twice."""

from datetime import datetime, timedelta
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.adapters.tables.billing import invoices
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Owner
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from tests.reconciliation.faults import FAULTS
from tests.seeds import add, change, insert_invoice
from tests.two_books import PAID_AT, TwoBooks, agreed


def paid(
    books: TwoBooks, name: str, invoice: str, minor: int, *, applied: int, at: datetime, known: bool = True
) -> None:
    """A payment of that invoice by an intent of its own, on both sides, or on Stripe's alone."""
    books.charge(name, "acme", minor, at, invoice=invoice)
    if known:
        add(
            books.db, stripe.payments, payment_id=f"pi_{name}", account_id="acme", invoice_id=invoice, method="card",
            payment_intent_id=f"pi_{name}", charge_id=f"ch_{name}", currency="usd", amount_minor=minor,
            applied_minor=applied, succeeded_at=at,
        )  # fmt: skip
        books.book(*books.entries(name, "acme"))


def test_an_instalment_on_a_loss_that_the_books_do_not_know_is_missing_there(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", state="written_off", issued_at=PAID_AT, total_minor=4900, paid_minor=1000)
    paid(books, "x1", "inv-x", 1000, applied=1000, at=PAID_AT)
    paid(books, "x2", "inv-x", 1000, applied=0, at=PAID_AT + timedelta(days=1), known=False)

    assert books.found() == [("missing_in_ledger", "pi_x2")]


def test_of_a_part_and_the_whole_only_what_is_too_much_was_paid_twice(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", issued_at=PAID_AT, total_minor=4900, paid_minor=3000)
    paid(books, "x1", "inv-x", 3000, applied=3000, at=PAID_AT)
    paid(books, "x2", "inv-x", 4900, applied=0, at=PAID_AT + timedelta(days=1), known=False)

    found = books.found()

    assert (found, books.findings()[0].amount_minor) == ([("duplicate_charge", "inv-x")], 3000)


def test_two_payments_of_an_open_invoice_are_one_too_many(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", issued_at=PAID_AT, total_minor=4900)
    for number in (1, 2):
        paid(books, f"x{number}", "inv-x", 4900, applied=0, at=PAID_AT, known=False)

    found = books.found()

    assert ("duplicate_charge", "inv-x") in found
    assert {one.amount_minor for one in books.findings()} == {4900}


def test_a_second_part_by_card_is_credit_and_told_as_paid_twice(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", issued_at=PAID_AT, total_minor=4900, paid_minor=3000)
    paid(books, "x1", "inv-x", 3000, applied=3000, at=PAID_AT)
    paid(books, "x2", "inv-x", 1900, applied=0, at=PAID_AT + timedelta(days=1))

    books.reconcile()

    told = [(one.kind.value, one.intent, one.amount_minor) for one in books.findings()]
    assert told == [("duplicate_charge", "pi_x2", 1900)]


def test_given_back_is_the_payment_that_did_not_pay_the_invoice(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", state="paid", paid_at=PAID_AT, issued_at=PAID_AT, paid_minor=4900)
    paid(books, "debit", "inv-x", 4900, applied=0, at=PAID_AT)
    paid(books, "card", "inv-x", 4900, applied=4900, at=PAID_AT + timedelta(days=1))

    books.reconcile()

    assert [(one.kind.value, one.intent) for one in books.findings()] == [("duplicate_charge", "pi_debit")]


def test_a_payment_in_another_currency_is_no_second_one(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("x", "acme")
    books.charge("yen", "acme", 4900, PAID_AT, "jpy", invoice="inv-x")

    assert books.found() == [("missing_in_ledger", "pi_yen")]


def test_a_second_payment_that_was_lost_to_a_dispute_is_not_kept(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["charge_made_twice_and_booked"](books, "x")
    dispute = books.disputed("xsecond", "acme", 4900)
    owner = Owner(AccountId("acme"), InvoiceId("inv-x"))
    books.book(cash_entries.dispute_lost(dispute, 4900, Currency("usd"), PAID_AT, PAID_AT.date(), owner))
    for status in ("needs_response", "lost"):
        books.change("dispute", dispute, status=status)
        change(db, stripe.disputes, dispute, status=status)
        found = books.found()

    assert found == []


def test_an_increment_sees_what_a_credit_note_leaves_of_an_invoice(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    insert_invoice(db, "inv-x", "acme", issued_at=PAID_AT, total_minor=4900, paid_minor=1000)
    paid(books, "x1", "inv-x", 1000, applied=1000, at=PAID_AT)
    paid(books, "x2", "inv-x", 3900, applied=0, at=PAID_AT, known=False)
    before = books.found()
    change(db, invoices, "inv-x", credited_minor=900)

    done = books.reconcile()

    assert before == [("missing_in_ledger", "pi_x2")]
    assert (done.whole, done.by_kind) == (False, {"duplicate_charge": 1})
