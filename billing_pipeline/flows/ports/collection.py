"""What collecting money needs from its store."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol

from billing_pipeline.domain.attempts import Attempt, NewAttempt, Operation, Verdict
from billing_pipeline.domain.collecting import Candidate
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import (
    AccountId,
    AttemptId,
    ChargeId,
    CustomerId,
    InvoiceId,
    PaymentId,
    PaymentIntentId,
    PaymentMethodId,
)
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.requests import Customer
from billing_pipeline.flows.ports import Fact, Transactional

RefundState = Literal["requested", "approved", "sent", "done", "refused"]


@dataclass(frozen=True, slots=True)
class ListPlace:
    """Where a walk over open invoices goes on: everything up to and including this one was seen."""

    due_on: date
    invoice_id: str


FIRST_PLACE = ListPlace(date.min, "")


@dataclass(frozen=True, slots=True)
class NewCollection:
    """A collection about to be opened; a failure that Stripe will never tell comes with its codes."""

    invoice_id: InvoiceId
    seq: int
    amount: Money
    failed_codes: Codes | None = None
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What is to be written about an attempt, in one transaction.

    retry_at: collect it again then. next_check_at: ask again then, while unknown. fact: what Stripe's object tells.
    """

    verdict: Verdict
    intent_id: PaymentIntentId | None = None
    retry_at: datetime | None = None
    next_check_at: datetime | None = None
    fact: Fact | None = None


@dataclass(frozen=True, slots=True)
class StaleIntent:
    """An intent that nobody should be able to pay any more, since its collection was closed without it.

    cancels_lost: tries to cancel it that never reached Stripe, or that it refused for our key's sake.
    """

    invoice_id: InvoiceId
    seq: int
    payment_intent_id: PaymentIntentId
    cancels_lost: int = 0


@dataclass(frozen=True, slots=True)
class UnlinkedAccount:
    """An account without a customer, or one that changed since. digest: of what Stripe should know.

    attempts, tax_attempts: calls made for it and for its tax id so far. email_is_shared: by another account, so that the
    address proves nothing.
    """

    customer: Customer
    customer_id: CustomerId | None
    digest: str
    attempts: int
    email_is_shared: bool = False
    tax_attempts: int = 0


@dataclass(frozen=True, slots=True)
class KnownMethod:
    """A payment method as Stripe has it; never more of a number than its last four digits."""

    payment_method_id: PaymentMethodId
    account_id: AccountId
    type: str
    brand: str
    last4: str
    fingerprint: str
    exp_month: int | None
    exp_year: int | None
    country: str
    is_default: bool
    attached_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """A payment that may be refunded. refundable: what is neither refunded nor asked to be; below zero
    once more was refunded in Stripe than the wishes left.

    credited_minor: what was paid too much and is the customer's credit already. reversed: the bank took it back.
    """

    payment_id: PaymentId
    account_id: AccountId | None
    invoice_id: InvoiceId | None
    charge_id: ChargeId | None
    amount: Money
    refundable: Money
    disputed: bool
    credited_minor: int = 0
    reversed: bool = False


@dataclass(frozen=True, slots=True)
class PaidInvoice:
    """The invoice of a payment. applied_minor: what the payment paid of it; tax_minor: as booked. Amounts in minor units."""

    invoice_id: InvoiceId
    state: str
    total_minor: int
    tax_minor: int
    refunded_minor: int
    applied_minor: int


@dataclass(frozen=True, slots=True)
class NewRefund:
    """A wish to give money back. request: its name; asking twice under one name asks once."""

    request: str
    payment_id: PaymentId
    amount_minor: int
    destination: str
    reason: str
    requested_by: str


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """A wish as it stands. attempts: calls made for it so far."""

    refund_request_id: str
    payment: PaymentRow
    amount: Money
    destination: str
    reason: str
    requested_by: str
    approved_by: str | None
    state: str
    attempts: int


class AttemptStore(Transactional, Protocol):
    """Attempts, said before and settled after."""

    def open_attempts(self, attempts: Sequence[NewAttempt], api_version: str, now: datetime) -> list[Attempt]:
        """The attempts now written down; those that another process has open already are left out."""

    def settle(self, attempt: Attempt, settled: Settled, now: datetime) -> bool:
        """Write what is known, unless the attempt was settled already; whether it was written."""


