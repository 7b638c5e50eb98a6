"""Every movement that Stripe's balance can make is booked, or stands in the proof of close under its name: none is silent."""

from datetime import timedelta
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from stripe.params.reporting import _report_run_create_params as report

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.domain.stripe_money import parse_transaction
from billing_pipeline.flows.book_balance import FEE_CATEGORIES, book_balance
from billing_pipeline.flows.ports.event_rows import TransactionRow
from tests.fakes import FakeClock
from tests.two_books import NOW, PAID_AT, TwoBooks

BRIDGE = "fees_and_disputes"
OF_OBJECTS = ("charge_failure", "refund_failure", "payout_reversal")  # always with the object that they take back


def categories() -> list[str]:
    """Every reporting category that the SDK knows, and one that it does not know yet."""
    hints = get_type_hints(report.ReportRunCreateParamsParameters, vars(report), include_extras=False)
    (known, _) = get_args(hints["reporting_category"])
    return [*get_args(known), "invented_tomorrow"]


def lived(db: Database, home: Path, *movements: tuple[str, int, int]) -> dict[str, int]:
    """The lines of the bridge after these movements (category, amount, fee) happened, were swept, and were booked."""
    books, store = TwoBooks(db, home), SweepStore(db)
    raw = [
        books.transaction(f"txn_{place}", amount, fee, category, None, PAID_AT)
        for place, (category, amount, fee) in enumerate(movements)
    ]
    store.keep_transactions([TransactionRow(parse_transaction(one)) for one in raw])
    book_balance(store, FakeClock(NOW + timedelta(days=3)))
    return {line.name: line.minor for line in books.proof().lines if line.bridge == BRIDGE}


def expected_name(category: str) -> str | None:
    """The row that must name it; None for what is booked."""
    if category in FEE_CATEGORIES or category.startswith("topup"):
        return None
    if category.startswith("dispute"):
        return "difference:dispute_unbooked"  # the dispute itself is not known here
    return "difference:reserved_by_stripe" if category == "risk_reserved_funds" else f"difference:unbooked_{category}"


def test_all_categories_are_known() -> None:
    assert {"charge", "topup", "contribution", "transfer", "issuing_transaction"} <= set(categories())
    assert len(categories()) > 30


def test_every_category_is_booked_or_named(db: Database, tmp_path: Path) -> None:
    wanted = [category for category in categories() if category not in OF_OBJECTS]
    movements = [(category, -1000 - place, 0) for place, category in enumerate(wanted)]

    lines = lived(db, tmp_path, *movements)

    unbooked = {name for category in wanted if (name := expected_name(category))}
    booked = sum(amount for category, amount, _ in movements if not expected_name(category))
    assert lines.pop("left") == booked
    assert lines.pop("right") == sum(amount for _, amount, _ in movements)
    assert set(lines) == unbooked


@pytest.mark.parametrize(
    ("category", "amount", "fee", "balances"),
    [
        ("topup", 5000, 10, {"payouts_in_transit": -5000, "stripe_available": 4990, "processor_fees": 10}),
        ("topup_reversal", -5000, 0, {"payouts_in_transit": 5000, "stripe_available": -5000}),
        ("risk_reserved_funds", -800, 0, {"stripe_available": -800, "stripe_pending": 800}),
        ("contribution", -25, 0, {"processor_fees": 25, "stripe_available": -25}),
        ("other_adjustment", 40, 0, {"processor_fees": -40, "stripe_available": 40}),
        ("transfer", -300, 0, {}),
    ],
)
def test_a_movement_of_nobodys_is_booked_where_it_belongs(
    db: Database, tmp_path: Path, category: str, amount: int, fee: int, balances: dict[str, int]
) -> None:
    lived(db, tmp_path, (category, amount, fee))

    with db.cursor() as cursor:
        found = cursor.execute("""select a.name, sum(p.minor)::bigint from postings p
            join ledger_accounts a using (ledger_account) group by 1 having sum(p.minor) <> 0""").fetchall()
    assert dict(found) == balances


def test_a_topup_is_equal_at_both_ends_of_its_bridge(db: Database, tmp_path: Path) -> None:
    assert lived(db, tmp_path, ("topup", 5000, 10)) == {"left": 4990, "right": 4990}
