"""What to do about one open invoice: charge it, try its intent again, wait, or say that there is nothing to charge.

Pure. One intent per collection, one open collection per invoice, one open attempt per collection.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from billing_pipeline.domain.attempts import NewAttempt, Operation, collection_subject, key_of
from billing_pipeline.domain.card_budget import LIMITS, CardLimits, budget_left
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId, CustomerId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.requests import Bill, Request, cancel_intent, charge, confirm
from billing_pipeline.domain.retry_rules import (
    BUDGET_SPENT,
    NO_PAYMENT_METHOD,
    DeclineClass,
    decline_class,
    earliest_retry,
)


@dataclass(frozen=True, slots=True)
class Method:
    """How an account pays by default. fingerprint: names the card whatever its token; '' where Stripe told none."""

    payment_method_id: PaymentMethodId
    type: str
    fingerprint: str
    brand: str


@dataclass(frozen=True, slots=True)
class Collection:
    """The newest collection of an invoice. attempts: made so far; tried_fingerprint: of the last one.

    wished: another try was asked for, and its time has come. close_reason: '' while it is open. cancels_lost: tries to
    cancel its intent that never reached Stripe, or that it refused for our key's sake.
    """

    seq: int
    is_open: bool
    payment_intent_id: PaymentIntentId | None
    amount: Money
    attempts: int = 0
    tried_fingerprint: str = ""
    last_codes: Codes = field(default_factory=Codes)
    last_failed_at: datetime | None = None
    wished: bool = True
    close_reason: str = ""
    cancels_lost: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """An open invoice whose turn has come. remaining: what is still to be paid; collection None: never tried."""

    invoice_id: InvoiceId
    account_id: AccountId
    customer_id: CustomerId
    number: str
    remaining: Money
    method: Method | None = None
    collection: Collection | None = None
    declined_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """Send this. opens: the collection is a new one."""

    candidate: Candidate
    seq: int
    opens: bool
    attempt: NewAttempt


@dataclass(frozen=True, slots=True)
class CancelFirst:
    """The intent asks for another amount than is owed: it is canceled, and a new one follows once that is known."""

    candidate: Candidate
    seq: int
    attempt: NewAttempt


@dataclass(frozen=True, slots=True)
class NothingToCharge:
    """A definite failure without a call: there is no payment method."""

    candidate: Candidate
    seq: int
    opens: bool
    attempt: NewAttempt
    codes: Codes


@dataclass(frozen=True, slots=True)
class Wait:
    """Not now. until None: not by itself, only when somebody asks for it. failed: the codes are a definite failure."""

    candidate: Candidate
    seq: int
    opens: bool
    until: datetime | None
    codes: Codes
    failed: bool = False


Plan = Try | CancelFirst | NothingToCharge | Wait

NO_CALL = Request("post", "", "{}")
"""Stored where nothing was sent."""

RETURNED: Final = "payment_returned"  # our own code: the bank took a payment back
UNASKED: Final = frozenset({"returned", "canceled"})
"""After these ends a new intent is made only when somebody asks for it: the bank, or a person, had a reason."""


def plan(candidate: Candidate, now: datetime, environment: str, tries: int = 0, limits: CardLimits = LIMITS) -> Plan:
    """What to do about this invoice now. tries: of its card that are on their way and may be declined."""
    last = candidate.collection
    opens = last is None or not last.is_open
    seq = (last.seq + 1 if opens else last.seq) if last else 1
    if last and last.is_open and last.payment_intent_id and last.amount != candidate.remaining:
        cancel = canceling(candidate.invoice_id, seq, last.payment_intent_id, last.cancels_lost)
        return CancelFirst(candidate, seq, cancel)
    if opens and last and last.close_reason in UNASKED and not last.wished:
        return _waiting_after(last, candidate, seq)
    if candidate.method is None:
        attempt = _attempt(Operation.CHARGE, candidate, seq, opens, NO_CALL, "")
        return NothingToCharge(candidate, seq, opens, attempt, Codes(code=NO_PAYMENT_METHOD))
    if waits := _must_wait(candidate, candidate.method, now, tries, limits):
        until, codes = waits
        return Wait(candidate, seq, opens, until, codes)
    return Try(candidate, seq, opens, _trying(candidate, candidate.method, seq, opens, environment))


def plan_all(
    candidates: Sequence[Candidate], now: datetime, environment: str, limits: CardLimits = LIMITS
) -> list[Plan]:
    """The plan of every candidate. Tries planned before it count against its card's budget until they are known."""
    planned: list[Plan] = []
    tries: dict[str, int] = {}
    for candidate in candidates:
        card = candidate.method.fingerprint if candidate.method else ""
        made = plan(candidate, now, environment, tries.get(card, 0), limits)
        if card and isinstance(made, Try):
            tries[card] = tries.get(card, 0) + 1
        planned.append(made)
    return planned


