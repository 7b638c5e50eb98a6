"""Dunning decisions: for every overdue invoice the steps to take now, or the reason why not. Pure: facts in, rows out.

An invoice is judged as a whole first (gate, divergence, payment under way, holds), then its next retry and its next
consequence each on their own.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from billing_pipeline.domain.card_budget import budget_left
from billing_pipeline.domain.dunning_cases import Card, Held, Hold, LateInvoice, PlannedStep, Why
from billing_pipeline.domain.dunning_policy import Action, Ladder, Policy, Step, segment_of, step_day
from billing_pipeline.domain.dunning_timing import awake, local_day, local_moment, payday_near
from billing_pipeline.domain.retry_rules import DeclineClass, decline_class, retry_after

RETRY_FIRST_DAYS_MAX: Final = 2  # so long a consequence waits for a retry that is due or under way
UNDER_WAY: Final = frozenset({"processing", "succeeded", "requires_capture"})  # intents that may already have paid
NEEDS_THE_CUSTOMER: Final = frozenset({DeclineClass.HARD, DeclineClass.CUSTOMER_FIX, DeclineClass.AUTHENTICATION})
CONSEQUENCES: Final = frozenset({Action.MAIL, Action.SUSPEND, Action.CANCEL, Action.WRITE_OFF})
NO_FUNDS: Final = "insufficient_funds"
BUDGET_DAYS: Final = 30
ASKS_BEFORE_EVERY_DEBIT: Final = frozenset(
    {"IN"}
)  # India wants notice a day before; Stripe's own retries leave them out too


@dataclass(frozen=True, slots=True)
class Climb:
    """One invoice on its ladder at one moment."""

    late: LateInvoice
    policy: Policy
    segment: str
    ladder: Ladder
    at: datetime


def planned_steps(late: LateInvoice, policy: Policy, at: datetime, block: Why | None = None) -> tuple[PlannedStep, ...]:
    """What is done about the invoice at that moment; at least one row: a step, or why there is none.

    block: what the gate says about all invoices or reconciliation about this one.
    """
    segment = segment_of(policy, late.kind, late.plan, late.country, late.owed)
    climb = Climb(late, policy, segment.name, policy.ladders[segment.ladder], at)
    if why := block or hold_of(late, at):
        return (_row(climb, _next(climb.ladder.consequences, late), at, why),)
    retry = _retry_row(climb)
    return tuple(row for row in (retry, _consequence_row(climb, retry)) if row)


def hold_of(late: LateInvoice, at: datetime) -> Why | None:
    """Why nothing at all may happen to the invoice now, or None."""
    if late.unapproved_backlog:
        return Why(
            Held.BACKLOG_NOT_APPROVED, "issued before we collected: approve it with `billing-pipeline backlog approve`"
        )
    if late.disputed:
        return Why(Held.DISPUTED, "the customer disputes a payment of it")
    if late.intent_status in UNDER_WAY:
        return Why(Held.PAYMENT_UNDER_WAY, f"its payment intent is {late.intent_status}")
    if late.open_attempt:
        return Why(Held.OPEN_ATTEMPT, "an attempt is still running or its outcome is not known yet")
    for hold in late.holds:
        if why := _hand_hold(hold, local_day(at, late.zone)):
            return why
    if not late.has_failed:
        return Why(Held.NO_DEFINITE_FAILURE, "nobody tried to collect it and failed: it must not be dunned for that")
    return None


def _hand_hold(hold: Hold, today: date) -> Why | None:
    """A promise holds through its day, a pause until its day or without end; a skip concerns one step only."""
    if hold.kind == "skip" or _over(hold, today):
        return None
    until = f" until {hold.until}" if hold.until else ""
    kind = Held.PROMISED if hold.kind == "promise" else Held.HELD_BY_HAND
    return Why(kind, f"{hold.kind}{until}, by {hold.who}: {hold.why}")


def _over(hold: Hold, today: date) -> bool:
    return hold.until is not None and hold.until < today


def _next(steps: tuple[Step, ...], late: LateInvoice) -> Step | None:
    """The first step not taken yet. A message below the rung reached, put there by a newer policy, comes too late."""
    is_taken = [late.key(step.name) in late.taken for step in steps]
    reached = max((index for index, one in enumerate(is_taken) if one), default=-1)
    return next(
        (
            step
            for index, step in enumerate(steps)
            if not is_taken[index] and (step.action is not Action.MAIL or index > reached)
        ),
        None,
    )


def _row(climb: Climb, step: Step | None, at: datetime, why: Why | None = None) -> PlannedStep:
    late = climb.late
    return PlannedStep(
        invoice=late.invoice,
        account=late.account,
        segment=climb.segment,
        step=late.key(step.name) if step else "",
        action=step.action if step else None,
        template=step.template if step else "",
        due_on=local_day(at, late.zone),
        at=at,
        amount=late.owed,
        held=why.held if why else None,
        detail=why.detail if why else "",
    )


def _timed(climb: Climb, step: Step, moment: datetime) -> PlannedStep:
    """The step's row: taken when its moment has come and the customer is awake."""
    timing, late = climb.policy.timing, climb.late
    due = awake(moment, late.zone, timing)
    if due > climb.at:
        return _row(climb, step, due, Why(Held.NOT_DUE_YET, f"{step.name} is due {_shown(due, late)}"))
    morning = awake(climb.at, late.zone, timing)
    if morning > climb.at:
        return _row(climb, step, morning, Why(Held.QUIET_HOURS, f"{step.name} waits until {_shown(morning, late)}"))
    return replace(_row(climb, step, due), late_days=(climb.at - due).days)


