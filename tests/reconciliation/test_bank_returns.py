"""Money that goes from the bank to Stripe: top-ups, and payouts that came back."""

from collections import Counter
from datetime import UTC, datetime

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.tables import control, ledger, stripe
from billing_pipeline.domain import cash_entries
from tests.reconciliation.test_bank import imported, insert_payout
from tests.reconciliation.test_bank_matching import USD, line
from tests.seeds import add, change, fetch


def insert_topup(db: Database, name: str, minor: int, category: str = "topup") -> None:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    add(
        db, stripe.balance_transactions, balance_transaction_id=name, type=category, reporting_category=category,
        source_id="tu_1", currency="usd", amount_minor=minor, fee_minor=0, net_minor=minor, available_on=at,
        status="available", created_at=at, booked_at=at,
    )  # fmt: skip


def sides(db: Database) -> dict[int, int]:
    """What the journal holds by ledger account, accounts of nothing left out."""
    sums = Counter[int]()
    for row in fetch(db, ledger.postings):
        sums[row["ledger_account"]] += row["minor"]
    return {account: minor for account, minor in sums.items() if minor}


def test_a_topup_and_one_taken_back_are_found_on_the_statement(db: Database) -> None:
    insert_topup(db, "txn_up", 5000)
    insert_topup(db, "txn_back", -700, "topup_reversal")

    done = imported(db, [line("a", -5000), line("b", 700)])

    assert (done.matched, done.unmatched) == (2, 0)
    assert {(m["bank_line_id"], m["payout_id"]) for m in fetch(db, control.bank_matches)} == {
        ("a", "txn_up"),
        ("b", "txn_back"),
    }
    assert sides(db) == {1000: -4300, 1290: 4300}


def test_a_payout_that_came_back_is_found_on_the_statement_twice(db: Database) -> None:
    insert_payout(db, "po_1", 10000)
    imported(db, [line("a", 10000)])
    change(db, stripe.payouts, "po_1", status="failed")
    back = datetime(2026, 3, 17, tzinfo=UTC)
    write_entries(
        db, [cash_entries.payout_failed("po_1", 10000, USD, back, back.date())], run_id="test", recorded_at=back
    )

    done = imported(db, [line("b", -10000, back.date()), line("c", -10000, back.date())], "later.csv")

    assert (done.matched, done.unmatched, imported(db, [], "").matched) == (1, 1, 0)
    assert sides(db) == {1210: 10000, 1290: -10000}
