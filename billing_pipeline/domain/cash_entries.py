"""Entries for money that moves: payments, fees, payouts, refunds, disputes, returns. One function per business fact.

A balance transaction is in settlement currency; where that is not the currency of the payment, the money crosses through
FX_GAIN_LOSS by two entries, one per currency, each balanced on its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from billing_pipeline.domain.billing_entries import When
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.stripe_money import BalanceTransaction

DayOf = Callable[[datetime], date]
"""The accounting date of a moment: its day in the closing zone, or the first open day after it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose money it is: the account and the invoice, where they are known."""

    customer: AccountId | None = None
    invoice: InvoiceId | None = None


@dataclass(frozen=True, slots=True)
class Split:
    """Where money goes that came in, or whence it goes back, in minor units of its currency.

    receivable pays the invoice; credits becomes the customer's credit; unapplied waits for a decision.
    """

    receivable: int = 0
    credits: int = 0
    unapplied: int = 0

    @property
    def total(self) -> int:
        return self.receivable + self.credits + self.unapplied


def payment(source: str, into: LedgerAccount, split: Split, currency: Currency, when: When, owner: Owner) -> Entry:
    """Money came: Dr `into` (STRIPE_PENDING, or BANK for money booked by hand), Cr what the split says."""
    sides = postings(
        (into, split.total, None),
        (LedgerAccount.RECEIVABLE, -split.receivable, owner.customer),
        (LedgerAccount.CUSTOMER_CREDITS, -split.credits, owner.customer),
        (LedgerAccount.UNAPPLIED_CASH, -split.unapplied, owner.customer),
    )
    at, day = when.occurred_at, when.accounting_date
    return Entry(source, "payment", currency, at, day, sides, owner.invoice, owner.customer)


def payment_returned(
    source: str, via: LedgerAccount, split: Split, currency: Currency, when: When, owner: Owner
) -> Entry:
    """A payment that came back from the bank: the receivable is open again. via: STRIPE_PENDING or DISPUTED_FUNDS."""
    sides = postings(
        (LedgerAccount.RECEIVABLE, split.receivable, owner.customer),
        (LedgerAccount.CUSTOMER_CREDITS, split.credits, owner.customer),
        (LedgerAccount.UNAPPLIED_CASH, split.unapplied, owner.customer),
        (via, -split.total, None),
    )
    at, day = when.occurred_at, when.accounting_date
    return Entry(source, "payment_returned", currency, at, day, sides, owner.invoice, owner.customer)


def refund(refund_id: str, money: Money, tax: int, back: Split, when: When, owner: Owner) -> Entry:
    """Money went back to the customer: Cr STRIPE_PENDING.

    tax: the tax in it. back: the parts that were the customer's credit or unapplied; the rest lowers revenue as a refund.
    """
    sides = postings(
        (LedgerAccount.REFUNDS, money.minor - tax - back.credits - back.unapplied, None),
        (LedgerAccount.TAX_PAYABLE, tax, None),
        (LedgerAccount.CUSTOMER_CREDITS, back.credits, owner.customer),
        (LedgerAccount.UNAPPLIED_CASH, back.unapplied, owner.customer),
        (LedgerAccount.STRIPE_PENDING, -money.minor, None),
    )
    at, day = when.occurred_at, when.accounting_date
    return Entry(f"refund:{refund_id}", "refund", money.currency, at, day, sides, owner.invoice, owner.customer)


def refund_failed(booked: Entry, refund_id: str, at: datetime, day: date) -> Entry:
    """The refund's entry the other way round: the money is back in the Stripe balance."""
    sides = postings(*((one.account, -one.minor, one.customer) for one in booked.postings))
    return Entry(
        f"refund_failed:{refund_id}", "refund_failed", booked.currency, at, day, sides, booked.invoice, booked.customer
    )


def fee(txn: BalanceTransaction, day: date, owner: Owner) -> Entry | None:
    """What Stripe kept of a payment: Dr PROCESSOR_FEES, Cr STRIPE_PENDING. None where it kept nothing."""
    if not txn.fee:
        return None
    sides = postings((LedgerAccount.PROCESSOR_FEES, txn.fee, None), (LedgerAccount.STRIPE_PENDING, -txn.fee, None))
    return Entry(f"fee:{txn.id}", "fee", txn.currency, txn.created, day, sides, owner.invoice, owner.customer)


def standalone_fee(txn: BalanceTransaction, day: date) -> Entry | None:
    """A movement that belongs to no payment of ours, such as Stripe's own fee: Cr STRIPE_AVAILABLE, at once."""
    if not txn.net:
        return None
    sides = postings((LedgerAccount.PROCESSOR_FEES, -txn.net, None), (LedgerAccount.STRIPE_AVAILABLE, txn.net, None))
    return Entry(f"stripe_fee:{txn.id}", "stripe_fee", txn.currency, txn.created, day, sides)


def topped_up(txn: BalanceTransaction, day: date) -> Entry | None:
    """Our own money sent from the bank into the Stripe balance, or back: Dr STRIPE_AVAILABLE, Cr PAYOUTS_IN_TRANSIT."""
    sides = postings(
        (LedgerAccount.STRIPE_AVAILABLE, txn.net, None),
        (LedgerAccount.PROCESSOR_FEES, txn.fee, None),
        (LedgerAccount.PAYOUTS_IN_TRANSIT, -txn.amount, None),
    )
    return Entry(f"topup:{txn.id}", "topup", txn.currency, txn.created, day, sides) if sides else None