def _shown(at: datetime, late: LateInvoice) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC ({late.zone})"


def _retry_day(climb: Climb, step: Step) -> date:
    steps, late = climb.ladder.retries, climb.late
    index = steps.index(step)
    before = late.taken.get(late.key(steps[index - 1].name)) if index else None
    return _spaced(climb, steps, index, before.at if before else None)


def _consequence_day(climb: Climb, step: Step) -> date:
    """Its day, counted from the last consequence whatever its name: a policy may have changed since that announced days."""
    steps = climb.ladder.consequences
    before = [one.at for one in climb.late.taken.values() if one.action in CONSEQUENCES]
    return _spaced(climb, steps, steps.index(step), max(before, default=None))


def _spaced(climb: Climb, steps: tuple[Step, ...], index: int, before: datetime | None) -> date:
    taken_on = local_day(before, climb.late.zone) if before else None
    return step_day(climb.ladder, steps, index, climb.late.late_since, taken_on)


def _retry_row(climb: Climb) -> PlannedStep | None:
    """The next retry, or None where the ladder has none left or the invoice is not charged by card."""
    late, retries = climb.late, climb.ladder.retries
    if not retries or late.collection_method == "net_terms":
        return None
    step = _new_card_step(late) or _next(retries, late)
    if step is None:
        return None
    if why := _no_retry(climb, step):
        return _row(climb, step, climb.at, why)
    return _timed(climb, step, _retry_moment(climb, step))


def _new_card_step(late: LateInvoice) -> Step | None:
    """A retry for another card than failed, or the same one entered anew; once per entry."""
    card = late.card
    if card is None or late.last_failed_at is None:
        return None
    another = bool(late.tried_fingerprint) and card.fingerprint != late.tried_fingerprint
    put_right = decline_class(late.codes) is DeclineClass.CUSTOMER_FIX and card.attached_at > late.last_failed_at
    step = Step(f"new-card-{card.payment_method_id}", 0, Action.RETRY)
    return step if (another or put_right) and late.key(step.name) not in late.taken else None