def canceling(invoice: InvoiceId, seq: int, intent: PaymentIntentId, lost: int = 0) -> NewAttempt:
    """The attempt to cancel this intent after those that were lost; a cancel that was refused is not repeated by itself."""
    subject, number = collection_subject(invoice, seq), lost + 1
    key = key_of(Operation.CANCEL, subject, number)
    return NewAttempt(Operation.CANCEL, subject, number, key, cancel_intent(intent))


def codes_from(stored: Mapping[str, str]) -> Codes:
    """The codes as they were stored with a collection or an attempt; unknown words are dropped."""
    return Codes(**{name: str(stored[name]) for name in Codes.__slots__ if name in stored})


def _trying(candidate: Candidate, method: Method, seq: int, opens: bool, environment: str) -> NewAttempt:
    """A confirm where the open collection has an intent, else a charge."""
    intent = candidate.collection.payment_intent_id if candidate.collection and not opens else None
    if intent:
        request = confirm(intent, method.payment_method_id, method.type)
        return _attempt(Operation.CONFIRM, candidate, seq, opens, request, method.fingerprint)
    bill = Bill(
        candidate.invoice_id,
        seq,
        candidate.account_id,
        candidate.customer_id,
        candidate.number,
        candidate.remaining,
        environment,
    )
    request = charge(bill, method.payment_method_id, method.type)
    return _attempt(Operation.CHARGE, candidate, seq, opens, request, method.fingerprint)


def _waiting_after(last: Collection, candidate: Candidate, seq: int) -> Wait:
    """A new collection that waits to be asked for. What came back from the bank is a definite failure."""
    if last.close_reason == "returned":
        return Wait(candidate, seq, True, None, Codes(code=RETURNED), failed=True)
    return Wait(candidate, seq, True, None, last.last_codes, failed=last.last_failed_at is not None)


def _attempt(
    operation: Operation, candidate: Candidate, seq: int, opens: bool, request: Request, fingerprint: str
) -> NewAttempt:
    before = 0 if opens or candidate.collection is None else candidate.collection.attempts
    subject = collection_subject(candidate.invoice_id, seq)
    return NewAttempt(operation, subject, before + 1, key_of(operation, subject, before + 1), request, fingerprint)


def _must_wait(
    candidate: Candidate, method: Method, now: datetime, tries: int, limits: CardLimits
) -> tuple[datetime | None, Codes] | None:
    """Until when, and for which codes; None: no need to wait. Another card than the one declined starts afresh."""
    last = candidate.collection
    if last and last.is_open and last.last_failed_at and last.tried_fingerprint == method.fingerprint:
        if decline_class(last.last_codes, method.brand) is DeclineClass.HARD:
            return None, last.last_codes
        allowed_at = earliest_retry(last.last_codes, last.last_failed_at, method.brand)
        if allowed_at and allowed_at > now:
            return allowed_at, last.last_codes
    if not method.fingerprint:
        return None
    known = budget_left(method.brand, candidate.declined_at, now, limits)
    if not known.left:
        return known.free_at, Codes(code=BUDGET_SPENT)
    return (now, Codes(code=BUDGET_SPENT)) if tries >= known.left else None
