"""Look at every mirror in Stripe: one that could charge beside us is held at once, and is a divergence that alerts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.ids import StripeSubscriptionId, SubscriptionId
from billing_pipeline.domain.mirror_guard import (
    KnownMirror,
    Listed,
    MirrorInvoice,
    charged_beside_us,
    is_alarm,
    listed_mirror,
    mirror_invoice,
    must_be_held,
    unheld,
)
from billing_pipeline.domain.mirror_requests import hold, void_invoice
from billing_pipeline.domain.reconciliation import Finding
from billing_pipeline.flows.call_stripe import call_stripe
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.sync import GuardStore

LOOK_BACK: Final = timedelta(days=3)  # several ticks: an invoice is seen even when we were away for a weekend


@dataclass(frozen=True, slots=True)
class Guarded:
    """What a tick saw. held_again: mirrors that were not held; voided: open invoices of held mirrors; new: divergences."""

    mirrors: int = 0
    held_again: int = 0
    still_unheld: int = 0
    voided: int = 0
    findings: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What one tick works with."""

    store: GuardStore
    gateway: Gateway
    clock: Clock
    known: Mapping[SubscriptionId, KnownMirror]


def guard_mirrors(store: GuardStore, gateway: Gateway, clock: Clock, *, environment: str = "billing") -> Guarded:
    """Hold what must be held, void what was billed beside us and not paid yet, and say so.

    Two lists are read, whatever the number of mirrors. Raises TryLater or Unknown when Stripe cannot be asked.
    """
    run = Run(store, gateway, clock, {one.subscription_id: one for one in store.known_mirrors()})
    listed = _listed(run, environment)
    loose = [one for one in listed if not one.held and must_be_held(one, run.known)]
    findings = [unheld(one, run.known.get(one.subscription_id)) for one in loose if is_alarm(one, run.known)]
    held = sum(_hold_again(run, one) for one in loose)
    charged = _charged(run)
    voided = sum(_void(run, one) for one, _ in charged)
    findings += [finding for _, finding in charged]
    new = store.note_findings(findings, clock.now()) if findings else 0
    return Guarded(len(listed), held, len(loose) - held, voided, len(findings), new)


def _listed(run: Run, environment: str) -> list[Listed]:
    """Every living mirror of ours that Stripe has."""
    pages = run.gateway.pages("/v1/subscriptions")
    return [one for page in pages for raw in page.objects if (one := listed_mirror(raw, environment)) is not None]


def _hold_again(run: Run, there: Listed) -> bool:
    """Whether the mirror is held now, as read after the call."""
    call_stripe(run.store, run.gateway, run.clock, Operation.MIRROR, there.subscription_id, hold(there.stripe_id))
    found = run.gateway.read(f"/v1/subscriptions/{there.stripe_id}") or {}
    return (found.get("pause_collection") or {}).get("behavior") == "void"


def _charged(run: Run) -> list[tuple[MirrorInvoice, Finding]]:
    """The invoices of the last days that Stripe made for what the engine bills."""
    since = {"created": {"gte": int((run.clock.now() - LOOK_BACK).timestamp())}}
    pages = run.gateway.pages("/v1/invoices", since)
    found = [one for page in pages for raw in page.objects if (one := mirror_invoice(raw)) is not None]
    by_mirror = {ours.stripe_id: ours for ours in run.known.values() if ours.stripe_id}
    return charged_beside_us(found, by_mirror, run.store.chargers_of(_periods(found, by_mirror)))


def _periods(
    found: Sequence[MirrorInvoice], by_mirror: Mapping[StripeSubscriptionId, KnownMirror]
) -> list[tuple[SubscriptionId, datetime]]:
    """The periods that those invoices bill."""
    return [(by_mirror[one.mirror].subscription_id, one.period_start) for one in found if one.mirror in by_mirror]


def _void(run: Run, invoice: MirrorInvoice) -> bool:
    """Whether an open invoice was voided, so that nobody can pay it."""
    if invoice.status != "open":
        return False
    subject = f"{invoice.mirror}#{invoice.stripe_id}"
    answer = call_stripe(run.store, run.gateway, run.clock, Operation.MIRROR, subject, void_invoice(invoice.stripe_id))
    return answer is not None and answer.found is not None