class CollectionStore(AttemptStore, Protocol):
    """Invoices, their collections and attempts."""

    def claim_candidates(
        self, now: datetime, today: date, after: ListPlace, limit: int
    ) -> tuple[list[Candidate], ListPlace]:
        """Open invoices due by today whose turn has come, locked until the transaction ends, and the place after them."""

    def open_collections(self, collections: Sequence[NewCollection], now: datetime) -> set[tuple[InvoiceId, int]]:
        """Open them; which of them are now ours to charge. Taking up a retry uses up the wish for it."""

    def withdraw_attempts(self, attempts: Sequence[AttemptId]) -> None:
        """Take back attempts written in this very transaction, which nobody has seen."""

    def postpone(self, invoice: InvoiceId, seq: int, until: datetime | None) -> None:
        """Set when the open collection may be tried again; None takes the wish back."""

    def stale_intents(self, limit: int) -> list[StaleIntent]:
        """Intents of collections that were closed by a credit note or a void, still payable as far as we know."""

    def claim_unknown(self, operations: Sequence[Operation], now: datetime, limit: int) -> list[Attempt]:
        """Attempts whose outcome is to be asked for now; the lease keeps other processes off them."""

    def remember_charge(self, attempt: AttemptId, charge: str) -> None:
        """Keep the intent's latest charge from before a confirm: what tells a new charge from an old one."""

    def flag_deleted(self, customer: CustomerId, now: datetime) -> bool:
        """The customer was deleted in Stripe; whether that is news."""

    def customer_of(self, invoice: InvoiceId) -> CustomerId | None:
        """The customer that the invoice's account is in Stripe."""


class CustomerStore(AttemptStore, Protocol):
    """Accounts, their customers and payment methods."""

    def unlinked_accounts(self, now: datetime, limit: int) -> list[UnlinkedAccount]:
        """Accounts that lack a customer or differ from what it was last told, oldest first."""

    def link_customer(self, account: AccountId, customer: CustomerId, digest: str) -> None:
        """The account is that customer, who knows what the digest stands for."""

    def flag_deleted(self, customer: CustomerId, now: datetime) -> bool:
        """The customer was deleted in Stripe; whether that is news."""

    def accounts_to_follow(self, now: datetime, limit: int) -> list[tuple[AccountId, CustomerId]]:
        """Accounts that will be charged soon and of which no usable payment method is known."""

    def customer_account(self, account: AccountId) -> CustomerId | None:
        """The customer of that account."""

    def keep_methods(self, account: AccountId, methods: Sequence[KnownMethod], now: datetime) -> bool:
        """Make the account's methods exactly these; whether the default is another one now."""


class RefundStore(AttemptStore, Protocol):
    """Payments, the wishes to refund them, and credit given instead."""

    def lock_payment(self, payment: PaymentId) -> PaymentRow | None:
        """The payment of that id, its row locked."""

    def lock_paid_invoice(self, payment: PaymentId) -> PaidInvoice | None:
        """The invoice of that payment, its row locked; None where it has none."""

    def note_refunded(self, invoice: InvoiceId, minor: int) -> None:
        """So much more of the invoice was given back."""

    def write_request(self, request: NewRefund, now: datetime) -> bool:
        """Write the wish down; False where one of that name already is."""

    def refund_request(self, name: str) -> RefundRequest | None:
        """The wish of that name."""

    def approve_request(self, name: str, by: str, now: datetime) -> bool:
        """Approve a wish that waits for it; whether there was one."""

    def refund_requests(self, state: str, limit: int) -> list[RefundRequest]:
        """Wishes in that state, oldest first."""

    def move_request(self, name: str, state: str, refund_id: str | None = None) -> None:
        """Where the wish stands now."""

    def close_settled_requests(self) -> int:
        """Follow the outcomes that were settled by asking; how many wishes moved."""

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""

    def open_day(self, day: date) -> date:
        """The day itself while it is open, else the first day after the last closed one."""

    def write(self, entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Book the entries whose source is new; how many those were."""
