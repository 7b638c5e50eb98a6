"""Say, do, write, for one call that is no charge; and what became of calls whose outcome nobody knows."""

from collections.abc import Callable, Sequence
from typing import Final

from billing_pipeline.domain.attempts import (
    Attempt,
    NewAttempt,
    Operation,
    Outcome,
    ResolvedBy,
    Step,
    Verdict,
    absence_is_proven,
    key_of,
    next_check_at,
    next_step,
)
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.requests import Request
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.collection import AttemptStore, Settled
from billing_pipeline.flows.ports.sync import CallStore
from billing_pipeline.flows.send_attempts import KEY_REFUSED, Answer, answer_to

UNKNOWN_MAX: Final = 100  # asked one after the other at the beginning of a run: about half a minute


def call_stripe(
    store: CallStore, gateway: Gateway, clock: Clock, operation: Operation, subject: str, request: Request
) -> Answer | None:
    """What Stripe answered; None where another process has a call about the subject open, or one is still unknown.

    Raises Broken when Stripe refuses the key, and inside a transaction.
    """
    number = store.attempts_made(operation, subject) + 1
    attempt = open_attempt(store, gateway, clock, operation, subject, request, number)
    return send(store, gateway, clock, attempt, ResolvedBy.REPLY) if attempt else None


def call_once(
    store: CallStore, gateway: Gateway, clock: Clock, operation: Operation, subject: str, request: Request
) -> Answer | None:
    """The same for what is asked for once and never again: None also where it was asked before."""
    attempt = open_attempt(store, gateway, clock, operation, subject, request, 1)
    return send(store, gateway, clock, attempt, ResolvedBy.REPLY) if attempt else None


# long because each part of the call is named
def call_unless(
    store: CallStore, gateway: Gateway, clock: Clock, operation: Operation, subject: str, request: Request,
    done: Callable[[], bool],
) -> Answer | None:  # fmt: skip
    """The same, unless done says that it has happened; done is asked once nobody else can be at it any more."""
    number = store.attempts_made(operation, subject) + 1
    attempt = open_attempt(store, gateway, clock, operation, subject, request, number)
    if attempt is None:
        return None
    needless = True
    try:
        needless = done()
    finally:
        if needless:
            verdict = Verdict(Outcome.NOT_CREATED, None, ResolvedBy.LOOKUP, remedy="nothing was left to do")
            store.settle(attempt, Settled(verdict), clock.now())
    return None if needless else send(store, gateway, clock, attempt, ResolvedBy.REPLY)


# long because each part of the call is named
def open_attempt(
    store: CallStore, gateway: Gateway, clock: Clock, operation: Operation, subject: str, request: Request, number: int
) -> Attempt | None:
    """The attempt, written down and committed; None where one of that number was made, or another is open."""
    new = NewAttempt(operation, subject, number, key_of(operation, subject, number), request)
    with store.transaction():
        opened = store.open_attempts([new], gateway.api_version, clock.now())
    return opened[0] if opened else None


def send(store: AttemptStore, gateway: Gateway, clock: Clock, attempt: Attempt, by: ResolvedBy) -> Answer:
    """Send what the attempt says and write what came of it. Raises Broken when Stripe refuses the key."""
    answer = sent(store, gateway, clock, attempt, by)
    if answer.verdict.codes.code == KEY_REFUSED:
        raise Broken(answer.verdict.remedy)
    return answer


def sent(store: AttemptStore, gateway: Gateway, clock: Clock, attempt: Attempt, by: ResolvedBy) -> Answer:
    """What came of sending what the attempt says, written down."""
    answer = answer_to(gateway, attempt, by)
    unknown = answer.verdict.unknown_reason
    later = None
    if answer.verdict.outcome is None:
        step = Step.LOOK_UP if unknown == "server_error" else Step.RESEND
        later = next_check_at(attempt, step, clock.now())
    store.settle(attempt, Settled(answer.verdict, next_check_at=later), clock.now())
    return answer


def succeeded(answer: Answer | None) -> bool:
    """Whether Stripe did what was asked."""
    return answer is not None and answer.found is not None and answer.verdict.outcome is Outcome.SUCCEEDED


def refusal(answer: Answer | None) -> str:
    """Why Stripe did not do it, in words; empty when nobody knows, or somebody else is at it."""
    if answer is None or answer.verdict.outcome is not Outcome.REFUSED:
        return ""
    return answer.verdict.codes.message or answer.verdict.remedy


def settle_calls(store: CallStore, gateway: Gateway, clock: Clock, operations: Sequence[Operation]) -> int:
    """How many calls with an unknown outcome were settled.

    No reply: sent again under its key. A server error, or too old: given up once it cannot arrive any more. Nothing is lost:
    whoever made the call looks at the object first and asks for what is still missing.
    """
    with store.transaction():
        attempts = store.claim_unknown(operations, clock.now(), UNKNOWN_MAX)
    verdicts = [settle_call(store, gateway, clock, attempt) for attempt in attempts]
    if refused := next((one for one in verdicts if one.codes.code == KEY_REFUSED), None):
        raise Broken(refused.remedy)
    return sum(verdict.outcome is not None for verdict in verdicts)


def settle_call(store: AttemptStore, gateway: Gateway, clock: Clock, attempt: Attempt) -> Verdict:
    """What is known of the call after asking once, written down. It is not proven absent by looking: see settle_calls."""
    now = clock.now()
    if next_step(attempt, now) is Step.RESEND:
        return sent(store, gateway, clock, attempt, ResolvedBy.RESEND).verdict
    if not absence_is_proven(attempt, now):
        verdict = Verdict(None, attempt.unknown_reason, ResolvedBy.LOOKUP)
        store.settle(attempt, Settled(verdict, next_check_at=next_check_at(attempt, Step.LOOK_UP, now)), now)
        return verdict
    verdict = Verdict(Outcome.NOT_CREATED, None, ResolvedBy.LOOKUP, remedy="the object was looked at instead")
    store.settle(attempt, Settled(verdict), now)
    return verdict