def _no_retry(climb: Climb, step: Step) -> Why | None:
    late, caps = climb.late, climb.policy.caps
    if late.charger == "stripe":
        return Why(Held.STRIPE_RETRIES, "Stripe charges this subscription and alone retries it")
    if late.card is None:
        return Why(Held.NEW_CARD_NEEDED, "no payment method to try")
    if late.card.country in ASKS_BEFORE_EVERY_DEBIT:
        return Why(
            Held.NEW_CARD_NEEDED, f"cards issued in {late.card.country} are not retried; the customer pays by the link"
        )
    if late.retry_pending and late.retry_at:
        return Why(Held.RETRY_PENDING, f"asked for at {late.retry_at:%Y-%m-%d %H:%M} UTC")
    kind = decline_class(late.codes, late.card.brand)
    if step.day and kind in NEEDS_THE_CUSTOMER:
        return Why(Held.NEW_CARD_NEEDED, f"{kind}: {late.codes.decline or late.codes.code}; the customer must act")
    if _retries_taken(late) >= caps.retries_per_invoice_max:
        return Why(Held.BUDGET_SPENT, f"{caps.retries_per_invoice_max} retries of this invoice")
    return _budget(late.card, climb.policy, climb.at)


def _budget(card: Card, policy: Policy, at: datetime) -> Why | None:
    """The card's tries over all invoices: ours first, then the network's. Every try counts, as if it were declined."""
    recent = [attempt for attempt in card.attempts if attempt > at - timedelta(days=BUDGET_DAYS)]
    if len(recent) >= policy.caps.attempts_per_card_30_days_max:
        return Why(Held.BUDGET_SPENT, f"{len(recent)} attempts on this card in {BUDGET_DAYS} days")
    network = budget_left(card.brand, card.attempts, at, policy.card_limits)
    return None if network.left else Why(Held.BUDGET_SPENT, f"{network.used} attempts: the card network allows no more")


def _retries_taken(late: LateInvoice) -> int:
    return sum(1 for taken in late.taken.values() if taken.action == Action.RETRY)


def _retry_moment(climb: Climb, step: Step) -> datetime:
    """When the retry has its best chance: a local morning, near a payday for an empty account, never too soon."""
    late, timing = climb.late, climb.policy.timing
    if not step.day:
        return climb.at
    day = _retry_day(climb, step)
    if late.codes.decline == NO_FUNDS:
        day = payday_near(day, timing)
    moments = [local_moment(day, timing.morning, late.zone)]
    if late.last_failed_at:
        moments.append(late.last_failed_at + retry_after(late.codes))
    return max(moments)


def _consequence_row(climb: Climb, retry: PlannedStep | None) -> PlannedStep:
    late, steps = climb.late, climb.ladder.consequences
    step = _next(steps, late)
    if step is None:
        return _row(climb, None, climb.at, Why(Held.LADDER_DONE, "every step was taken"))
    morning = local_moment(_consequence_day(climb, step), climb.policy.timing.morning, late.zone)
    row = _timed(climb, step, morning)
    if row.held:
        return row
    today = local_day(climb.at, late.zone)
    if skip := next((hold for hold in late.holds if hold.kind == "skip" and not _over(hold, today)), None):
        return replace(row, skipped_by=skip)
    if why := _not_now(climb, row, retry):
        return _row(climb, step, climb.at, why)
    return row


def _not_now(climb: Climb, row: PlannedStep, retry: PlannedStep | None) -> Why | None:
    """A retry that may settle the matter goes first; and nobody is mailed too often."""
    retries_now = retry is not None and retry.held in (None, Held.RETRY_PENDING)
    if retries_now and row.late_days < RETRY_FIRST_DAYS_MAX:
        return Why(Held.RETRY_FIRST, f"{row.step} waits for the retry")
    notices_max = climb.policy.caps.notices_per_customer_7_days_max
    if row.action is Action.MAIL and climb.late.notices_7_days >= notices_max:
        return Why(Held.NOTICES_SPENT, f"{notices_max} notices to this customer in 7 days")
    return None
