"""Find out what became of attempts whose outcome nobody knows: ask, or send again what was sent; never a new charge."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import loads
from typing import Final

from billing_pipeline.domain.attempts import (
    LOOK_UP_AFTER,
    Attempt,
    Operation,
    Outcome,
    ResolvedBy,
    Step,
    UnknownReason,
    Verdict,
    absence_is_proven,
    next_check_at,
    next_step,
)  # fmt: skip
from billing_pipeline.domain.events import id_of
from billing_pipeline.domain.requests import WITH_FEE
from billing_pipeline.flows.call_stripe import settle_call
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.collection import CollectionStore, Settled
from billing_pipeline.flows.send_attempts import NOT_NOW, Answer, answer_to, in_threads, looked_up, settled_by
from billing_pipeline.flows.try_intents import intent_path

ATTEMPTS_MAX: Final = 10_000  # per run; more unknown at once means hours of outage: the next run goes on
CHUNK: Final = 100  # claimed at a time
THREADS: Final = 8  # after an outage all that is unknown is asked for within minutes
CUSTOMERS: Final = "/v1/customers"  # where a customer is made; anything below it changes one
TAX_IDS: Final = "/tax_ids"
CLOCK_SKEW: Final = timedelta(days=1)  # Stripe's clock may be behind ours; what is listed too much has other metadata

Finder = Callable[[Gateway, Attempt], Json | None]
"""Looks for what the attempt may have made; None where Stripe knows nothing of it."""


@dataclass(frozen=True, slots=True)
class SettledUnknowns:
    """What a run found out. not_created: proven never to have happened; still_unknown: asked for again later."""

    resent: int = 0
    looked_up: int = 0
    settled: int = 0
    not_created: int = 0
    still_unknown: int = 0


def settle_unknowns(
    store: CollectionStore, gateway: Gateway, clock: Clock, *, limit: int = ATTEMPTS_MAX, threads: int = THREADS
) -> SettledUnknowns:
    """Ask for every attempt that is due to be asked for, each once.

    No reply and younger than 20 hours: the stored request again, under its key. After a 5xx, or when older: looked up.
    """
    counts: Counter[str] = Counter()
    for words in in_threads(
        _due(store, clock, limit), lambda attempt: _settle(store, gateway, clock, attempt), threads
    ):
        counts.update(words)
    return SettledUnknowns(**counts)


def _due(store: CollectionStore, clock: Clock, limit: int) -> Iterator[Attempt]:
    """Attempts to ask for, claimed chunk by chunk. One that stays unknown is not due again before a minute has passed."""
    left = limit
    while left > 0:
        with store.transaction():
            attempts = store.claim_unknown(tuple(Operation), clock.now(), min(CHUNK, left))
        yield from attempts
        left -= len(attempts)
        if not attempts:
            return


def _settle(store: CollectionStore, gateway: Gateway, clock: Clock, attempt: Attempt) -> tuple[str, str]:
    """Ask once and write what is known: what was done, and what came of it."""
    step = next_step(attempt, clock.now())
    done = "resent" if step is Step.RESEND else "looked_up"
    if attempt.operation in CALLS:
        return done, _ending(settle_call(store, gateway, clock, attempt))
    answer = _resend(gateway, attempt) if step is Step.RESEND else _look_up(gateway, attempt, clock.now())
    settled = _settled(attempt, step, answer, clock.now(), gateway.api_version)
    store.settle(attempt, settled, clock.now())
    return done, _ending(settled.verdict)


def find_intent(gateway: Gateway, attempt: Attempt) -> Json | None:
    """The intent that a charge may have made: by customer and time, known by our metadata."""
    asked = loads(attempt.request.params_json)
    mine = asked["metadata"]
    since = int((attempt.started_at - CLOCK_SKEW).timestamp())
    filters = {"customer": asked["customer"], "created": {"gte": since}, "expand": [f"data.{WITH_FEE[0]}"]}
    for page in gateway.pages("/v1/payment_intents", filters):
        for intent in page.objects:
            told = intent.get("metadata") or {}
            if (told.get("invoice_id"), told.get("seq")) == (mine["invoice_id"], mine["seq"]):
                return intent
    return None


def read_intent(gateway: Gateway, attempt: Attempt) -> Json | None:
    """The intent of a confirm or cancel, as it is now."""
    return gateway.read(intent_path(attempt), {"expand": WITH_FEE})


def find_refund(gateway: Gateway, attempt: Attempt) -> Json | None:
    """The refund that carries our request's id."""
    asked = loads(attempt.request.params_json)
    for page in gateway.pages("/v1/refunds", {"charge": asked["charge"]}):
        for refund in page.objects:
            if (refund.get("metadata") or {}).get("refund_request_id") == asked["metadata"]["refund_request_id"]:
                return refund
    return None


