"""Rehearse a take-over: what Stripe would bill beside what we would, line by line, and what stands in the way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final
from uuid import uuid4

from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.ids import CustomerId, IdempotencyKey, PriceId, SubscriptionId
from billing_pipeline.domain.mirror import boundary_of
from billing_pipeline.domain.requests import post
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.domain.takeover import (
    Cycle,
    Rehearsal,
    compared,
    renamed,
    sides_of_draft,
    sides_of_past,
    sides_of_stripe,
    stripe_period,
)
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.billing import BillingStore
from billing_pipeline.flows.ports.sync import Candidate, MirrorCase, TakeoverStore
from billing_pipeline.flows.preview_invoice import preview_invoice

CYCLES: Final = 3  # compared besides the next one: a quarter


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
    Raises Broken on a name that the engine does not bill.
    """
    found = desk.store.candidates(Charger.ENGINE, segment, names)
    refuse_others(names, [one.case.subscription_id for one in found], "that the engine bills")
    return [rehearsed(desk, one, cycles) for one in found]


def refuse_others(names: Sequence[SubscriptionId], known: Sequence[SubscriptionId], which: str) -> None:
    """Nothing. Raises Broken on names that are not known; a name that is mistyped must not look like good news."""
    if other := sorted(set(names) - set(known)):
        raise Broken(
            f"{', '.join(other)}: no living subscription {which}; "
            "`billing-pipeline takeover rehearse` lists those that the engine bills, `takeover plans` what is planned"
        )


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
    return Cycle(boundary, False, renamed(compared(ours, sides_of_stripe(theirs) if theirs else {}), our_prices(case)))


def preview(desk: Desk, case: MirrorCase) -> Json | None:
    """What Stripe would bill next, None for nothing. It changes nothing, so it needs no attempt; its key is never used again."""
    key = IdempotencyKey(f"preview:{case.subscription_id}:{uuid4().hex}")
    try:
        return desk.gateway.send(
            post("/v1/invoices/create_preview", {"subscription": case.mirrored.stripe_id}), key
        ).body
    except BillingError as error:
        if "invoice_upcoming_none" in str(getattr(error, "codes", "")):
            return None
        raise


def past_cycles(desk: Desk, case: MirrorCase, cycles: int) -> list[Cycle]:
    """The invoices that the held mirror made and voided, beside those that we issued for the same periods."""
    lines = desk.store.past_invoices(case.subscription_id, cycles)
    starts = sorted({line.period_start for line in lines}, reverse=True)
    made = {stripe_period(raw): raw for raw in void_invoices(desk.gateway, case)} if starts else {}
    found = []
    for start in (one for one in starts if one in made):
        ours = sides_of_past(line for line in lines if line.period_start == start)
        found.append(Cycle(start, True, renamed(compared(ours, sides_of_stripe(made[start])), our_prices(case))))
    return found


def our_prices(case: MirrorCase) -> dict[str, PriceId]:
    """Our prices by Stripe's."""
    return {one.stripe_id: price for price, one in case.links.prices.items()}


def void_invoices(gateway: Gateway, case: MirrorCase) -> list[Json]:
    """The invoices of past periods that the mirror made."""
    pages = gateway.pages("/v1/invoices", {"subscription": case.mirrored.stripe_id, "status": "void"})
    return [raw for page in pages for raw in page.objects if raw.get("billing_reason") == "subscription_cycle"]
