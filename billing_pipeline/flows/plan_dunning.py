"""The exact list of what dunning will do, and for every overdue invoice it leaves alone, why."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from billing_pipeline.domain.dunning import planned_steps
from billing_pipeline.domain.dunning_cases import Held, LateInvoice, PlannedStep, Why
from billing_pipeline.domain.dunning_policy import Action, Policy
from billing_pipeline.domain.dunning_timing import last_waking_moment
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.dunning import DunningGate, DunningStore, GateState

STALE_AFTER: Final = timedelta(days=1)  # a day without dunning is money lost: somebody must look


def plan_dunning(
    store: DunningStore, gate: DunningGate, policy: Policy, clock: Clock, for_day: date | None = None
) -> list[PlannedStep]:
    """At least one row per overdue invoice: the step that is taken by the end of that day, or why there is none.

    for_day: the day as each customer's calendar says it; None asks for this very moment. The gate is as it is now.
    """
    now = clock.now()
    return plan_of(store.late_invoices(now), gate, policy, now, for_day)


def plan_of(
    lates: Iterable[LateInvoice], gate: DunningGate, policy: Policy, now: datetime, for_day: date | None = None
) -> list[PlannedStep]:
    """The plan for those invoices, in their order. Retries that are asked for already use up their card's tries."""
    state, divergent = gate.gate(now), gate.held_invoices()
    lates, rows = list(lates), list[PlannedStep]()
    asked = Counter(late.card.fingerprint for late in lates if late.card and late.retry_pending)
    for late in lates:
        at = moment(late, policy, now, for_day)
        card = late.card.fingerprint if late.card else ""
        planned = planned_steps(counting(late, asked[card], at), policy, at, block(state, divergent, late.invoice))
        asked[card] += sum(1 for row in planned if row.action is Action.RETRY and not row.held)
        rows += planned
    return rows


def counting(late: LateInvoice, tries: int, at: datetime) -> LateInvoice:
    """The invoice as if so many more tries of its card had been made by then."""
    if late.card is None or not late.card.fingerprint or not tries:
        return late
    return replace(late, card=replace(late.card, attempts=(*late.card.attempts, *[at] * tries)))


def moment(late: LateInvoice, policy: Policy, now: datetime, for_day: date | None) -> datetime:
    """When the plan looks: now, or the last moment of that day in which this customer may be written to."""
    return max(now, last_waking_moment(for_day, late.zone, policy.timing)) if for_day else now


def block(state: GateState, divergent: Mapping[InvoiceId, str], invoice: InvoiceId) -> Why | None:
    """Why reconciliation forbids any step on this invoice, or None."""
    if not state.open:
        return Why(Held.GATE_CLOSED, state.reason)
    if invoice in divergent:
        return Why(Held.OPEN_DIVERGENCE, divergent[invoice])
    return None


def closed_gate_alert(rows: Sequence[PlannedStep], agreed_at: datetime | None, now: datetime) -> str | None:
    """The words of an alert when invoices wait for reconciliation since more than a day; None when there is no need.

    agreed_at: when reconciliation last finished without error.
    """
    waiting = {row.invoice for row in rows if row.held is Held.GATE_CLOSED}
    if not waiting or (agreed_at and now - agreed_at <= STALE_AFTER):
        return None
    since = f"since {agreed_at:%Y-%m-%d %H:%M} UTC" if agreed_at else "because it never agreed yet"
    noun = "invoice waits" if len(waiting) == 1 else "invoices wait"
    return (
        f"dunning is held {since}: {len(waiting)} overdue {noun} for reconciliation; run `billing-pipeline reconcile`"
    )
