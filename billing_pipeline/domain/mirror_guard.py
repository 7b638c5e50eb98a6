"""What must never be: a mirror that could charge beside us, money on a held mirror, two chargers for one period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, StripeInvoiceId, StripeSubscriptionId, SubscriptionId
from billing_pipeline.domain.mirror_requests import moment, reference
from billing_pipeline.domain.reconciliation import Finding, Kind
from billing_pipeline.domain.subscriptions import Charger

OWED: Final = frozenset({"open", "paid", "uncollectible"})
"""Statuses of an invoice that somebody paid or can still pay; a draft of a held mirror becomes void within the hour."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownMirror:
    """A subscription and its mirror as the books have them. stripe_id: '' while none is linked. held: it must be."""

    subscription_id: SubscriptionId
    account_id: AccountId
    stripe_id: StripeSubscriptionId
    held: bool
    charger: str
    state: str


@dataclass(frozen=True, slots=True)
class Listed:
    """A living subscription in Stripe that carries our mark."""

    stripe_id: StripeSubscriptionId
    subscription_id: SubscriptionId
    held: bool


@dataclass(frozen=True, slots=True)
class MirrorInvoice:
    """An invoice that Stripe made of a mirror. period_start: of the period it bills. renewal: it bills a period."""

    stripe_id: StripeInvoiceId
    mirror: StripeSubscriptionId
    status: str
    due_minor: int
    paid_minor: int
    currency: Currency
    period_start: datetime
    renewal: bool


def listed_mirror(raw: Json, environment: str) -> Listed | None:
    """A mirror of ours out of a list; None for what is not ours."""
    marks = raw.get("metadata") or {}
    if marks.get("mirror") != "1" or marks.get("environment") != environment or not marks.get("subscription_id"):
        return None
    pause = raw.get("pause_collection") or {}
    held = pause.get("behavior") == "void" and not pause.get("resumes_at")
    return Listed(StripeSubscriptionId(raw["id"]), SubscriptionId(marks["subscription_id"]), held)


def mirror_invoice(raw: Json) -> MirrorInvoice | None:
    """An invoice of a subscription out of a list; None for one of no subscription."""
    details = (raw.get("parent") or {}).get("subscription_details") or {}
    lines = (raw.get("lines") or {}).get("data") or ()
    if not details or not lines:
        return None
    return MirrorInvoice(
        StripeInvoiceId(raw["id"]), StripeSubscriptionId(reference(details.get("subscription"))), raw.get("status") or "draft",
        raw["amount_due"], raw["amount_paid"], Currency(raw["currency"]),
        service_start(lines), raw.get("billing_reason") == "subscription_cycle",
    )  # fmt: skip


def service_start(lines: Sequence[Json]) -> datetime:
    """When the period begins that the lines bill in advance; prorations of the one before and credits say nothing of it."""
    items = [
        one
        for one in lines
        if ((one.get("parent") or {}).get("subscription_item_details") or {}).get("proration") is False
    ]
    return moment(max(one["period"]["start"] for one in items or lines))


def must_be_held(there: Listed, known: Mapping[SubscriptionId, KnownMirror]) -> bool:
    """Whether the mirror must not collect: always, unless it is the one mirror of a subscription that Stripe charges."""
    ours = known.get(there.subscription_id)
    return ours is None or ours.held or ours.stripe_id != there.stripe_id


def is_alarm(there: Listed, known: Mapping[SubscriptionId, KnownMirror]) -> bool:
    """Whether it could have charged beside us. Not where Stripe charges and a pause of ours has yet to be told there."""
    ours = known.get(there.subscription_id)
    return ours is None or ours.charger != Charger.STRIPE or ours.stripe_id != there.stripe_id


def unheld(there: Listed, ours: KnownMirror | None) -> Finding:
    """A mirror that could charge beside us."""
    says = f"{there.subscription_id} is billed by the engine: its mirror must be held"
    account = ours.account_id if ours else None
    evidence = (there.stripe_id, there.subscription_id)
    return Finding(
        Kind.UNHELD_MIRROR, there.stripe_id, account=account, ours=says, theirs="it collects", evidence=evidence
    )


def charged_beside_us(
    invoices: Sequence[MirrorInvoice],
    by_mirror: Mapping[StripeSubscriptionId, KnownMirror],
    chargers: Mapping[tuple[SubscriptionId, datetime], str],
) -> list[tuple[MirrorInvoice, Finding]]:
    """Invoices that Stripe may have collected for what the engine bills, each with its finding.

    chargers: who charges, for the periods of those invoices that the books know.
    """
    found = []
    for one in invoices:
        ours = by_mirror.get(one.mirror)
        if ours is None or one.status not in OWED or not one.due_minor:
            continue
        charger = chargers.get((ours.subscription_id, one.period_start))
        if charger == Charger.STRIPE or (charger is None and ours.charger == Charger.STRIPE):
            continue
        found.append((one, beside(one, ours, charger)))
    return found


def beside(one: MirrorInvoice, ours: KnownMirror, charger: str | None) -> Finding:
    """Stripe's invoice for what the engine bills: two chargers where the engine has billed the period already."""
    who = "billed by the engine" if charger == Charger.ENGINE else "not Stripe's to bill"
    return Finding(
        Kind.UNHELD_MIRROR, one.stripe_id, one.currency, one.paid_minor or one.due_minor, account=ours.account_id,
        ours=f"the period from {one.period_start:%Y-%m-%d} of {ours.subscription_id} is {who}",
        theirs=f"an invoice that is {one.status}, {one.paid_minor} of {one.due_minor} paid",
        evidence=(one.stripe_id, one.mirror, ours.subscription_id),
    )  # fmt: skip
