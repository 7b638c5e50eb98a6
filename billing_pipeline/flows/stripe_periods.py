"""The periods that Stripe bills, in our books: written with its invoice, passed when nobody is billed, an alarm when late."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.boundaries import Step, step_at
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId, StripeInvoiceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Issue
from billing_pipeline.domain.mirror_requests import hold
from billing_pipeline.domain.reconciliation import Finding, Kind
from billing_pipeline.domain.stripe_billing import Owner, draft_of, gift_of, number_of, our_id, period_of
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.domain.takeover import DRAFTED_FOR, FALLBACK_AFTER, LATE_AFTER
from billing_pipeline.flows.call_stripe import call_stripe
from billing_pipeline.flows.facts import swept_fact
from billing_pipeline.flows.issue_invoices import coupons_used
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.billing import Batch, DueAccount, DueSubscription, Numbered
from billing_pipeline.flows.ports.sync import MirrorCase, MirrorNote
from billing_pipeline.flows.rehearse import Desk
from billing_pipeline.flows.take_over import read

CYCLE: Final = "subscription_cycle"


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick works with."""

    desk: Desk
    counts: Counter[str]
    findings: list[Finding]


def record(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Write the invoice, the period that it bills and what it books, in one transaction; a second writer changes nothing."""
    desk, now = tick.desk, tick.desk.clock.now()
    with desk.store.transaction():
        account = locked(desk, case.subscription_id)
        if account is None or desk.store.recorded([StripeInvoiceId(raw["id"])]):
            return
        due = account.subscriptions[0]
        if gift := gift_of(raw, account.account, our_id(raw, case.subscription_id), now):
            desk.store.add_grant(gift, f"balance:{raw['id']}", "given in Stripe: the customer's balance there")
            tick.findings.append(given_there(case, raw, gift))
        draft = drafted(desk, case, due, account, raw, now)
        day = desk.billing.open_day(draft.issued_on)
        bill = Numbered(draft, number_of(raw), account.legal_entity_id, day)
        renews = raw.get("billing_reason") == CYCLE
        desk.billing.write(
            with_step(step_of(due), (bill,)) if renews else Batch(invoices=(bill,)), now, "follow_stripe"
        )
        desk.store.mark_stripe_invoice(draft.invoice_id, StripeInvoiceId(raw["id"]))
        if raw.get("status") != "draft":
            desk.store.put([swept_fact(raw, api_version=desk.gateway.api_version)], now)
    tick.counts["recorded"] += 1


def given_there(case: MirrorCase, raw: Json, gift: CreditGrant) -> Finding:
    """Stripe's balance of the customer paid for the invoice: it is no credit that we gave, so somebody should know."""
    return Finding(
        Kind.MIRROR_DRIFT, f"balance:{raw['id']}", gift.currency, gift.amount_minor, account=gift.account,
        ours=f"{gift.amount_minor} booked as goodwill", theirs="the customer's balance in Stripe paid that much",
        evidence=(raw["id"], case.subscription_id),
    )  # fmt: skip


def locked(desk: Desk, subscription_id: SubscriptionId) -> DueAccount | None:
    """The account with that subscription, its credits held for this transaction."""
    account = desk.billing.one(subscription_id)
    if account is None or not account.subscriptions:
        return None
    desk.store.lock_account(account.account)
    return desk.billing.one(subscription_id)


def drafted(desk: Desk, case: MirrorCase, due: DueSubscription, account: DueAccount, raw: Json, now: datetime) -> Draft:
    """Stripe's invoice as a draft of ours."""
    prices = {one.stripe_id: price for price, one in case.links.prices.items()}
    owner = Owner(case.subscription_id, account.account, prices, desk.store.taxes())
    issue = Issue(now, now.astimezone(desk.close_zone).date())
    return draft_of(raw, owner, account.purse.of(due.subscription.currency), issue)


def step_of(due: DueSubscription) -> Step:
    """What is due at the subscription's next boundary. Raises Broken when nothing is."""
    at = due.subscription.next_period_start
    if at is None:
        raise Broken(f"subscription {due.subscription.subscription_id} has no next boundary")
    return step_at(due.subscription, at, due.last, due.has_card)


def with_step(step: Step, invoices: tuple[Numbered, ...] = ()) -> Batch:
    """What passing one boundary writes."""
    invoice: InvoiceId | None = invoices[0].draft.invoice_id if invoices else None
    return Batch(
        invoices=invoices,
        tiles=((step, invoice),) if step.tile is not None else (),
        moved=(step.after,),
        spent=tuple(coupons_used(step)) if invoices else (),
    )


def await_invoice(tick: Tick, subscription_id: SubscriptionId, made: Sequence[Json]) -> None:
    """Pass a boundary that bills nobody; raise the alarm when Stripe should have billed and has not.

    made: Stripe's last invoices. A draft is given its hour: some are recorded only once they are final.
    """
    desk, now = tick.desk, tick.desk.clock.now()
    account = desk.billing.one(subscription_id)
    if account is None or not account.subscriptions:
        return
    due = account.subscriptions[0]
    boundary = due.subscription.next_period_start
    if boundary is None or boundary > now or due.subscription.charger is not Charger.STRIPE:
        return
    step = step_of(due)
    if step.tile is None or step.tile.charger is Charger.NONE:
        pass_unbilled(tick, subscription_id, boundary)
    elif now >= boundary + (DRAFTED_FOR if any(renewal_of(raw, boundary) for raw in made) else LATE_AFTER):
        tick.counts["late"] += 1
        tick.findings.append(gap(subscription_id, account, boundary))
        if now >= boundary + FALLBACK_AFTER:
            tick.counts["taken_back"] += take_back(desk, subscription_id, boundary)


def pass_unbilled(tick: Tick, subscription_id: SubscriptionId, boundary: datetime) -> None:
    """The subscription is paused, suspended or over: the period belongs to nobody."""
    with tick.desk.store.transaction():
        account = locked(tick.desk, subscription_id)
        if account is None or account.subscriptions[0].subscription.next_period_start != boundary:
            return
        tick.desk.billing.write(with_step(step_of(account.subscriptions[0])), tick.desk.clock.now(), "follow_stripe")
    tick.counts["periods"] += 1


def gap(subscription_id: SubscriptionId, account: DueAccount, boundary: datetime) -> Finding:
    """Nobody has billed the period yet: a gap, which is better than two chargers, and an alarm."""
    return Finding(
        Kind.MISSING_IN_STRIPE, f"{subscription_id}:{boundary:%Y%m%d}", account=account.account,
        ours=f"Stripe is to bill {subscription_id} from {boundary:%Y-%m-%d %H:%M} on", theirs="no invoice",
        evidence=(subscription_id,),
    )  # fmt: skip


def take_back(desk: Desk, subscription_id: SubscriptionId, boundary: datetime) -> bool:
    """Whether the engine bills the period now: only once the mirror is held, and Stripe has no invoice for it."""
    case = desk.store.mirror_case(subscription_id)
    if case is None or case.mirrored.stripe_id is None:
        return False
    if desk.store.call_open(Operation.UNHOLD, subscription_id):
        return False  # sent again, it would let both charge
    stripe_id = str(case.mirrored.stripe_id)
    call_stripe(desk.store, desk.gateway, desk.clock, Operation.MIRROR, subscription_id, hold(stripe_id))
    there = read(desk, stripe_id)
    if there is not None and not there.held and not there.over:
        return False
    pages = desk.gateway.pages("/v1/invoices", {"subscription": stripe_id})
    if any(renewal_of(raw, boundary) for page in pages for raw in page.objects):
        return False
    if not desk.store.hand_over(subscription_id, boundary, Charger.ENGINE):
        return False
    desk.store.note_mirror(MirrorNote(subscription_id, "held", "Stripe did not bill: the engine does again"))
    return True


def renewal_of(raw: Json, boundary: datetime) -> bool:
    """Whether the invoice bills the period from the boundary on, and can be paid or was."""
    if raw.get("billing_reason") != CYCLE or raw.get("status") == "void":
        return False
    return period_of(raw).start == boundary
