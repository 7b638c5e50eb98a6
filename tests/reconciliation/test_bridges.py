"""What lies between the ends of a bridge bears the right name."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import stripe
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.currencies import Currency
from tests.seeds import change
from tests.two_books import PAID_AT, TwoBooks, agreed

USD = Currency("usd")
LATER = PAID_AT + timedelta(days=6)


def differences(books: TwoBooks, bridge: str) -> dict[tuple[str, str], int]:
    """What lies between the ends of a bridge: (day, name) -> minor units."""
    return {
        (str(line.day), line.name): line.minor
        for line in books.proof().lines
        if line.bridge == bridge and line.name not in ("left", "right")
    }


def test_a_payout_whose_money_went_back_to_stripe_crosses_no_bridge_to_the_bank(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    before = differences(books, "payouts_to_bank")
    books.paid_invoice("x", "acme")
    amount = books.paid_out("po_x", ["txn_x"])
    books.bank_line("bl_x", amount, date(2026, 3, 7), payout="po_x")
    books.change("payout", "po_x", status="failed")
    change(db, stripe.payouts, "po_x", status="failed")
    books.book(cash_entries.payout_failed("po_x", amount, USD, LATER, LATER.date()))

    books.bank_line("bl_back", -amount, LATER.date(), payout="po_x")

    assert differences(books, "payouts_to_bank") == before


def test_a_debit_that_came_back_is_named_so_on_both_of_its_days(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("x", "acme")
    before = differences(books, "ledger_to_objects")
    books.came_back("x", "acme", at=LATER)

    after = differences(books, "ledger_to_objects")

    named = {key: minor for key, minor in after.items() if key not in before}
    assert named == {
        (str(PAID_AT.date()), "difference:returned_by_the_bank"): 4900,
        (str(LATER.date()), "difference:returned_by_the_bank"): -4900,
    }


@pytest.mark.parametrize("status", ["succeeded", "requires_payment_method"])
def test_a_debit_that_came_back_in_both_books_is_no_divergence(db: Database, tmp_path: Path, status: str) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("x", "acme")

    books.came_back("x", "acme")
    books.change("payment_intent", "pi_x", status=status)

    assert books.found() == []
