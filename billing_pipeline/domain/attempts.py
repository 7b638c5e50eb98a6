"""Attempts: one row before every call that could move money, and what may be done while its outcome is unknown.

The rules in one place: no reply and younger than 20 hours: the frozen request again, under the same key. A 5xx reply is
stored under its key and would only be replayed: the object is asked for instead. Older than 20 hours: asked for only,
because Stripe may have forgotten the key and would charge again.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import (
    AttemptId,
    IdempotencyKey,
    InvoiceId,
    charge_key,
    operation_key,
)
from billing_pipeline.domain.requests import Request

LEASE: Final = timedelta(minutes=10)  # above the longest call: only a crash leaves an attempt open for longer
RESEND_WITHIN: Final = timedelta(hours=20)  # Stripe keeps keys for at least 24: four hours of margin
LOOK_UP_AFTER: Final = (timedelta(minutes=1), timedelta(minutes=10))  # lists lag by seconds, at worst by minutes
RESEND_PAUSE_MAX: Final = timedelta(minutes=5)  # settled within 15 minutes of Stripe answering again


class Operation(StrEnum):
    """What an attempt tries to do."""

    CHARGE = "charge"
    CONFIRM = "confirm"
    REFUND = "refund"
    CANCEL = "cancel"
    MIRROR = "mirror"
    UNHOLD = "unhold"
    SETUP = "setup"
    CUSTOMER = "customer"
    CATALOG = "catalog"


class Outcome(StrEnum):
    """How an attempt ended. Nothing here is final about the money: that is told by the facts in the inbox."""

    SUCCEEDED = "succeeded"
    PROCESSING = "processing"
    REQUIRES_ACTION = "requires_action"
    DECLINED = "declined"
    REFUSED = "refused"
    CANCELED = "canceled"
    NOT_CREATED = "not_created"


class UnknownReason(StrEnum):
    """Why nobody can say how it ended."""

    NO_REPLY = "no_reply"
    SERVER_ERROR = "server_error"


class ResolvedBy(StrEnum):
    """How the outcome was learnt."""

    REPLY = "reply"
    RESEND = "resend"
    LOOKUP = "lookup"
    EVENT = "event"


class Step(StrEnum):
    """What may be done about an attempt whose outcome is unknown."""

    RESEND = "resend"
    LOOK_UP = "look_up"


@dataclass(frozen=True, slots=True)
class NewAttempt:
    """An attempt about to be written down. prior_charge_id: the intent's latest charge before a confirm."""

    operation: Operation
    subject: str
    attempt: int
    key: IdempotencyKey
    request: Request
    fingerprint: str = ""
    prior_charge_id: str = ""


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt as stored: said, and not yet known to have ended. owed: nothing has ended the collection meanwhile."""

    attempt_id: AttemptId
    operation: Operation
    subject: str
    key: IdempotencyKey
    request: Request
    started_at: datetime
    unknown_reason: UnknownReason | None = None
    checks: int = 0
    prior_charge_id: str = ""
    owed: bool = True


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of an attempt after asking. outcome None: still unknown, for unknown_reason."""

    outcome: Outcome | None
    unknown_reason: UnknownReason | None = None
    resolved_by: ResolvedBy = ResolvedBy.REPLY
    object_id: str = ""
    codes: Codes = field(default_factory=Codes)
    remedy: str = ""


def collection_subject(invoice: InvoiceId, seq: int) -> str:
    """The subject of every attempt on one collection: the invoice and which intent of it."""
    return f"{invoice}#{seq}"


def subject_parts(subject: str) -> tuple[InvoiceId, int]:
    """The invoice and the number of its intent, out of the subject of a charge, confirm or cancel."""
    invoice, _, seq = subject.rpartition("#")
    return InvoiceId(invoice), int(seq)


def key_of(operation: Operation, subject: str, attempt: int) -> IdempotencyKey:
    """The idempotency key of that attempt. A charge and a confirm of one collection share one count, so one form."""
    if operation in (Operation.CHARGE, Operation.CONFIRM):
        return charge_key(*subject_parts(subject), attempt)
    return operation_key(operation, subject, attempt)


def next_step(attempt: Attempt, now: datetime) -> Step:
    """What may be done now about an attempt whose outcome is unknown. A crash counts as no reply.

    What is not owed any more, because a wire paid it or because it is void, is never sent again.
    """
    if attempt.unknown_reason is UnknownReason.SERVER_ERROR or not attempt.owed:
        return Step.LOOK_UP
    return Step.RESEND if now - attempt.started_at < RESEND_WITHIN else Step.LOOK_UP


def next_check_at(attempt: Attempt, step: Step, now: datetime) -> datetime:
    """When to ask again about an attempt still unknown after step: looked up one and ten minutes after its start."""
    if step is Step.LOOK_UP:
        soon = now + LOOK_UP_AFTER[0]
        return (
            soon if now < attempt.started_at + LOOK_UP_AFTER[0] else max(soon, attempt.started_at + LOOK_UP_AFTER[-1])
        )
    doublings: int = min(attempt.checks, 10)
    return now + min(RESEND_PAUSE_MAX, LOOK_UP_AFTER[0] * (1 << doublings))


def absence_is_proven(attempt: Attempt, now: datetime) -> bool:
    """Whether something that could still not be found is known never to have been created."""
    return now - attempt.started_at >= LOOK_UP_AFTER[-1]


def intent_outcome(status: str, code: str) -> Outcome:
    """What an intent's status says about the attempt just made on it. code: of last_payment_error, or ''.

    A declined intent goes back to requires_payment_method. An unknown status counts as processing: money may be coming.
    """
    match status:
        case "succeeded":
            return Outcome.SUCCEEDED
        case "canceled":
            return Outcome.CANCELED
        case "requires_action" | "requires_confirmation":
            return Outcome.REQUIRES_ACTION
        case "requires_payment_method":
            return Outcome.REQUIRES_ACTION if code == "authentication_required" else Outcome.DECLINED
        case _:
            return Outcome.PROCESSING
