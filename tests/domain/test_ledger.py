"""An entry that does not balance cannot be built, and says the same thing for ever."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import currency
from billing_pipeline.domain.errors import Broken, Unbalanced
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId, change_invoice_id, charge_key, invoice_id
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting, postings

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(*sides: Posting, at: datetime = NOON, source: str = "invoice:inv-1") -> Entry:
    return Entry(source, "invoice", currency("usd"), at, date(2026, 3, 1), sides)


@given(st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=8))
def test_only_entries_that_sum_to_zero_are_built(amounts: list[int]) -> None:
    sides = [Posting(LedgerAccount.RECEIVABLE, amount) for amount in amounts]

    if sum(amounts):
        with pytest.raises(Unbalanced):
            entry(*sides)
    else:
        assert entry(*sides).postings == tuple(sides)


def test_an_entry_needs_a_posting_and_a_posting_an_amount() -> None:
    with pytest.raises(Unbalanced):
        entry()
    with pytest.raises(Broken, match="a posting of nothing"):
        Posting(LedgerAccount.REVENUE, 0)
    with pytest.raises(TypeError):
        Posting(LedgerAccount.REVENUE, 1.0)  # type: ignore[arg-type]


def test_sides_of_nothing_are_left_out() -> None:
    sides = postings(
        (LedgerAccount.RECEIVABLE, 120, AccountId("acme")),
        (LedgerAccount.TAX_PAYABLE, 0, None),
        (LedgerAccount.DEFERRED_REVENUE, -120, None),
    )

    assert [side.minor for side in sides] == [120, -120]


def test_the_content_hash_changes_with_every_word_and_with_nothing_else() -> None:
    debit, credit = Posting(LedgerAccount.RECEIVABLE, 5), Posting(LedgerAccount.REVENUE, -5)
    told = entry(debit, credit)

    same_moment = entry(debit, credit, at=NOON.astimezone(timezone(timedelta(hours=9))))
    others = [
        entry(credit, debit),
        entry(debit, credit, source="invoice:inv-2"),
        entry(debit, credit, at=NOON + timedelta(1)),
    ]

    assert told.content_hash == same_moment.content_hash
    assert len({other.content_hash for other in others} | {told.content_hash}) == 4


def test_the_hour_that_clocks_repeat_is_two_moments_in_the_hash() -> None:
    debit, credit = Posting(LedgerAccount.RECEIVABLE, 5), Posting(LedgerAccount.REVENUE, -5)
    twice = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))

    first, second = (entry(debit, credit, at=twice.replace(fold=fold)) for fold in (0, 1))

    assert first.content_hash != second.content_hash


def test_assets_and_expenses_grow_by_debits() -> None:
    debits = {account for account in LedgerAccount if account.side == "debit"}

    assert LedgerAccount.BANK in debits
    assert LedgerAccount.PROCESSOR_FEES in debits
    assert LedgerAccount.CUSTOMER_CREDITS not in debits
    assert LedgerAccount.REVENUE not in debits


def test_the_same_period_gives_the_same_invoice_and_the_same_attempt_the_same_key() -> None:
    assert invoice_id(SubscriptionId("s1"), NOON) == "inv-s1-20260301"
    assert change_invoice_id(SubscriptionId("s1"), NOON) == "inv-s1-20260301T120000"
    assert charge_key(InvoiceId("inv-s1-20260301"), 1, 2) == "pi:inv-s1-20260301:1:2"
