"""Hand a subscription over to Stripe's billing cycle, and back: rehearsed, planned, switched at a boundary. Never two chargers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Final
from uuid import uuid4

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.ids import CustomerId, IdempotencyKey, SubscriptionId
from billing_pipeline.domain.mirror import boundary_of
from billing_pipeline.domain.mirror_requests import EXPANDED, Seen, hold, seen, unhold
from billing_pipeline.domain.requests import post
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.domain.takeover import (
    DRAFTED_FOR,
    SWITCH_UNTIL,
    Cycle,
    Rehearsal,
    compared,
    in_window,
    sides_of_draft,
    sides_of_past,
    sides_of_stripe,
    stripe_period,
)
from billing_pipeline.flows.call_stripe import call_stripe, refusal, settle_calls
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.billing import BillingStore
from billing_pipeline.flows.ports.sync import Candidate, MirrorCase, MirrorNote, Plan, TakeoverStore
from billing_pipeline.flows.preview_invoice import preview_invoice

CYCLES: Final = 3  # compared besides the next one: a quarter
TO_STRIPE, TO_ENGINE = "to_stripe", "to_engine"


@dataclass(frozen=True, slots=True)
class Switched:
    """What a tick did, in plans. waiting: their window has not come. why: subscription -> reason of what did not happen."""

    done: int = 0
    waiting: int = 0
    postponed: int = 0
    rolled_back: int = 0
    why: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """What taking over works with. close_zone: of the seller, which dates previews."""

    store: TakeoverStore
    billing: BillingStore
    gateway: Gateway
    clock: Clock
    close_zone: tzinfo = UTC


def rehearse(
    desk: Desk, *, segment: str | None = None, names: Sequence[SubscriptionId] = (), cycles: int = CYCLES
) -> list[Rehearsal]:
    """For each subscription that the engine bills: what Stripe would bill differently, and what stands in the way.

    Compared are the next invoice with Stripe's preview, and the last cycles with the invoices that the held mirror made.
    """
    return [rehearsed(desk, one, cycles) for one in desk.store.candidates(Charger.ENGINE, segment, names)]


def rehearsed(desk: Desk, candidate: Candidate, cycles: int) -> Rehearsal:
    """The rehearsal of one subscription."""
    case = candidate.case
    if case.subscription is None:
        return Rehearsal(case.subscription_id, desk.clock.now(), (), (case.fault,))
    boundary = boundary_of(case.subscription)
    if case.mirrored.state != "held" or case.mirrored.stripe_id is None:
        why = case.reason or "it has no held mirror yet: `billing-pipeline takeover sync`"
        return Rehearsal(case.subscription_id, boundary, (), (why,))
    try:
        blockers = tuple(blockers_of(desk, candidate))
        found = (next_cycle(desk, case, boundary), *past_cycles(desk, case, cycles))
    except Broken as error:
        return Rehearsal(case.subscription_id, boundary, (), (str(error),))
    return Rehearsal(case.subscription_id, boundary, found, blockers)


def blockers_of(desk: Desk, candidate: Candidate) -> list[str]:
    """Why the subscription could not be switched now, whatever Stripe would bill."""
    customer = candidate.case.links.customer
    found = ["no payment method that Stripe could charge"] if not candidate.method else []
    if candidate.changes_waiting:
        found.append(f"{candidate.changes_waiting} changes wait to be applied")
    if candidate.case.noted != candidate.case.digest:
        found.append("its mirror is not in step: `billing-pipeline takeover sync`")
    if pending := pending_items(desk.gateway, customer):
        found.append(f"{pending} pending invoice items of the customer in Stripe would be billed along")
    return found


def pending_items(gateway: Gateway, customer: CustomerId | None) -> int:
    """How many invoice items wait in Stripe for the customer's next invoice."""
    if customer is None:
        return 0
    return sum(len(page.objects) for page in gateway.pages("/v1/invoiceitems", {"customer": customer, "pending": True}))


