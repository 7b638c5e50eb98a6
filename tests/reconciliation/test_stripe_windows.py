"""Which windows of creation are listed: everything once, in months at first, with an overlap later."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.reconciliation import ReconciliationPolicy
from billing_pipeline.flows.extract_stripe import BEGINNING, STAGE_DAYS, balance_rows, payout_transactions, stages

NOW = datetime(2026, 3, 20, tzinfo=UTC)
POLICY = ReconciliationPolicy()
OVERLAP = timedelta(days=POLICY.overlap_days)


@given(st.integers(0, 1000))
def test_the_windows_leave_nothing_out_and_end_now(days: int) -> None:
    begin = NOW - timedelta(days=days)

    windows = list(stages(None, begin, NOW, POLICY))

    assert windows[0][0] <= begin
    assert windows[-1][1] == NOW
    assert all(later[0] == earlier[1] - OVERLAP for earlier, later in pairwise(windows))
    assert all(until - since <= OVERLAP + timedelta(days=STAGE_DAYS) for since, until in windows)


def test_the_next_day_lists_the_overlap_only() -> None:
    windows = list(stages(NOW - timedelta(days=1), NOW - timedelta(days=900), NOW, POLICY))

    assert windows == [(NOW - timedelta(days=1) - OVERLAP, NOW)]


def test_a_first_extraction_before_the_ledger_is_known_lists_everything() -> None:
    windows = list(stages(None, BEGINNING, NOW, POLICY))

    assert windows == [(BEGINNING, NOW)]


def test_a_payout_is_not_made_of_itself() -> None:
    listed = [{"id": "txn_1", "reporting_category": "charge"}, {"id": "txn_2", "reporting_category": "payout"}]

    rows = payout_transactions("po_1", listed)

    assert rows == [{"balance_transaction_id": "txn_1", "payout": "po_1"}]


def test_the_balance_is_told_by_currency() -> None:
    balance = {
        "available": [{"currency": "usd", "amount": 5}],
        "pending": [{"currency": "usd", "amount": 7}, {"currency": "eur", "amount": 1}],
    }

    rows = balance_rows(balance)

    assert rows == [
        {"currency": "usd", "available": 5, "pending": 7},
        {"currency": "eur", "available": 0, "pending": 1},
    ]