def find_customer(gateway: Gateway, attempt: Attempt) -> Json | None:
    """The customer that carries the account's id, or the one that was to be changed."""
    asked = loads(attempt.request.params_json)
    if attempt.request.path.endswith(TAX_IDS):
        listed = [one for page in gateway.pages(attempt.request.path) for one in page.objects]
        return next((one for one in listed if shows(one, asked)), None)
    if attempt.request.path != CUSTOMERS:
        return gateway.read(attempt.request.path)
    for page in gateway.pages(CUSTOMERS, {"email": asked["email"]}):
        for customer in page.objects:
            if (customer.get("metadata") or {}).get("account_id") == asked["metadata"]["account_id"]:
                return customer
    return None


def find_nothing(gateway: Gateway, attempt: Attempt) -> Json | None:
    """A SetupIntent is not looked for: one too many costs nothing and holds nothing."""
    return None


FINDERS: Final[Mapping[Operation, Finder]] = {
    Operation.CHARGE: find_intent,
    Operation.CONFIRM: read_intent,
    Operation.CANCEL: read_intent,
    Operation.REFUND: find_refund,
    Operation.CUSTOMER: find_customer,
    Operation.SETUP: find_nothing,
}

CALLS: Final = frozenset({Operation.MIRROR, Operation.UNHOLD, Operation.CATALOG})
"""Calls that move no money: nothing is looked for, since the flow that makes them looks at the object before the next."""


def _resend(gateway: Gateway, attempt: Attempt) -> Answer:
    return answer_to(gateway, attempt, ResolvedBy.RESEND)


def _look_up(gateway: Gateway, attempt: Attempt, now: datetime) -> Answer:
    """What Stripe shows of the attempt; not_created once its absence is proven, else still unknown."""
    try:
        found = FINDERS[attempt.operation](gateway, attempt)
    except NOT_NOW:
        return Answer(_still(attempt))
    if found is not None and _was_done(attempt, found):
        return looked_up(found)
    if not absence_is_proven(attempt, now):
        return Answer(_still(attempt), found)
    return Answer(Verdict(Outcome.NOT_CREATED, None, ResolvedBy.LOOKUP, id_of(found)), found)


def _was_done(attempt: Attempt, found: Json) -> bool:
    """Whether the object shows this very attempt: for an intent, a charge that was not there before it, or an end."""
    match attempt.operation:
        case Operation.CHARGE | Operation.CONFIRM:
            if attempt.operation is Operation.CHARGE and not loads(attempt.request.params_json).get("confirm"):
                return True  # made for the payment page: to exist is all it was to do
            moved = found["status"] not in ("requires_payment_method", "requires_confirmation")
            return moved or id_of(found.get("latest_charge")) not in ("", attempt.prior_charge_id)
        case Operation.CANCEL:
            return bool(found["status"] in ("canceled", "succeeded"))
        case Operation.CUSTOMER if attempt.request.path != CUSTOMERS:
            return shows(found, loads(attempt.request.params_json))
        case _:
            return True


def shows(found: object, asked: object) -> bool:
    """Whether the object is as it was asked to be, in everything that was asked; '' asks for nothing to be there."""
    if isinstance(asked, Mapping):
        return isinstance(found, Mapping) and all(shows(found.get(name), value) for name, value in asked.items())
    return found == asked or (asked == "" and not found)


def _settled(attempt: Attempt, step: Step, answer: Answer, now: datetime, api_version: str) -> Settled:
    """What is to be written: the outcome, or when to ask again. What never happened is collected anew at once."""
    made = settled_by(attempt, answer, now, api_version)
    if answer.verdict.outcome is None:
        if step is Step.RESEND and answer.verdict.unknown_reason is UnknownReason.SERVER_ERROR:
            return Settled(answer.verdict, next_check_at=now + LOOK_UP_AFTER[-1])  # lists may lag behind this very call
        return Settled(answer.verdict, next_check_at=next_check_at(attempt, step, now))
    if answer.verdict.outcome is Outcome.NOT_CREATED:
        return Settled(answer.verdict, intent_id=made.intent_id, retry_at=now)
    return made


def _still(attempt: Attempt) -> Verdict:
    return Verdict(None, attempt.unknown_reason or UnknownReason.NO_REPLY, ResolvedBy.LOOKUP)


def _ending(verdict: Verdict) -> str:
    if verdict.outcome is None:
        return "still_unknown"
    return "not_created" if verdict.outcome is Outcome.NOT_CREATED else "settled"
