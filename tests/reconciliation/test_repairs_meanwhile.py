"""Repairs where things move meanwhile: what is at stake, what comes again, what is given back."""

from datetime import timedelta
from pathlib import Path

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.adapters.stores.repair_store import RepairDesk
from billing_pipeline.adapters.tables import billing, control, stripe
from billing_pipeline.domain.repairs import RepairKind
from billing_pipeline.repair_hands import give_back
from tests.reconciliation.faults import FAULTS
from tests.reconciliation.test_repairs import repaired
from tests.seeds import add, change, fetch, insert_collection, insert_invoice
from tests.two_books import PAID_AT, TwoBooks, agreed


def paid_once_too_much_in_part(books: TwoBooks, name: str) -> None:
    """An invoice of 49.00 paid with 54.00, and another payment of 5.00: 10.00 too much."""
    insert_invoice(books.db, f"inv-{name}", "acme", state="paid", paid_at=PAID_AT, paid_minor=4900)
    for seq, (minor, applied) in enumerate([(500, 0), (5400, 4900)], start=1):
        one, at = f"{name}{seq}", PAID_AT + timedelta(hours=seq)
        insert_collection(
            books.db, f"inv-{name}", f"pi_{one}", seq=seq, status="succeeded", failures=0, last_failed_at=None, opened_at=at,
            closed_at=at, close_reason="paid", amount_minor=minor,
        )  # fmt: skip
        books.charge(one, "acme", minor, at, invoice=f"inv-{name}")
        add(
            books.db, stripe.payments, payment_id=f"pi_{one}", account_id="acme", invoice_id=f"inv-{name}", method="card",
            payment_intent_id=f"pi_{one}", charge_id=f"ch_{one}", currency="usd", amount_minor=minor, applied_minor=applied,
            succeeded_at=at,
        )  # fmt: skip
        books.book(*books.entries(one, "acme"))


def test_of_a_payment_that_was_too_much_in_part_only_that_part_is_given_back(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    paid_once_too_much_in_part(books, "x")
    books.reconcile()
    repaired(books)
    RepairDesk(db).approve(1, "ann", books.clock.now())

    done = repaired(
        books, hands={RepairKind.REFUND_DUPLICATE: lambda one: give_back(RefundStore(db), books.clock, one)}
    )

    (wish,) = fetch(db, stripe.refund_requests)
    assert (done.done, wish["payment_id"], wish["amount_minor"], wish["approved_by"]) == (1, "pi_x2", 1000, "ann")


def test_a_divergence_that_was_repaired_and_comes_again_is_repaired_again(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    books.reconcile()
    repaired(books)
    books.clock.advance(hours=2)
    books.change("refund", "re_x", status="failed")
    resolved = books.reconcile().closed
    books.clock.advance(hours=2)
    books.change("refund", "re_x", status="succeeded")
    books.reconcile()
    books.clock.advance(hours=2)

    again = repaired(books)
    books.clock.advance(hours=2)
    books.reconcile()

    assert (resolved, again.done, again.without_effect) == (1, 1, 0)
    assert repaired(books).without_effect == 1


def test_a_proposal_that_waits_tells_what_is_at_stake_now(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["charge_made_twice_and_booked"](books, "x")
    books.reconcile()
    repaired(books)
    change(db, stripe.payments, "pi_x", applied_minor=4000)
    change(db, billing.invoices, "inv-x", paid_minor=4000)
    books.reconcile()

    repaired(books)

    assert [row["amount_minor"] for row in fetch(db, control.repairs)] == [5800]
