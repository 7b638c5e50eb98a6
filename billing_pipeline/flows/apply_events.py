"""Apply the inbox: every fact to the state and the books, once. In any order and with repeats it ends in the same state."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from billing_pipeline.domain.errors import TryLater
from billing_pipeline.domain.events import Topic
from billing_pipeline.flows.appliers.dispatch import Ready
from billing_pipeline.flows.appliers.settle import Decided, Plan, Unread, plan, settle
from billing_pipeline.flows.book_balance import book_balance
from billing_pipeline.flows.books import Errand, dead, ignored
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.event_rows import Told
from billing_pipeline.flows.ports.inbox import EventStore, Verdict
from billing_pipeline.flows.read_objects import Answers, Wanted, read_objects

BATCH_MAX: Final = 500  # facts per transaction: about 150 ms, so that no invoice stays locked for longer
LIMIT: Final = 100_000  # facts per call; more means that we were away for long: the next call goes on


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of facts. refetched: objects read anew from Stripe. postponed: left for later, Stripe could not be asked.

    errands: what they ask to be done in Stripe; run_errands does it, the schedules would do it later.
    """

    applied: int = 0
    ignored: int = 0
    dead: int = 0
    refetched: int = 0
    postponed: int = 0
    by_type: dict[str, int] = field(default_factory=dict)
    errands: tuple[Errand, ...] = ()


@dataclass(slots=True)
class Tally:
    """Counts of one call as they come in."""

    states: Counter[str] = field(default_factory=Counter)
    types: Counter[str] = field(default_factory=Counter)
    refetched: int = 0
    postponed: int = 0
    woken: int = 0
    money_moved: bool = False
    errands: dict[Errand, None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What one call works with."""

    store: EventStore
    gateway: Gateway
    clock: Clock
    tally: Tally = field(default_factory=Tally)


def apply_events(
    store: EventStore,
    gateway: Gateway,
    clock: Clock,
    *,
    limit: int = LIMIT,
    progress: Callable[[int], None] = lambda done: None,
) -> Applied:
    """Apply up to limit waiting facts, each once, however many processes do this at a time.

    Final facts are applied as they were told; for everything else the object is read anew, once per object and batch, outside
    of any transaction. A fact that cannot be applied is dead, with its reason, and stops no other. Raises TryLater when the
    database is away; what was applied until then stays applied.
    """
    run = Run(store, gateway, clock)
    tally = run.tally
    seen = _apply_waiting(run, 0, limit, progress)
    if tally.woken:
        _apply_waiting(run, seen, limit, progress)
    if tally.money_moved:
        book_balance(store, clock)
    states = tally.states
    return Applied(
        states["applied"], states["ignored"], states["dead"], tally.refetched, tally.postponed, dict(tally.types),
        tuple(tally.errands),
    )  # fmt: skip


def _apply_waiting(run: Run, seen: int, limit: int, progress: Callable[[int], None]) -> int:
    """Apply what waits, oldest first, up to limit; how many facts were seen by then."""
    after = 0
    while seen < limit and (batch := _apply_batch(run, after, min(BATCH_MAX, limit - seen))):
        after, seen = batch[-1].inbox_id, seen + len(batch)
        progress(seen)
    return seen


def _apply_batch(run: Run, after: int, size: int) -> list[Told]:
    """The next facts, of which the final ones are applied in one transaction, then the others with their objects read anew.

    When the database refuses the batch for one fact's sake, each fact gets a transaction of its own.
    """
    try:
        with run.store.transaction():
            batch, plans = _next(run, after, size)
            _settle(run, plans)
    except TryLater:
        raise
    except Exception:
        with run.store.transaction():
            batch, plans = _next(run, after, size)
        _settle_each(run, plans)
    if unread := [one for one in plans if isinstance(one, Unread)]:
        _apply_unread(run, unread)
    return batch


def _next(run: Run, after: int, size: int) -> tuple[list[Told], list[Plan]]:
    """The next facts and what to do with each. A balance transaction that is stored already is not read again."""
    batch = run.store.waiting(after, size)
    plans = [plan(told, run.gateway.api_version) for told in batch]
    named = {one.wanted.object_id for one in plans if is_transaction(one)}
    missing = set(run.store.missing_transactions(sorted(named)))
    return batch, [
        Decided(one.told, ignored("told before"))
        if is_transaction(one) and one.wanted.object_id not in missing
        else one
        for one in plans
    ]


def is_transaction(one: Plan) -> TypeGuard[Unread]:
    """Whether it wants a balance transaction."""
    return isinstance(one, Unread) and one.wanted.about is Topic.BALANCE_TRANSACTION


def _settle(run: Run, plans: Sequence[Plan]) -> None:
    """Apply what needs no reading, within the open transaction."""
    ready = [one for one in plans if not isinstance(one, Unread)]
    if ready:
        settled = settle(run.store, run.clock, ready)
        run.tally.woken += settled.woken
        run.tally.money_moved |= settled.money_moved
        run.tally.errands.update(dict.fromkeys(settled.errands))
        _count(run.tally, ready, settled.verdicts)


def _settle_each(run: Run, plans: Sequence[Plan]) -> None:
    """Apply each by itself; one that the database refuses is dead, with the reason."""
    for one in plans:
        try:
            _settle_locked(run, [one])
        except TryLater:
            raise
        except Exception as error:  # whatever it is, the others must go on; replay it when it is mended
            _settle_locked(run, [Decided(one.told, dead(f"{type(error).__name__}: {error}"))])


def _settle_locked(run: Run, plans: Sequence[Plan]) -> None:
    """Apply those that nobody else has applied meanwhile, in one transaction."""
    with run.store.transaction():
        still_new = run.store.lock([one.told.inbox_id for one in plans])
        _settle(run, [one for one in plans if one.told.inbox_id in still_new])


def _apply_unread(run: Run, unread: Sequence[Unread]) -> None:
    """Claim the facts, read their objects, apply them. While the network is waited for, nothing is locked but the claim."""
    wanted = {one.told.inbox_id: one.wanted for one in unread}
    held = run.store.claim(list(wanted))
    answers = read_objects(run.gateway, {wanted[told.inbox_id]: told.occurred_at for told in held})
    run.tally.refetched += len(answers)
    ready = [_answered(told, wanted[told.inbox_id], answers) for told in held if wanted[told.inbox_id] in answers]
    if late := [told.inbox_id for told in held if wanted[told.inbox_id] not in answers]:
        run.tally.postponed += len(late)
        run.store.release(late)
    try:
        _settle_locked(run, ready)
    except TryLater:
        raise
    except Exception:
        _settle_each(run, ready)


def _answered(told: Told, wanted: Wanted, answers: Answers) -> Ready | Decided:
    """The fact with its object as it is now; one whose object Stripe does not have is dead, unless it was a mere draft."""
    current = answers[wanted]
    if current is None and told.payload.get("status") == "draft":
        return Decided(told, ignored("a draft that was deleted: it never asked for money"))
    if current is None:
        return Decided(told, dead(f"Stripe has no {wanted.about} {wanted.object_id}"))
    return Ready(told, wanted.about, current)


def _count(tally: Tally, plans: Sequence[Plan], verdicts: Sequence[Verdict]) -> None:
    for one, verdict in zip(plans, verdicts, strict=True):
        tally.states[verdict.state] += 1
        tally.types[one.told.type] += verdict.state == "applied"
