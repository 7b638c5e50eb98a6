"""Entries for money that moves: each balances, and what goes out and comes back leaves nothing behind."""

from collections import Counter
from datetime import date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.billing_entries import When
from billing_pipeline.domain.cash_entries import Owner, Split
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.ledger import Entry, LedgerAccount
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.stripe_money import BalanceTransaction
from tests.fakes import START

USD, EUR = Currency("usd"), Currency("eur")
DAY, WHEN, OWNER = START.date(), When(START, START.date()), Owner(AccountId("acme"))
amounts = st.integers(1, 10**12)
parts = st.integers(0, 10**10)


def transaction(amount: int, fee: int, currency: Currency = USD, at: datetime = START) -> BalanceTransaction:
    return BalanceTransaction(
        "txn_1", "charge", "charge", "ch_1", currency, amount, fee, amount - fee, at + timedelta(days=2), at, "pending"
    )


def balances(*entries: Entry | None) -> Counter[tuple[str, LedgerAccount]]:
    """What the entries leave on each account, by currency; nothing for an account that is even."""
    sums: Counter[tuple[str, LedgerAccount]] = Counter()
    for entry in filter(None, entries):
        for posting in entry.postings:
            sums[entry.currency, posting.account] += posting.minor
    return Counter({key: minor for key, minor in sums.items() if minor})


@settings(max_examples=50)
@given(receivable=parts, credit=parts, unapplied=parts)
def test_a_payment_that_comes_back_leaves_nothing(receivable: int, credit: int, unapplied: int) -> None:
    split = Split(receivable, credit, unapplied)
    if not split.total:
        return

    came = cash_entries.payment("payment:ch_1", LedgerAccount.STRIPE_PENDING, split, USD, WHEN, OWNER)
    went = cash_entries.payment_returned("bank_return:ch_1", LedgerAccount.STRIPE_PENDING, split, USD, WHEN, OWNER)

    assert balances(came, went) == Counter()


@settings(max_examples=50)
@given(amount=amounts, tax=st.integers(0, 100), excess=st.integers(0, 100))
def test_a_refund_that_fails_leaves_nothing(amount: int, tax: int, excess: int) -> None:
    money = Money(amount + tax + excess, USD)

    out = cash_entries.refund("re_1", money, tax, Split(credits=excess), WHEN, OWNER)
    back = cash_entries.refund_failed(out, "re_1", START, DAY)

    assert balances(out)[USD, LedgerAccount.STRIPE_PENDING] == -money.minor
    assert balances(out, back) == Counter()


@settings(max_examples=50)
@given(amount=amounts, fee=parts)
def test_a_payment_its_fee_and_its_availability_leave_the_net_ready_to_be_paid_out(amount: int, fee: int) -> None:
    txn = transaction(amount, fee)
    came = cash_entries.payment("payment:ch_1", LedgerAccount.STRIPE_PENDING, Split(amount), USD, WHEN, OWNER)

    left = balances(came, cash_entries.fee(txn, DAY, OWNER), cash_entries.available(txn, DAY))

    assert left[USD, LedgerAccount.STRIPE_PENDING] == 0
    assert left[USD, LedgerAccount.STRIPE_AVAILABLE] == amount - fee


@settings(max_examples=50)
@given(amount=amounts, settled=amounts, fee=parts)
def test_money_that_settles_in_another_currency_leaves_the_old_one_and_arrives_whole(
    amount: int, settled: int, fee: int
) -> None:
    txn = transaction(settled, fee, EUR)
    came = cash_entries.payment("payment:ch_1", LedgerAccount.STRIPE_PENDING, Split(amount), USD, WHEN, OWNER)
    crossed = cash_entries.conversion(txn, USD, amount, DAY, OWNER)

    left = balances(came, *crossed, cash_entries.fee(txn, DAY, OWNER), cash_entries.available(txn, DAY))

    assert (left[USD, LedgerAccount.STRIPE_PENDING], left[EUR, LedgerAccount.STRIPE_PENDING]) == (0, 0)
    assert left[EUR, LedgerAccount.STRIPE_AVAILABLE] == settled - fee
    assert len({entry.source for entry in crossed}) == 2


def test_money_in_its_own_currency_crosses_nothing() -> None:
    assert cash_entries.conversion(transaction(100, 3), USD, 100, DAY, OWNER) == ()


@settings(max_examples=50)
@given(amount=amounts, fee=parts)
def test_a_dispute_that_is_won_costs_its_fee_and_no_more(amount: int, fee: int) -> None:
    opened = cash_entries.dispute_moved(transaction(-amount, fee), DAY, OWNER)
    won = cash_entries.dispute_moved(transaction(amount, 0), DAY, OWNER)

    assert balances(opened, won) == Counter(
        {(USD, LedgerAccount.DISPUTE_FEES): fee, (USD, LedgerAccount.STRIPE_PENDING): -fee} if fee else {}
    )


def test_a_lost_dispute_moves_nothing_at_stripe() -> None:
    lost = cash_entries.dispute_lost("du_1", 4900, USD, START, DAY, OWNER)

    assert balances(lost) == Counter(
        {(USD, LedgerAccount.CHARGEBACKS): 4900, (USD, LedgerAccount.DISPUTED_FUNDS): -4900}
    )


def test_evidence_that_costs_a_fee_is_a_countered_dispute() -> None:
    countered = cash_entries.dispute_moved(transaction(0, 1500), DAY, OWNER)

    assert countered is not None
    assert countered.kind == "dispute_countered"


@settings(max_examples=50)
@given(amount=amounts)
def test_a_payout_reaches_the_bank_or_comes_back(amount: int) -> None:
    out = cash_entries.payout("po_1", amount, USD, START, DAY)
    seen = cash_entries.bank_line("line-1", amount, USD, START, DAY)
    back = cash_entries.payout_failed("po_1", amount, USD, START, DAY)

    assert balances(out, back) == Counter()
    assert balances(out, seen)[USD, LedgerAccount.PAYOUTS_IN_TRANSIT] == 0


def test_a_movement_of_nothing_has_no_entry() -> None:
    nothing = transaction(0, 0)

    entries = [
        cash_entries.fee(nothing, DAY, OWNER), cash_entries.available(nothing, DAY), cash_entries.payout_fee(nothing, DAY),
        cash_entries.standalone_fee(nothing, DAY), cash_entries.dispute_moved(nothing, DAY, OWNER),
    ]  # fmt: skip

    assert entries == [None] * 5


def test_a_fee_of_stripes_own_lowers_what_can_be_paid_out() -> None:
    own = cash_entries.standalone_fee(transaction(-700, 0), date(2026, 1, 2))

    assert balances(own) == Counter(
        {(USD, LedgerAccount.PROCESSOR_FEES): 700, (USD, LedgerAccount.STRIPE_AVAILABLE): -700}
    )
