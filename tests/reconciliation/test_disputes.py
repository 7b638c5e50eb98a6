"""A dispute that is lost: its loss is missed where it should be booked, and not where it should not."""

from datetime import timedelta
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Owner
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.stripe_money import parse_transaction
from tests.seeds import change
from tests.two_books import PAID_AT, TwoBooks, agreed

LATER = PAID_AT + timedelta(days=9)
OWNER = Owner(AccountId("acme"), InvoiceId("inv-x"))


def lost(db: Database, home: Path) -> TwoBooks:
    """Agreeing books beside a dispute du_x that both sides call lost, compared; its loss is not booked."""
    books = agreed(db, home)
    books.paid_invoice("x", "acme")
    dispute = books.disputed("x", "acme", 4900)
    books.change("dispute", dispute, status="lost")
    change(db, stripe.disputes, dispute, status="lost")
    assert books.found() == [("dispute_unbooked", dispute)]
    return books


def test_a_missing_loss_is_told_as_such(db: Database, tmp_path: Path) -> None:
    books = lost(db, tmp_path)

    assert [one.ours for one in books.findings()] == ["lost, its loss not in the journal"]


def test_a_loss_that_is_booked_is_missed_no_longer(db: Database, tmp_path: Path) -> None:
    books = lost(db, tmp_path)

    books.book(cash_entries.dispute_lost("du_x", 4900, Currency("usd"), LATER, LATER.date(), OWNER))

    assert books.found() == []


def test_a_payment_that_was_booked_as_returned_has_no_loss(db: Database, tmp_path: Path) -> None:
    books = lost(db, tmp_path)

    change(db, stripe.payments, "pi_x", reversed_at=LATER)

    assert books.found() == []


def test_a_lost_dispute_whose_money_came_back_has_no_loss(db: Database, tmp_path: Path) -> None:
    books = lost(db, tmp_path)
    back = books.transaction("txn_back", 4900, 0, "dispute_reversal", "du_x", LATER)

    books.book(cash_entries.dispute_moved(parse_transaction(back), LATER.date(), OWNER))

    assert books.found() == []
