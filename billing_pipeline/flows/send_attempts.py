"""Send what an attempt says and put the answer into words: the middle of say, do, write."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, TypeVar

from billing_pipeline.domain.attempts import (
    Attempt,
    Outcome,
    ResolvedBy,
    Step,
    UnknownReason,
    Verdict,
    intent_outcome,
    next_check_at,
)  # fmt: skip
from billing_pipeline.domain.errors import Codes, Declined, Refused, TryLater, Unknown
from billing_pipeline.domain.events import id_of
from billing_pipeline.domain.ids import PaymentIntentId
from billing_pipeline.domain.remedies import remedy
from billing_pipeline.domain.stripe_money import parse_codes
from billing_pipeline.flows.facts import moment_of, reply_fact
from billing_pipeline.flows.ports import Gateway, Json
from billing_pipeline.flows.ports.collection import Settled

QUEUED_PER_THREAD: Final = 2  # enough that no thread waits for work, few enough that memory stays flat
NOT_NOW: Final = (Declined, Refused, TryLater, Unknown)
"""What Stripe can answer instead of an object; anything else is a bug and is not caught."""

KEY_REFUSED: Final = "authentication"
OPERATOR_CODES: Final = frozenset({KEY_REFUSED, "permission_denied"})
OPERATOR_PAUSE: Final = timedelta(hours=1)  # a refused key is nobody's decline: it is tried again once mended

Job = TypeVar("Job")
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of sending an attempt, or of looking for its traces. found: the object that Stripe showed, if any."""

    verdict: Verdict
    found: Json | None = None


def answer_to(gateway: Gateway, attempt: Attempt, by: ResolvedBy = ResolvedBy.REPLY) -> Answer:
    """Send the attempt's frozen request; what Stripe said. Stripe's errors become values here, bugs stay exceptions."""
    try:
        reply = gateway.send(attempt.request, attempt.key)
    except Declined as declined:
        found = declined.intent if isinstance(declined.intent, dict) else None
        outcome = intent_outcome("requires_payment_method", declined.codes.decline or declined.codes.code)
        return Answer(Verdict(outcome, None, by, id_of(found), declined.codes, ""), found)
    except Refused as refused:
        return Answer(Verdict(Outcome.REFUSED, None, by, "", refused.codes, remedy(refused.codes)))
    except TryLater as later:
        return Answer(_unknown(UnknownReason.NO_REPLY, Codes(message=str(later))))
    except Unknown as unknown:
        reason = UnknownReason.SERVER_ERROR if unknown.replied else UnknownReason.NO_REPLY
        return Answer(_unknown(reason, Codes(message=str(unknown), request_id=unknown.request_id)))
    verdict = Verdict(outcome_of(reply.body), None, by, id_of(reply.body), Codes(request_id=reply.request_id))
    return Answer(verdict, reply.body)


def looked_up(found: Json) -> Answer:
    """What an object that was read says about the attempt that made or moved it."""
    error = found.get("last_payment_error")
    codes = parse_codes(error) if error else Codes()
    return Answer(Verdict(outcome_of(found), None, ResolvedBy.LOOKUP, id_of(found), codes), found)


def outcome_of(found: Json) -> Outcome:
    """What an object that Stripe showed says about the attempt that made or moved it."""
    status = str(found.get("status") or "")
    match found.get("object"):
        case "payment_intent":
            error = found.get("last_payment_error")
            if status == "requires_payment_method" and not error:
                return Outcome.REQUIRES_ACTION  # made for the payment page: it waits for its customer
            return intent_outcome(status, (error or {}).get("decline_code") or (error or {}).get("code") or "")
        case "refund":
            return {"pending": Outcome.PROCESSING, "requires_action": Outcome.PROCESSING}.get(status, Outcome.SUCCEEDED)
        case _:
            return Outcome.SUCCEEDED


def settled_by(attempt: Attempt, answer: Answer, now: datetime, api_version: str) -> Settled:
    """What is to be written about the attempt after this answer."""
    verdict, found = answer.verdict, answer.found
    if verdict.outcome is None:
        seen = replace(attempt, unknown_reason=verdict.unknown_reason)
        step = Step.LOOK_UP if verdict.unknown_reason is UnknownReason.SERVER_ERROR else Step.RESEND
        return Settled(verdict, next_check_at=next_check_at(seen, step, now))
    if found is None:
        mended = verdict.outcome is Outcome.REFUSED and verdict.codes.code in OPERATOR_CODES
        return Settled(verdict, retry_at=now + OPERATOR_PAUSE if mended else None)
    told_now = (
        verdict.outcome in (Outcome.DECLINED, Outcome.REQUIRES_ACTION) and verdict.resolved_by is ResolvedBy.REPLY
    )
    fact = reply_fact(
        attempt.attempt_id,
        found,
        now if told_now else moment_of(found),
        api_version=api_version,
        idempotency_key=attempt.key,
    )
    intent = PaymentIntentId(id_of(found)) if found.get("object") == "payment_intent" else None
    return Settled(verdict, intent_id=intent, fact=fact)


def in_threads(jobs: Iterable[Job], work: Callable[[Job], Done], threads: int) -> Iterator[Done]:
    """What work made of every job, as it is finished. Jobs are drawn only as fast as threads become free."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: set[Future[Done]] = set()
        for job in jobs:
            waiting.add(pool.submit(work, job))
            if len(waiting) >= threads * QUEUED_PER_THREAD:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (finished.result() for finished in done)
        for finished in waiting:
            yield finished.result()


def _unknown(reason: UnknownReason, codes: Codes) -> Verdict:
    return Verdict(None, reason, ResolvedBy.REPLY, "", codes, "")
