"""What dunning knows about an overdue invoice, and the rows it answers with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Literal

from billing_pipeline.domain.dunning_policy import Action
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId, PaymentMethodId, PlanId, StripeInvoiceId
from billing_pipeline.domain.money import Money

NO_CODES: Final = Codes()

Asked = PaymentIntentId | StripeInvoiceId
"""What Stripe is asked about before a step: the invoice's intent, or Stripe's own invoice where Stripe bills it."""


class Held(StrEnum):
    """Why nothing is done about an overdue invoice. The last three are found out in the moment of acting."""

    GATE_CLOSED = "gate_closed"
    OPEN_DIVERGENCE = "open_divergence"
    BACKLOG_NOT_APPROVED = "backlog_not_approved"
    DISPUTED = "disputed"
    PAYMENT_UNDER_WAY = "payment_under_way"
    OPEN_ATTEMPT = "open_attempt"
    PROMISED = "promised"
    HELD_BY_HAND = "held_by_hand"
    NO_DEFINITE_FAILURE = "no_definite_failure"
    NOT_DUE_YET = "not_due_yet"
    QUIET_HOURS = "quiet_hours"
    RETRY_PENDING = "retry_pending"
    RETRY_FIRST = "retry_first"
    NEW_CARD_NEEDED = "new_card_needed"
    BUDGET_SPENT = "budget_spent"
    STRIPE_RETRIES = "stripe_retries"
    NOTICES_SPENT = "notices_spent"
    LADDER_DONE = "ladder_done"
    PAID_AT_STRIPE = "paid_at_stripe"
    STRIPE_SILENT = "stripe_silent"
    CHANGED_MEANWHILE = "changed_meanwhile"


@dataclass(frozen=True, slots=True)
class Why:
    """A reason, and the words that a person needs to act on it."""

    held: Held
    detail: str


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody said: not now. until: the last day that it holds, None for no end."""

    hold_id: int
    kind: Literal["pause", "promise", "skip"]
    who: str
    why: str
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that was taken: when, and what it did."""

    at: datetime
    action: str


@dataclass(frozen=True, slots=True)
class Card:
    """The payment method that a retry would use. attempts: charges of it, from whatever source, in the last 30 days."""

    payment_method_id: PaymentMethodId
    brand: str
    fingerprint: str
    attached_at: datetime
    attempts: tuple[datetime, ...] = ()
    country: str = ""


@dataclass(frozen=True, slots=True)
class LateInvoice:
    """An overdue invoice with everything that decides about it, from our own tables and applied Stripe facts.

    late_since: the day that steps count from. turn: 1, and one more each time that a payment was returned, which starts
    the ladder anew. failures: definite declines. taken: by key. kind: 'business' or 'consumer'.
    """

    invoice: InvoiceId
    account: AccountId
    owed: Money
    late_since: date
    zone: str = "UTC"
    country: str = ""
    kind: str = "business"
    plan: PlanId | None = None
    language: str = "en"
    collection_method: str = "automatic"
    charger: str = "engine"
    disputed: bool = False
    unapproved_backlog: bool = False
    intent: Asked | None = None
    intent_status: str = ""
    has_failed: bool = True
    failures: int = 0
    codes: Codes = NO_CODES
    last_failed_at: datetime | None = None
    tried_fingerprint: str = ""
    retry_at: datetime | None = None
    open_attempt: bool = False
    card: Card | None = None
    turn: int = 1
    taken: Mapping[str, Taken] = field(default_factory=dict)
    holds: tuple[Hold, ...] = ()
    notices_7_days: int = 0

    @property
    def retry_pending(self) -> bool:
        """Whether a retry was asked for and has not been made yet."""
        return self.retry_at is not None and (self.last_failed_at is None or self.retry_at > self.last_failed_at)

    def key(self, step: str) -> str:
        """The step's name in this turn: at most one row in the books per invoice and key."""
        return step if self.turn == 1 else f"{step}@{self.turn}"


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One row of the plan: a step that is taken at that time, or with held the reason why it is not.

    at: when, in UTC; due_on: the same as the customer's calendar day. late_days: how long it has been due already.
    """

    invoice: InvoiceId
    account: AccountId
    segment: str
    step: str
    action: Action | None
    template: str
    due_on: date
    at: datetime
    amount: Money
    held: Held | None = None
    detail: str = ""
    late_days: int = 0
    skipped_by: Hold | None = None
