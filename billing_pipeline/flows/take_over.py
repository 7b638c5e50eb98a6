"""Hand a subscription over to Stripe's billing cycle, and back, at a boundary: planned, then switched. Never two chargers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.mirror import boundary_of
from billing_pipeline.domain.mirror_requests import EXPANDED, Seen, hold, seen, unhold
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.domain.takeover import DRAFTED_FOR, SWITCH_UNTIL, Cycle, Rehearsal, in_window
from billing_pipeline.flows.call_stripe import call_stripe, refusal, settle_calls
from billing_pipeline.flows.ports.sync import Candidate, MirrorCase, MirrorNote, Plan
from billing_pipeline.flows.rehearse import CYCLES, Desk, refuse_others, rehearse, rehearsed

TO_STRIPE, TO_ENGINE = "to_stripe", "to_engine"
UNSURE = "nobody knows yet whether Stripe released the mirror"


@dataclass(frozen=True, slots=True)
class Switched:
    """What a tick did, in plans. waiting: their window has not come. why: subscription -> reason of what did not happen."""

    done: int = 0
    waiting: int = 0
    postponed: int = 0
    rolled_back: int = 0
    why: dict[str, str] = field(default_factory=dict)


def plan_takeover(
    desk: Desk, by: str, *, segment: str | None = None, names: Sequence[SubscriptionId] = (), cycles: int = CYCLES
) -> list[Rehearsal]:
    """Rehearse, and plan for the next boundary whatever is ready; what is not is kept with its reasons."""
    found = rehearse(desk, segment=segment, names=names, cycles=cycles)
    for one in found:
        wish = Plan(0, SubscriptionId(one.subscription_id), TO_STRIPE, one.boundary, by)
        why = "; ".join(one.reasons)
        state = "planned" if one.ready else "refused"
        desk.store.plan(wish, state, {"cycles": [shown(cycle) for cycle in one.cycles]}, why, desk.clock.now())
    return found


def shown(cycle: Cycle) -> dict[str, Any]:
    """A cycle as JSON keeps it."""
    return asdict(cycle) | {"period_start": cycle.period_start.isoformat()}


@dataclass(frozen=True, slots=True)
class GivingBack:
    """What was asked for, in subscriptions. withdrawn: take-overs that were planned only; already: planned before."""

    planned: int = 0
    withdrawn: int = 0
    already: int = 0


def plan_give_back(
    desk: Desk, by: str, *, segment: str | None = None, names: Sequence[SubscriptionId] = ()
) -> GivingBack:
    """What Stripe charges comes back to the engine at the next boundary; what was only planned to go there stays here.

    Raises Broken on a name that is neither.
    """
    stripes = desk.store.candidates(Charger.STRIPE, segment, names)
    leaving = {one.subscription_id: one for one in desk.store.planned() if one.direction == TO_STRIPE}
    ours = [one.case.subscription_id for one in desk.store.candidates(Charger.ENGINE, segment, names)]
    staying = [leaving[name] for name in ours if name in leaving]
    known = [*(one.case.subscription_id for one in stripes), *(one.subscription_id for one in staying)]
    refuse_others(names, known, "that Stripe bills or is planned to bill")
    for plan in staying:
        desk.store.close_plan(plan.takeover_id, "rolled_back", f"withdrawn by {by}", desk.clock.now())
    wishes = [
        Plan(0, one.case.subscription_id, TO_ENGINE, boundary_of(one.case.subscription), by)
        for one in stripes
        if one.case.subscription is not None
    ]
    planned = sum(desk.store.plan(wish, "planned", {}, "", desk.clock.now()) for wish in wishes)
    return GivingBack(planned, len(staying), len(wishes) - planned)


def switch_due(desk: Desk) -> Switched:
    """Carry out every plan whose window has come: from a day to ten minutes before its boundary.

    A gap beats a double charge: who charges is set first, in the database, and only if the boundary is not billed; then the
    mirror is released. If that fails for certain, the engine bills after all; if nobody knows, nobody bills until it is known.
    """
    settle_calls(desk.store, desk.gateway, desk.clock, [Operation.UNHOLD, Operation.MIRROR])
    counts: Counter[str] = Counter()
    why: dict[str, str] = {}
    for plan in desk.store.planned():
        try:
            word, reason = switch(desk, plan)
        except Broken:
            raise
        except BillingError as error:
            word, reason = "postponed", str(error)
        counts[word] += 1
        if reason:
            why[plan.subscription_id] = reason
    return Switched(**counts, why=why)


def switch(desk: Desk, plan: Plan) -> tuple[str, str]:
    """What became of one plan: done, waiting, postponed or rolled_back, and why."""
    candidate = next(iter(desk.store.candidates(Charger.ENGINE, None, [plan.subscription_id])), None) or next(
        iter(desk.store.candidates(Charger.STRIPE, None, [plan.subscription_id])), None
    )
    if candidate is None or candidate.case.subscription is None:
        return rolled_back(desk, plan, "the subscription is over, or cannot be billed")
    case = candidate.case
    subscription = candidate.case.subscription
    boundary = boundary_of(subscription)
    begun = (subscription.charger is Charger.STRIPE) == (plan.direction == TO_STRIPE)
    if boundary != plan.boundary and not begun:
        return planned_again(desk, plan, boundary)
    if begun:
        return finish_release(desk, plan, candidate) if plan.direction == TO_STRIPE else close(desk, plan)
    if not in_window(boundary, desk.clock.now()):
        return "waiting", ""
    return take(desk, plan, candidate) if plan.direction == TO_STRIPE else give_back(desk, plan, case)


def planned_again(desk: Desk, plan: Plan, boundary: datetime) -> tuple[str, str]:
    """The boundary passed before hands could change: the next one is the next chance."""
    reason = f"its boundary {plan.boundary:%Y-%m-%d %H:%M} passed: planned for {boundary:%Y-%m-%d %H:%M}"
    with desk.store.transaction():
        desk.store.close_plan(plan.takeover_id, "rolled_back", reason, desk.clock.now())
        desk.store.plan(replace(plan, boundary=boundary), "planned", {}, "", desk.clock.now())
    return "postponed", reason


def take(desk: Desk, plan: Plan, candidate: Candidate) -> tuple[str, str]:
    """Look once more whether both would bill the same; then set the charger, then release the mirror."""
    last_look = rehearsed(desk, candidate, 0)
    if not last_look.ready:
        told = [*last_look.blockers, *(f"{one.line}: {one.why}" for one in last_look.differences)]
        return "postponed", "; ".join(told)
    if not desk.store.hand_over(plan.subscription_id, plan.boundary, Charger.STRIPE):
        return "postponed", "the boundary was billed meanwhile"
    return release(desk, plan, candidate)


def release(desk: Desk, plan: Plan, candidate: Candidate) -> tuple[str, str]:
    """Let Stripe collect, and look whether it does."""
    stripe_id = str(candidate.case.mirrored.stripe_id)
    request = unhold(stripe_id, candidate.method)
    answer = call_stripe(desk.store, desk.gateway, desk.clock, Operation.UNHOLD, plan.subscription_id, request)
    there = read(desk, stripe_id)
    if there is not None and not there.held and not there.over:
        return released(desk, plan, there)
    if words := refusal(answer):
        return back_to_engine(desk, plan, f"Stripe refused to release it: {words}")
    return "postponed", UNSURE


def finish_release(desk: Desk, plan: Plan, candidate: Candidate) -> tuple[str, str]:
    """Go on where a run ended after the charger was set: the mirror is released by now, or can be, or it is too late.

    It is too late only once no call to release it is open: one that is sent again would let both charge.
    """
    there = read(desk, str(candidate.case.mirrored.stripe_id))
    if there is not None and not there.held and not there.over:
        return released(desk, plan, there)
    if desk.clock.now() <= plan.boundary - SWITCH_UNTIL and there is not None and not there.over:
        return release(desk, plan, candidate)
    if desk.store.call_open(Operation.UNHOLD, plan.subscription_id):
        return "postponed", UNSURE
    if there is not None and there.held:
        return back_to_engine(desk, plan, "it was too late to release the mirror: it stays held")
    return "postponed", "the mirror cannot be read, so nobody is charged: look at it in Stripe"


def released(desk: Desk, plan: Plan, there: Seen) -> tuple[str, str]:
    """Stripe charges from the boundary on."""
    with desk.store.transaction():
        desk.store.note_mirror(MirrorNote(plan.subscription_id, "taken_over", stripe_id=there.stripe_id))
        desk.store.close_plan(plan.takeover_id, "done", "", desk.clock.now())
    return "done", ""


def back_to_engine(desk: Desk, plan: Plan, why: str) -> tuple[str, str]:
    """The engine bills after all; it can, because the mirror is held for certain."""
    desk.store.hand_over(plan.subscription_id, plan.boundary, Charger.ENGINE)
    return rolled_back(desk, plan, why)


def rolled_back(desk: Desk, plan: Plan, why: str) -> tuple[str, str]:
    """The plan is over and nothing changed hands."""
    desk.store.close_plan(plan.takeover_id, "rolled_back", why, desk.clock.now())
    return "rolled_back", why


def give_back(desk: Desk, plan: Plan, case: MirrorCase) -> tuple[str, str]:
    """Hold the mirror first, look whether it is held, then let the engine bill from the boundary on.

    While Stripe drafts the invoice of the period that runs, nothing is held: that would void it.
    """
    began = case.last.period.start if case.last else None
    if began is not None and desk.clock.now() < began + DRAFTED_FOR:
        return "waiting", ""
    stripe_id = str(case.mirrored.stripe_id)
    call_stripe(desk.store, desk.gateway, desk.clock, Operation.MIRROR, plan.subscription_id, hold(stripe_id))
    there = read(desk, stripe_id)
    if there is None or not there.held:
        return "postponed", "the mirror is not held, so Stripe goes on charging"
    if not desk.store.hand_over(plan.subscription_id, plan.boundary, Charger.ENGINE):
        return "postponed", "the boundary was billed meanwhile"
    desk.store.note_mirror(MirrorNote(plan.subscription_id, "held", stripe_id=there.stripe_id))
    return close(desk, plan)


def close(desk: Desk, plan: Plan) -> tuple[str, str]:
    """The plan is carried out."""
    desk.store.close_plan(plan.takeover_id, "done", "", desk.clock.now())
    return "done", ""


def read(desk: Desk, stripe_id: str) -> Seen | None:
    """The mirror as it is now."""
    found = desk.gateway.read(f"/v1/subscriptions/{stripe_id}", {"expand": EXPANDED})
    return seen(found) if found is not None else None
