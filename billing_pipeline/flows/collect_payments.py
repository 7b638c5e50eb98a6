"""Charge every open invoice whose turn has come. Running it again, or in several processes, charges nobody twice."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeGuard, assert_never

from billing_pipeline.domain.attempts import Attempt, Outcome, Verdict
from billing_pipeline.domain.card_budget import LIMITS, CardLimits
from billing_pipeline.domain.collecting import CancelFirst, NothingToCharge, Plan, Try, Wait, canceling, plan_all
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.remedies import remedy
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.collection import FIRST_PLACE, CollectionStore, ListPlace, NewCollection, Settled
from billing_pipeline.flows.send_attempts import KEY_REFUSED, Answer, in_threads
from billing_pipeline.flows.try_intents import try_intent
from billing_pipeline.flows.zones import day_in

CHUNK: Final = 200  # claimed at a time: at 25 a second sent within 8 seconds, far within the lease
THREADS: Final = 16  # reach Stripe's default limit at any usual latency
THREADS_MAX: Final = 64  # more only wait for each other
CALLS_PER_THREAD: Final = 3  # a second, at a third of a second for a call and what is written around it
STALE_MAX: Final = 200  # intents canceled per run; the rest follows with the next


def threads_for(calls_per_second: int) -> int:
    """How many calls must be under way at a time to reach that limit."""
    return min(THREADS_MAX, max(THREADS, -(-calls_per_second // CALLS_PER_THREAD)))


@dataclass(frozen=True, slots=True)
class Collected:
    """What a run did, in attempts; amount_by_currency: succeeded, minor units. postponed: not tried, by the rules."""

    submitted: int = 0
    succeeded: int = 0
    declined: int = 0
    processing: int = 0
    requires_action: int = 0
    refused: int = 0
    canceled: int = 0
    postponed: int = 0
    unknown: int = 0
    amount_by_currency: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Tally:
    """Counts of one run as they come in. broken: why Stripe will not do anything for us at all."""

    outcomes: Counter[str] = field(default_factory=Counter)
    money: Counter[str] = field(default_factory=Counter)
    broken: Broken | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """What one run works with."""

    store: CollectionStore
    gateway: Gateway
    clock: Clock
    zone: str
    environment: str
    limits: CardLimits
    tally: Tally = field(default_factory=Tally)


# long because each option is one word of the command line
def collect_payments(
    store: CollectionStore,
    gateway: Gateway,
    clock: Clock,
    *,
    limit: int | None = None,
    threads: int = THREADS,
    zone: str = "UTC",
    environment: str = "billing",
    limits: CardLimits = LIMITS,
    progress: Callable[[int], None] = lambda answered: None,
) -> Collected:
    """Say, do, write, for every invoice whose turn has come. Touches neither invoices nor the journal: the inbox does.

    limit: invoices at most. zone: its calendar says what is due today. environment: put into each intent's metadata.
    limits: how often a card may be declined. progress: told how many were answered so far.
    Raises Broken, after everything is written down, when Stripe refuses the key.
    """
    run = Run(store, gateway, clock, zone, environment, limits)
    answers = in_threads(_said(run, limit), lambda attempt: try_intent(store, gateway, clock, attempt), threads)
    for answered, answer in enumerate(answers, start=1):
        _count(run.tally, answer)
        progress(answered)
    if run.tally.broken:
        raise run.tally.broken
    return _collected(run.tally)


def _said(run: Run, limit: int | None) -> Iterator[Attempt]:
    """Attempts that are committed and may be sent, chunk by chunk. Stops when Stripe refuses the key."""
    yield from _cancel_stale(run)
    place, left = FIRST_PLACE, limit
    while not run.tally.broken and (left is None or left > 0):
        attempts, place, seen = _say(run, place, CHUNK if left is None else min(CHUNK, left))
        yield from attempts
        left = None if left is None else left - seen
        if not seen:
            return


def _cancel_stale(run: Run) -> list[Attempt]:
    """Attempts to cancel the intents that nobody should be able to pay any more."""
    with run.store.transaction():
        stale = run.store.stale_intents(STALE_MAX)
        new = [canceling(one.invoice_id, one.seq, one.payment_intent_id, one.cancels_lost) for one in stale]
        return run.store.open_attempts(new, run.gateway.api_version, run.clock.now())


def _say(run: Run, place: ListPlace, size: int) -> tuple[list[Attempt], ListPlace, int]:
    """Claim a chunk, decide, commit every attempt: the attempts to send, the next place, how many were looked at.

    Attempts are written before their collections, the order in which outcomes are written: no two processes deadlock.
    """
    now = run.clock.now()
    with run.store.transaction():
        candidates, after = run.store.claim_candidates(now, day_in(now, run.zone), place, size)
        plans = plan_all(candidates, now, run.environment, run.limits)
        wanted = [plan.attempt for plan in plans if not isinstance(plan, Wait)]
        attempts = {one.subject: one for one in run.store.open_attempts(wanted, run.gateway.api_version, now)}
        mine = [plan for plan in plans if isinstance(plan, Wait) or plan.attempt.subject in attempts]
        opened = run.store.open_collections([new for plan in mine if (new := _collection_of(plan))], now)
        lost = [attempts.pop(plan.attempt.subject) for plan in mine if _lost(plan, opened)]
        run.store.withdraw_attempts([attempt.attempt_id for attempt in lost])
        for plan in plans:
            _write_without_call(run, plan, attempts)
    return [attempt for attempt in attempts.values() if attempt.request.path], after, len(candidates)


def _collection_of(plan: Plan) -> NewCollection | None:
    """The collection that the plan opens or takes up again."""
    invoice, amount = plan.candidate.invoice_id, plan.candidate.remaining
    match plan:
        case Try():
            return NewCollection(invoice, plan.seq, amount)
        case NothingToCharge():
            return NewCollection(invoice, plan.seq, amount, failed_codes=plan.codes)
        case Wait():
            failed = plan.codes if plan.failed else None
            return NewCollection(invoice, plan.seq, amount, failed, plan.until) if plan.opens else None
        case CancelFirst():
            return None
        case _:
            assert_never(plan)


def _lost(plan: Plan, opened: set[tuple[InvoiceId, int]]) -> TypeGuard[Try | NothingToCharge]:
    """Whether the plan's collection was closed by somebody else just now, so that its attempt must not be sent."""
    return isinstance(plan, Try | NothingToCharge) and (plan.candidate.invoice_id, plan.seq) not in opened


