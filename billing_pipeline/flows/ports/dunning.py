"""What dunning needs from outside: a store, a gate, somebody who writes letters, and somebody who carries them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, Protocol

from billing_pipeline.domain.dunning_cases import Asked, LateInvoice, PlannedStep
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports import Fact, Json, Transactional

MessageState = Literal["queued", "sending", "sent", "failed", "bounced", "uncertain", "withdrawn"]
PayLink = Callable[[InvoiceId], str]
"""The signed, expiring address at which the customer pays that invoice."""


class GateState(Protocol):
    """Whether the books are fresh enough to act at all, and why not."""

    @property
    def open(self) -> bool: ...

    @property
    def reason(self) -> str: ...


class DunningGate(Protocol):
    """Reconciliation's word: may we act at all, and which invoices not."""

    def gate(self, now: datetime) -> GateState:
        """Open only when sweep, certificates and checks are fresh and without error."""

    def held_invoices(self) -> Mapping[InvoiceId, str]:
        """Invoices with an open error divergence on them, their intent or their customer, and which."""


@dataclass(frozen=True, slots=True)
class StepRecord:
    """A step as it goes into the books, with what Stripe said about the intent just before. today: the customer's day."""

    planned: PlannedStep
    policy_version: str
    taken_at: datetime
    today: date
    intent_read_at: datetime | None
    intent_status: str
    outcome: str
    decline_class: str
    failures: int
    run_id: str = ""


@dataclass(frozen=True, slots=True)
class OwedInvoice:
    """One line of a notice."""

    invoice: InvoiceId
    number: str
    amount: Money
    due_on: date


@dataclass(frozen=True, slots=True)
class Notice:
    """What a message is about. next_on: the day of the next consequence, if there is one. seller, customer: names.

    locale: how the customer writes amounts and days, such as 'de-CH'; the language's own way where it is empty.
    """

    template: str
    language: str
    seller: str
    customer: str
    invoices: tuple[OwedInvoice, ...]
    codes: Codes
    next_on: date | None = None
    locale: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message in words, ready to be sent."""

    subject: str
    text: str
    html: str


class Letters(Protocol):
    """Writes messages from templates."""

    def compose(self, notice: Notice) -> Letter:
        """The letter in the notice's language. Raises Broken when the template does not exist."""


@dataclass(frozen=True, slots=True)
class Message:
    """A row of the outbox. message_id: names invoice and step, so that one step mails once. notice: asks for money."""

    message_id: str
    account: AccountId
    invoices: tuple[InvoiceId, ...]
    template: str
    language: str
    recipient: str
    letter: Letter
    queued_at: datetime
    attempts: int = 0


class Outcome(StrEnum):
    """How handing over a message ended."""

    SENT = "sent"
    DEFERRED = "deferred"  # nothing was accepted: may be tried again
    REJECTED = "rejected"  # it will never be accepted
    UNCERTAIN = "uncertain"  # the answer was lost: it may have been accepted


@dataclass(frozen=True, slots=True)
class Delivery:
    """An outcome, and the server's own words."""

    outcome: Outcome
    words: str = ""


class Mailer(Protocol):
    """Carries messages."""

    @property
    def repeatable(self) -> bool:
        """Whether sending the same message twice leaves one."""

    def send(self, message: Message) -> Delivery:
        """How it ended; never raises for what the other side does."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Something that other systems want to know: a suspension, a reinstatement, a cancellation, a write-off."""

    hook_id: str
    account: AccountId
    type: str
    payload: Json
    made_at: datetime
    attempts: int = 0


class HookSender(Protocol):
    """Tells other systems."""

    def post(self, hook: Hook, now: datetime) -> Delivery:
        """How it ended; never raises for what the other side does."""


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom a message goes to."""

    account: AccountId
    name: str
    seller: str
    email: str
    language: str


@dataclass(frozen=True, slots=True)
class Reinstatable:
    """A suspended account that owes nothing any more. suspensions: (invoice, key of the suspending step).

    ended: all its subscriptions are canceled, so that there is nothing to give back.
    """

    account: AccountId
    subscriptions: tuple[SubscriptionId, ...]
    suspensions: tuple[tuple[InvoiceId, str], ...]
    ended: bool = False


class DunningStore(Transactional, Protocol):
    """Overdue invoices, steps taken, the outboxes."""

    def late_invoices(self, now: datetime) -> list[LateInvoice]:
        """Every overdue invoice, by account and due date."""

    def owed(self, invoices: Sequence[InvoiceId]) -> dict[InvoiceId, OwedInvoice]:
        """Those invoices as lines of a notice."""

    def payer(self, account: AccountId) -> Payer:
        """Whom to write to."""

    def take(self, step: StepRecord) -> bool:
        """True when the step was not taken before and the invoice may still be dunned; it is then written down."""

    def note_reinstated(self, invoice: InvoiceId, step: str, now: datetime) -> bool:
        """True when nobody wrote down before that this suspension is over."""

    def ask_retry(self, invoice: InvoiceId, now: datetime) -> bool:
        """True when the invoice's open collection will be tried again."""

    def live_subscriptions(self, account: AccountId) -> list[SubscriptionId]:
        """Subscriptions of the account that have not ended."""

    def queue_message(self, message: Message) -> None:
        """Put it into the outbox; a message of that name is there only once."""

    def queue_hook(self, hook: Hook) -> None:
        """Put it into the other outbox; once per name."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts into the inbox."""

    def end_hold(self, hold_id: int, now: datetime) -> None:
        """The hold has done its duty or was taken back."""

    def reinstatable(self) -> list[Reinstatable]:
        """Accounts that dunning suspended and that have paid."""

    def claim_messages(self, batch: int, now: datetime, lease_until: datetime) -> list[Message]:
        """Messages whose time has come, marked as being sent."""

    def note_message(self, message_id: str, state: str, error: str, next_try_at: datetime, now: datetime) -> None:
        """Write down how sending ended."""

    def stranded_messages(self, now: datetime) -> list[Message]:
        """Messages whose sender died while sending."""

    def open_intents(self, invoices: Sequence[InvoiceId], today: date) -> dict[InvoiceId, Asked | None]:
        """Those of the invoices that are still overdue, not under way and not on hold, with what to ask Stripe about."""

    def hard_bounce(self, message_id: str) -> str:
        """Why mail to the message's address is lost: a message to it came back for ever, and none was taken since; '' if not."""

    def claim_hooks(self, batch: int, now: datetime, lease_until: datetime) -> list[Hook]:
        """Hooks whose time has come; the lease keeps other senders away."""

    def note_hook(self, hook_id: str, state: str, error: str, next_try_at: datetime, now: datetime) -> None:
        """Write down how telling ended."""