def next_cycle(desk: Desk, case: MirrorCase, boundary: datetime) -> Cycle:
    """Our next invoice beside Stripe's preview. Credits are left out: they are ours to give on either side."""
    draft = preview_invoice(desk.billing, desk.clock, case.subscription_id, close_zone=desk.close_zone)
    sold = {price: one.stripe_id for price, one in case.links.prices.items()}
    theirs = preview(desk, case)
    ours = sides_of_draft(draft, sold)
    return Cycle(boundary, False, tuple(compared(ours, sides_of_stripe(theirs) if theirs else {})))


def preview(desk: Desk, case: MirrorCase) -> Json | None:
    """What Stripe would bill next, None for nothing. It changes nothing, so it needs no attempt; its key is never used again."""
    key = IdempotencyKey(f"preview:{case.subscription_id}:{uuid4().hex}")
    try:
        return desk.gateway.send(post("/v1/invoices/create_preview", {"subscription": case.mirrored.stripe_id}), key).body
    except BillingError as error:
        if "invoice_upcoming_none" in str(getattr(error, "codes", "")):
            return None
        raise


def past_cycles(desk: Desk, case: MirrorCase, cycles: int) -> list[Cycle]:
    """The invoices that the held mirror made and voided, beside those that we issued for the same periods."""
    lines = desk.store.past_invoices(case.subscription_id, cycles)
    starts = sorted({line.period_start for line in lines}, reverse=True)
    made = {stripe_period(raw): raw for raw in void_invoices(desk.gateway, case)} if starts else {}
    return [
        Cycle(start, True, tuple(compared(sides_of_past(one for one in lines if one.period_start == start), sides_of_stripe(made[start]))))
        for start in starts
        if start in made
    ]


def void_invoices(gateway: Gateway, case: MirrorCase) -> list[Json]:
    """The invoices of past periods that the mirror made."""
    pages = gateway.pages("/v1/invoices", {"subscription": case.mirrored.stripe_id, "status": "void"})
    return [raw for page in pages for raw in page.objects if raw.get("billing_reason") == "subscription_cycle"]


def plan_takeover(
    desk: Desk, by: str, *, segment: str | None = None, names: Sequence[SubscriptionId] = (), cycles: int = CYCLES
) -> list[Rehearsal]:
    """Rehearse, and plan for the next boundary whatever is ready; what is not is kept with its reasons."""
    found = rehearse(desk, segment=segment, names=names, cycles=cycles)
    for one in found:
        wish = Plan(0, SubscriptionId(one.subscription_id), TO_STRIPE, one.boundary, by)
        why = "; ".join([*one.blockers, *(f"{d.line}: {d.what} {d.ours} here, {d.theirs} there ({d.why})" for d in one.differences)])
        state = "planned" if one.ready else "refused"
        desk.store.plan(wish, state, {"cycles": [shown(cycle) for cycle in one.cycles]}, why, desk.clock.now())
    return found


def shown(cycle: Cycle) -> dict[str, Any]:
    """A cycle as JSON keeps it."""
    return asdict(cycle) | {"period_start": cycle.period_start.isoformat()}


def plan_give_back(desk: Desk, by: str, *, segment: str | None = None, names: Sequence[SubscriptionId] = ()) -> int:
    """How many subscriptions that Stripe charges are to come back to the engine at their next boundary."""
    planned = 0
    for one in desk.store.candidates(Charger.STRIPE, segment, names):
        if one.case.subscription is not None:
            wish = Plan(0, one.case.subscription_id, TO_ENGINE, boundary_of(one.case.subscription), by)
            planned += desk.store.plan(wish, "planned", {}, "", desk.clock.now())
    return planned


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
    return "postponed", "nobody knows yet whether Stripe released the mirror"


def finish_release(desk: Desk, plan: Plan, candidate: Candidate) -> tuple[str, str]:
    """Go on where a run ended after the charger was set: the mirror is released by now, or can be, or it is too late."""
    there = read(desk, str(candidate.case.mirrored.stripe_id))
    if there is not None and not there.held and not there.over:
        return released(desk, plan, there)
    if desk.clock.now() <= plan.boundary - SWITCH_UNTIL and there is not None and not there.over:
        return release(desk, plan, candidate)
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