def _write_without_call(run: Run, plan: Plan, attempts: dict[str, Attempt]) -> None:
    """Settle at once what needs no call: nothing to charge, and what has to wait."""
    if isinstance(plan, Wait):
        run.tally.outcomes["postponed"] += 1
        if not plan.opens:
            run.store.postpone(plan.candidate.invoice_id, plan.seq, plan.until)
    elif isinstance(plan, NothingToCharge) and (attempt := attempts.get(plan.attempt.subject)):
        verdict = Verdict(Outcome.REFUSED, codes=plan.codes, remedy=remedy(plan.codes))
        run.store.settle(attempt, Settled(verdict), run.clock.now())
        run.tally.outcomes[Outcome.REFUSED] += 1


def _count(tally: Tally, answer: Answer) -> None:
    outcome, found = answer.verdict.outcome, answer.found
    tally.outcomes["submitted"] += 1
    tally.outcomes[outcome or "unknown"] += 1
    if outcome is Outcome.SUCCEEDED and found:
        tally.money[found["currency"]] += found["amount_received"]
    if answer.verdict.codes.code == KEY_REFUSED:
        tally.broken = Broken(answer.verdict.remedy)


def _collected(tally: Tally) -> Collected:
    counts = {name: tally.outcomes[name] for name in Collected.__slots__ if name != "amount_by_currency"}
    return Collected(**counts, amount_by_currency=dict(sorted(tally.money.items())))
