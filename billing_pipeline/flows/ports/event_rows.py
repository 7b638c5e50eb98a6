"""The rows that facts move, as flows see them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from billing_pipeline.domain.cash_entries import Owner
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.stripe_money import BalanceTransaction
from billing_pipeline.flows.ports import Json

Method = Literal["card", "bank_debit", "wire", "cheque", "stripe_invoice", "other"]


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as the inbox keeps it. payload: the object, as it was when the fact was told."""

    inbox_id: int
    event_id: str
    source: str
    type: str
    object_id: str
    fact_key: str
    api_version: str
    idempotency_key: str
    occurred_at: datetime
    payload: Json


@dataclass(frozen=True, slots=True)
class InvoiceRow:
    """What a payment needs to know of an invoice, and may change in it. tax_minor: as booked, nothing of an imported one."""

    invoice_id: InvoiceId
    account_id: AccountId
    subscription_id: str | None
    state: InvoiceState
    currency: Currency
    charger: str
    stripe_invoice_id: str | None
    total_minor: int
    tax_minor: int
    due_minor: int
    paid_minor: int
    credited_minor: int
    refunded_minor: int
    disputed: bool
    due_on: date
    paid_at: datetime | None
    voided_at: datetime | None
    written_off_at: datetime | None

    @property
    def key(self) -> str:
        return self.invoice_id

    @property
    def open_minor(self) -> int:
        """What is still to be paid, in minor units."""
        return max(0, self.due_minor - self.paid_minor - self.credited_minor)

    @property
    def owner(self) -> Owner:
        return Owner(self.account_id, self.invoice_id)


@dataclass(frozen=True, slots=True)
class CollectionRow:
    """How collecting an invoice goes. failed_charges: the charges behind `failures`, so that one told twice counts once."""

    invoice_id: InvoiceId
    seq: int
    payment_intent_id: str | None
    status: str
    failures: int
    codes: Codes
    failed_charges: tuple[str, ...]
    last_failed_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None

    @property
    def key(self) -> str:
        return collection_key(self.invoice_id, self.seq)


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """Money that came. applied_minor paid the invoice; the rest is the customer's credit, or waits as unapplied cash."""

    payment_id: str
    account_id: AccountId | None
    invoice_id: InvoiceId | None
    method: Method
    payment_intent_id: str | None
    charge_id: str | None
    currency: Currency
    amount_minor: int
    applied_minor: int
    refunded_minor: int
    disputed: bool
    fingerprint: str
    succeeded_at: datetime
    reversed_at: datetime | None

    @property
    def key(self) -> str:
        return self.charge_id or self.payment_id

    @property
    def owner(self) -> Owner:
        return Owner(self.account_id, self.invoice_id)


@dataclass(frozen=True, slots=True)
class RefundRow:
    """A refund as last seen. booked_minor: how much of it stands in the books."""

    refund_id: str
    payment_id: str | None
    charge_id: str
    currency: Currency
    amount_minor: int
    booked_minor: int
    status: str
    reason: str
    failure_reason: str
    created_at: datetime

    @property
    def key(self) -> str:
        return self.refund_id


@dataclass(frozen=True, slots=True)
class DisputeRow:
    """A dispute as last seen."""

    dispute_id: str
    payment_id: str | None
    charge_id: str
    currency: Currency
    amount_minor: int
    status: str
    reason: str
    fee_minor: int
    evidence_due_at: datetime | None
    created_at: datetime

    @property
    def key(self) -> str:
        return self.dispute_id


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """A payout as last seen."""

    payout_id: str
    currency: Currency
    amount_minor: int
    status: str
    automatic: bool
    method: str
    arrival_on: date
    reconciliation_status: str
    trace_id: str
    created_at: datetime

    @property
    def key(self) -> str:
        return self.payout_id


@dataclass(frozen=True, slots=True)
class TransactionRow:
    """A balance transaction. booked_at: when its entries were written; None while what it belongs to is not known yet."""

    transaction: BalanceTransaction
    booked_at: datetime | None = None

    @property
    def key(self) -> str:
        return self.transaction.id


@dataclass(frozen=True, slots=True)
class GrantRow:
    """A credit that came from money paid too much. source: the payment's entry."""

    credit_grant_id: str
    account_id: AccountId
    currency: Currency
    amount_minor: int
    remaining_minor: int
    granted_at: datetime
    source: str

    @property
    def key(self) -> str:
        return self.source


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A customer's card or bank account; never a card number."""

    payment_method_id: str
    account_id: AccountId
    type: str
    brand: str
    last4: str
    fingerprint: str
    country: str
    exp_month: int | None
    exp_year: int | None
    is_default: bool
    attached_at: datetime
    detached_at: datetime | None

    @property
    def key(self) -> str:
        return self.payment_method_id


@dataclass(frozen=True, slots=True)
class DeclineRow:
    """A charge that the bank refused. invoice_id: '' where it was for none of ours. by_us: it counts with our attempt."""

    charge_id: str
    fingerprint: str
    invoice_id: str
    declined_at: datetime
    by_us: bool = False

    @property
    def key(self) -> str:
        return self.charge_id


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """Which account a Stripe customer is, and whether Stripe still has it."""

    stripe_customer_id: str
    account_id: AccountId
    deleted_at: datetime | None

    @property
    def key(self) -> str:
        return self.stripe_customer_id


@dataclass(frozen=True, slots=True)
class SubscriptionRow:
    """What a fact needs to know of a subscription of ours. It is changed by wishes only, never here, but for its mirror."""

    subscription_id: str
    account_id: AccountId
    state: str
    charger: str
    stripe_subscription_id: str | None
    mirror_state: str
    suspended: bool
    touched: bool = False  # somebody else changed its mirror: the sync is to look at it

    @property
    def key(self) -> str:
        return self.subscription_id


@dataclass(frozen=True, slots=True)
class WishRow:
    """A wish to change a subscription, which change_subscriptions fulfils. source names it: asking twice changes nothing."""

    source: str
    subscription_id: str
    kind: Literal["cancel", "suspend", "reinstate"]
    effective_at: datetime
    requested_by: str

    @property
    def key(self) -> str:
        return self.source


Row = (
    InvoiceRow | CollectionRow | PaymentRow | RefundRow | DisputeRow | PayoutRow | TransactionRow | GrantRow | MethodRow
    | CustomerRow | SubscriptionRow | WishRow | DeclineRow
)  # fmt: skip


def collection_key(invoice: str, seq: int) -> str:
    """The name of one collection of an invoice."""
    return f"{invoice}#{seq}"
