"""The double-entry ledger: accounts, entries that balance or are not built, one function per business fact.

Chart and postings follow common SaaS practice (deferred revenue in advance, a clearing account per processor, payouts in
transit). minor: + is a debit, - is a credit. One currency per entry.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken, Unbalanced
from billing_pipeline.domain.ids import AccountId, InvoiceId

MOMENTS_REMEMBERED: Final = 1024  # the entries of a billing run have one in common


class LedgerAccount(IntEnum):
    """The chart of accounts; the number is the code that finance sees."""

    BANK = 1000
    RECEIVABLE = 1100
    STRIPE_PENDING = 1200
    STRIPE_AVAILABLE = 1210
    PAYOUTS_IN_TRANSIT = 1290
    DISPUTED_FUNDS = 1300
    CARRY_OVER = 1400
    DEFERRED_REVENUE = 2100
    CUSTOMER_CREDITS = 2200
    TAX_PAYABLE = 2300
    UNAPPLIED_CASH = 2400
    OPENING_BALANCE = 3000
    REVENUE = 4000
    CREDITS_GRANTED = 4100
    REFUNDS = 4200
    CHARGEBACKS = 4300
    BAD_DEBT_RECOVERY = 4400
    PROCESSOR_FEES = 5100
    DISPUTE_FEES = 5110
    BAD_DEBT = 5200
    FX_GAIN_LOSS = 5300
    ROUNDING = 5400

    @property
    def side(self) -> str:
        """The side that increases it: 'debit' for assets (1xxx) and expenses (5xxx), else 'credit'."""
        return "debit" if self // 1000 in (1, 5) else "credit"


@dataclass(frozen=True, slots=True)
class Posting:
    """One side of an entry. minor: + debit, - credit, never 0. customer: the sub-ledger, where the account has one."""

    account: LedgerAccount
    minor: int
    customer: AccountId | None = None

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise TypeError(f"minor units must be int, got {self.minor!r}")
        if self.minor == 0:
            raise Broken(f"a posting of nothing to {self.account.name}: leave it out")


@dataclass(frozen=True, slots=True)
class Entry:
    """A business fact in the books. source: unique name of the fact, such as 'payment:pi_1' or 'invoice:inv-s1-20260301'.

    occurred_at: when it was true. accounting_date: the open day it is booked on. kind: groups entries in reports.
    Raises Unbalanced when the postings do not sum to zero.
    """

    source: str
    kind: str
    currency: Currency
    occurred_at: datetime
    accounting_date: date
    postings: tuple[Posting, ...]
    invoice: InvoiceId | None = None
    customer: AccountId | None = None
    note: str = ""
    content_hash: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.postings or sum([p.minor for p in self.postings]) != 0:
            raise Unbalanced(f"{self.source}: {[(p.account.name, p.minor) for p in self.postings]}")
        object.__setattr__(self, "content_hash", content_hash(self))


def content_hash(entry: Entry) -> bytes:
    """SHA-256 of what the entry says: source, kind, currency, dates and postings in order. `verify` recomputes it."""
    moment = iso_text(entry.occurred_at.astimezone(UTC))
    lines = [entry.source, entry.kind, entry.currency, moment, entry.accounting_date.isoformat()]
    lines += [f"{int(p.account)} {p.minor} {p.customer or ''}" for p in entry.postings]
    return hashlib.sha256("\n".join(lines).encode()).digest()


@lru_cache(maxsize=MOMENTS_REMEMBERED)
def iso_text(moment: datetime) -> str:
    """The moment in ISO 8601. moment: in UTC, where those that are equal read alike."""
    return moment.isoformat()


def postings(*sides: tuple[LedgerAccount, int, AccountId | None]) -> tuple[Posting, ...]:
    """The sides that are not zero, as postings."""
    return tuple(Posting(account, minor, customer) for account, minor, customer in sides if minor)