def reserved(txn: BalanceTransaction, day: date) -> Entry | None:
    """Money that Stripe holds back for its risk, or lets go: ours still, but not to be paid out: Dr STRIPE_PENDING."""
    if not txn.net:
        return None
    sides = postings((LedgerAccount.STRIPE_PENDING, -txn.net, None), (LedgerAccount.STRIPE_AVAILABLE, txn.net, None))
    return Entry(f"reserve:{txn.id}", "reserve", txn.currency, txn.created, day, sides)


def payout_fee(txn: BalanceTransaction, day: date) -> Entry | None:
    """What Stripe kept for paying out at once: Cr STRIPE_AVAILABLE. None where it kept nothing."""
    if not txn.fee:
        return None
    sides = postings((LedgerAccount.PROCESSOR_FEES, txn.fee, None), (LedgerAccount.STRIPE_AVAILABLE, -txn.fee, None))
    return Entry(f"fee:{txn.id}", "fee", txn.currency, txn.created, day, sides)


def available(txn: BalanceTransaction, day: date) -> Entry | None:
    """What is left of a movement can be paid out: from STRIPE_PENDING to STRIPE_AVAILABLE (the other way when negative)."""
    if not txn.net:
        return None
    sides = postings((LedgerAccount.STRIPE_AVAILABLE, txn.net, None), (LedgerAccount.STRIPE_PENDING, -txn.net, None))
    return Entry(f"available:{txn.id}", "available", txn.currency, txn.available_on, day, sides)


def conversion(txn: BalanceTransaction, currency: Currency, amount: int, day: date, owner: Owner) -> tuple[Entry, ...]:
    """Two entries that carry an amount of another currency over into the transaction's; none where both are the same.

    amount: minor units of currency as booked on STRIPE_PENDING, positive in, negative out.
    """
    if currency == txn.currency:
        return ()
    out = postings((LedgerAccount.FX_GAIN_LOSS, amount, None), (LedgerAccount.STRIPE_PENDING, -amount, None))
    into = postings((LedgerAccount.STRIPE_PENDING, txn.amount, None), (LedgerAccount.FX_GAIN_LOSS, -txn.amount, None))
    return tuple(
        Entry(f"fx:{txn.id}:{money}", "conversion", money, txn.created, day, sides, owner.invoice, owner.customer)
        for money, sides in ((currency, out), (txn.currency, into))
        if sides
    )


def payout(payout_id: str, amount: int, currency: Currency, at: datetime, day: date) -> Entry:
    """Money is on its way to the bank: Dr PAYOUTS_IN_TRANSIT, Cr STRIPE_AVAILABLE."""
    sides = postings((LedgerAccount.PAYOUTS_IN_TRANSIT, amount, None), (LedgerAccount.STRIPE_AVAILABLE, -amount, None))
    return Entry(f"payout:{payout_id}", "payout", currency, at, day, sides)


def payout_failed(payout_id: str, amount: int, currency: Currency, at: datetime, day: date) -> Entry:
    """A payout that the bank refused, or that was canceled: the money is in the Stripe balance again."""
    sides = postings((LedgerAccount.STRIPE_AVAILABLE, amount, None), (LedgerAccount.PAYOUTS_IN_TRANSIT, -amount, None))
    return Entry(f"payout_failed:{payout_id}", "payout_failed", currency, at, day, sides)


def bank_line(bank_line_id: str, amount: int, currency: Currency, at: datetime, day: date) -> Entry:
    """A payout seen on the bank statement: Dr BANK, Cr PAYOUTS_IN_TRANSIT. amount: minor units, negative for a debit."""
    sides = postings((LedgerAccount.BANK, amount, None), (LedgerAccount.PAYOUTS_IN_TRANSIT, -amount, None))
    return Entry(f"bank:{bank_line_id}", "bank", currency, at, day, sides)


def dispute_moved(txn: BalanceTransaction, day: date, owner: Owner) -> Entry | None:
    """A movement of disputed money: withdrawn with its fee when a dispute opens, given back when it is won.

    A countered dispute costs a fee without an amount. None for a movement of nothing.
    """
    sides = postings(
        (LedgerAccount.DISPUTED_FUNDS, -txn.amount, owner.customer),
        (LedgerAccount.DISPUTE_FEES, txn.fee, None),
        (LedgerAccount.STRIPE_PENDING, txn.net, None),
    )
    if not sides:
        return None
    kind = "dispute_opened" if txn.amount < 0 else "dispute_won" if txn.amount > 0 else "dispute_countered"
    return Entry(f"dispute:{txn.id}", kind, txn.currency, txn.created, day, sides, owner.invoice, owner.customer)


def dispute_lost(dispute_id: str, amount: int, currency: Currency, at: datetime, day: date, owner: Owner) -> Entry:
    """The customer keeps the money: Dr CHARGEBACKS, Cr DISPUTED_FUNDS. Nothing moves at Stripe: it left at the opening."""
    sides = postings((LedgerAccount.CHARGEBACKS, amount, None), (LedgerAccount.DISPUTED_FUNDS, -amount, owner.customer))
    return Entry(f"dispute_lost:{dispute_id}", "dispute_lost", currency, at, day, sides, owner.invoice, owner.customer)


def dispute_regained(source: str, amount: int, currency: Currency, when: When, owner: Owner) -> Entry:
    """Money that was taken back, and came again after its payment was booked as returned: it waits as UNAPPLIED_CASH."""
    sides = postings(
        (LedgerAccount.DISPUTED_FUNDS, amount, owner.customer), (LedgerAccount.UNAPPLIED_CASH, -amount, owner.customer)
    )
    at, day = when.occurred_at, when.accounting_date
    return Entry(source, "dispute_regained", currency, at, day, sides, owner.invoice, owner.customer)
