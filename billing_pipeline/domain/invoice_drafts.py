"""What an invoice says before it is stored: its lines, and how its total is settled."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from billing_pipeline.domain.credits import CreditUse
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, PriceId, SubscriptionId, TaxRateId
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.periods import Period

InvoiceKind = Literal["subscription", "change", "manual", "opening"]
CollectionMethod = Literal["automatic", "net_terms", "backlog"]


class LineKind(StrEnum):
    """What a line is for. to_credit moves a negative total into a credit grant: no revenue, no tax."""

    ITEM = "item"
    USAGE = "usage"
    UNUSED_TIME = "unused_time"
    REMAINING_TIME = "remaining_time"
    SETUP_FEE = "setup_fee"
    MINIMUM = "minimum"
    MANUAL = "manual"
    OPENING = "opening"
    TO_CREDIT = "to_credit"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. amount_minor: before discount and exclusive tax, with inclusive tax in it; negative for a credit.

    period: the service period, for deferred revenue; None is earned at once. inclusive: the tax is within the amount.
    """

    kind: LineKind
    description: str
    amount_minor: int
    period: Period | None = None
    price_id: PriceId | None = None
    quantity: int = 1
    discount_minor: int = 0
    tax_minor: int = 0
    tax_rate_id: TaxRateId | None = None
    inclusive: bool = False

    @property
    def total_minor(self) -> int:
        """What the line adds to the invoice's total."""
        return self.amount_minor - self.discount_minor + (0 if self.inclusive else self.tax_minor)

    @property
    def net_minor(self) -> int:
        """What is ours of it: without discount and without any tax. Revenue, now or later."""
        return self.amount_minor - self.discount_minor - (self.tax_minor if self.inclusive else 0)


@dataclass(frozen=True, slots=True)
class Settlement:
    """How a total is settled before anybody is charged, in minor units; due is what is left to collect.

    due = total + previous balance - credits - carried. carried: moved to the account's carry-over. granted: a
    negative total that became a credit grant. credits_minor: what credits pay. due_minor: what is to be collected.
    """

    total_minor: int
    previous_balance_minor: int = 0
    credits: tuple[CreditUse, ...] = ()
    carried_minor: int = 0
    granted_minor: int = 0
    credits_minor: int = field(init=False, compare=False)
    due_minor: int = field(init=False, compare=False)

    def __post_init__(self) -> None:
        paid = sum([use.amount_minor for use in self.credits]) if self.credits else 0
        object.__setattr__(self, "credits_minor", paid)
        due = self.total_minor + self.previous_balance_minor - paid - self.carried_minor
        object.__setattr__(self, "due_minor", due)
        if min(self.total_minor, self.due_minor, self.carried_minor, self.granted_minor) < 0:
            raise Broken(f"an invoice cannot be settled below nothing: {self}")


@dataclass(frozen=True, slots=True)
class Draft:
    """An invoice that is computed and not yet numbered. due_on: when it is to be paid.

    billed: the period it bills; None for a change in mid-period, which lies within a billed one.
    """

    invoice_id: InvoiceId
    account: AccountId
    subscription: SubscriptionId | None
    kind: InvoiceKind
    currency: Currency
    period: Period | None
    lines: tuple[Line, ...]
    settlement: Settlement
    collection_method: CollectionMethod
    issued_at: datetime
    issued_on: date
    due_on: date

    def __post_init__(self) -> None:
        if sum([line.total_minor for line in self.lines]) != self.settlement.total_minor:
            raise Broken(f"invoice {self.invoice_id}: its lines do not sum to its total")

    @property
    def state(self) -> InvoiceState:
        """Born paid when nothing is left to collect."""
        return InvoiceState.PENDING if self.settlement.due_minor else InvoiceState.PAID
