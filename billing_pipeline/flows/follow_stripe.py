"""What Stripe bills by itself is in our books: its invoices with our credits on them, its periods, and the alarm when it bills nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.boundaries import Step, step_at
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, StripeInvoiceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Issue
from billing_pipeline.domain.mirror_requests import credit_on_draft, hold, reference
from billing_pipeline.domain.reconciliation import Finding, Kind
from billing_pipeline.domain.stripe_billing import (
    Owner,
    credits_for,
    credits_on,
    draft_of,
    fault_of,
    number_of,
    our_id,
    period_of,
)
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.domain.takeover import FALLBACK_AFTER, LATE_AFTER
from billing_pipeline.flows.call_stripe import call_stripe
from billing_pipeline.flows.facts import swept_fact
from billing_pipeline.flows.issue_invoices import coupons_used
from billing_pipeline.flows.ports import Gateway, Json
from billing_pipeline.flows.ports.billing import Batch, DueAccount, DueSubscription, Numbered
from billing_pipeline.flows.ports.sync import MirrorCase, MirrorNote
from billing_pipeline.flows.take_over import Desk, read

LOOK_BACK: Final = timedelta(days=3)  # an invoice is recorded even when we were away for a weekend
PAYMENTS: Final = ["payments.data.payment.payment_intent"]
CYCLE: Final = "subscription_cycle"


@dataclass(frozen=True, slots=True)
class Followed:
    """What a tick did. recorded: invoices of Stripe's that are new in the books; credited: drafts that took our credits.

    periods: that passed unbilled or ended; late: without an invoice of Stripe's so far; taken_back: billed by the engine now.
    """

    recorded: int = 0
    credited: int = 0
    numbered: int = 0
    periods: int = 0
    late: int = 0
    taken_back: int = 0
    postponed: int = 0
    findings: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """What one tick works with."""

    desk: Desk
    counts: Counter[str]
    findings: list[Finding]


def follow_stripe(desk: Desk) -> Followed:
    """Record what Stripe billed since the last tick. Nothing is called while Stripe bills nobody.

    The period is Stripe's in our books once its invoice is seen, and not before: until then the engine could still bill it,
    and only one of the two keys fits.
    """
    cases = desk.store.billed_by_stripe(None)
    if not cases:
        return Followed()
    tick = Tick(desk, Counter(), [])
    found = invoices_by_mirror(desk, cases)
    recorded = desk.store.recorded([StripeInvoiceId(raw["id"]) for raws in found.values() for raw in raws])
    for case in cases:
        mine = found.get(str(case.mirrored.stripe_id), [])
        for raw in mine:
            if (known := recorded.get(raw["id"])) is None:
                attempt(tick, case, raw)
            elif known.number == known.stripe_id and raw.get("number"):
                desk.store.number_invoice(known.invoice_id, raw["number"])
                tick.counts["numbered"] += 1
        await_invoice(tick, case.subscription_id)
    new = desk.store.note_findings(tick.findings, desk.clock.now()) if tick.findings else 0
    return Followed(**tick.counts, findings=new)


def invoices_by_mirror(desk: Desk, cases: Sequence[MirrorCase]) -> dict[str, list[Json]]:
    """Stripe's invoices of the last days, oldest first, by the subscription that they bill."""
    waited = [one.subscription.next_period_start for one in cases if one.subscription and one.subscription.next_period_start]
    since = min([desk.clock.now(), *waited]) - LOOK_BACK
    by_mirror: dict[str, list[Json]] = {}
    for page in desk.gateway.pages("/v1/invoices", {"created": {"gte": int(since.timestamp())}}):
        for raw in page.objects:
            details = (raw.get("parent") or {}).get("subscription_details") or {}
            by_mirror.setdefault(reference(details.get("subscription")), []).insert(0, raw)
    return by_mirror


def attempt(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Record one invoice; what cannot be recorded now is tried again by the next tick."""
    try:
        take_in(tick, case, raw)
    except Broken as error:
        told = Finding(
            Kind.MISSING_IN_LEDGER, raw["id"], None, None, account=account_of(case), ours=str(error), theirs=str(raw.get("status")),
            evidence=(raw["id"], case.subscription_id),
        )  # fmt: skip
        tick.findings.append(told)
    except BillingError:
        tick.counts["postponed"] += 1


def take_in(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Put our credits on a draft, then write the invoice into our books. Raises Broken when it cannot stand there."""
    status, renews = raw.get("status") or "draft", raw.get("billing_reason") == CYCLE
    if status == "void" or not raw["lines"]["data"] or (not raw["total"] and not renews) or (status == "draft" and not renews):
        return  # noise of a held mirror, a trial's first invoice, or not final yet
    if renews and not awaited(tick.desk, case.subscription_id, raw):
        return
    whole = whole_invoice(tick.desk.gateway, raw["id"])
    if why := fault_of(whole):
        raise Broken(f"{raw['id']} is not recorded: {why}. Settle the balance in Stripe, then record the invoice by hand")
    if status == "draft":
        if held(tick.desk, case):
            return  # Stripe will void it
        whole = credited(tick, case, whole)
    record(tick, case, whole)


def awaited(desk: Desk, subscription_id: SubscriptionId, raw: Json) -> bool:
    """Whether the invoice bills the very period that Stripe has to bill next."""
    case = desk.store.mirror_case(subscription_id)
    subscription = case.subscription if case else None
    return bool(subscription and subscription.charger is Charger.STRIPE and subscription.next_period_start == period_of(raw).start)


def held(desk: Desk, case: MirrorCase) -> bool:
    """Whether the mirror is held at this moment, or gone, so that its drafts become void."""
    there = read(desk, str(case.mirrored.stripe_id))
    return there is None or there.held


def whole_invoice(gateway: Gateway, name: str) -> Json:
    """The invoice with its payments and all of its lines. Raises Broken where Stripe has none."""
    raw = gateway.read(f"/v1/invoices/{name}", {"expand": PAYMENTS})
    if raw is None:
        raise Broken(f"Stripe has no invoice {name}")
    if not raw["lines"].get("has_more"):
        return raw
    lines = [one for page in gateway.pages(f"/v1/invoices/{name}/lines") for one in page.objects]
    return {**raw, "lines": {"data": lines, "has_more": False}}


def credited(tick: Tick, case: MirrorCase, raw: Json) -> Json:
    """The draft with our credits on it. Where nobody knows whether Stripe took them, the next tick looks again."""
    desk, name = tick.desk, our_id(raw, case.subscription_id)
    account = desk.billing.one(case.subscription_id)
    if account is None or credits_on(raw):
        return raw
    uses = credits_for(raw, name, account.purse.of(account.subscriptions[0].subscription.currency), desk.clock.now())
    minor = sum(use.amount_minor for use in uses)
    if not minor:
        return raw
    request = credit_on_draft(reference(raw["customer"]), StripeInvoiceId(raw["id"]), minor, raw["currency"], name)
    call_stripe(desk.store, desk.gateway, desk.clock, Operation.MIRROR, f"{case.subscription_id}#{raw['id']}", request)
    again = whole_invoice(desk.gateway, raw["id"])
    tick.counts["credited"] += credits_on(again) > 0
    if not credits_on(again):
        tick.findings.append(unused(case, again, minor))
    return again


def unused(case: MirrorCase, raw: Json, minor: int) -> Finding:
    """Credits that came too late for Stripe's invoice: they stay with the customer."""
    return Finding(
        Kind.MIRROR_DRIFT, f"credits:{raw['id']}", raw["currency"], minor, account=account_of(case),
        ours=f"{minor} of credits stay unused", theirs=f"the invoice is {raw.get('status')}", evidence=(raw["id"],),
    )  # fmt: skip


def record(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Write the invoice, the period that it bills and what it books, in one transaction; a second writer changes nothing."""
    desk, now = tick.desk, tick.desk.clock.now()
    with desk.store.transaction():
        account = locked(desk, case.subscription_id)
        if account is None or desk.store.recorded([StripeInvoiceId(raw["id"])]):
            return
        due = account.subscriptions[0]
        draft = drafted(desk, case, due, account, raw, now)
        day = desk.billing.open_day(draft.issued_on)
        bill = Numbered(draft, number_of(raw), account.legal_entity_id, day)
        renews = raw.get("billing_reason") == CYCLE
        desk.billing.write(with_step(step_of(due), (bill,)) if renews else Batch(invoices=(bill,)), now, "follow_stripe")
        desk.store.mark_stripe_invoice(draft.invoice_id, StripeInvoiceId(raw["id"]))
        if raw.get("status") != "draft":
            desk.store.put([swept_fact(raw, api_version=desk.gateway.api_version)], now)
    tick.counts["recorded"] += 1


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


def await_invoice(tick: Tick, subscription_id: SubscriptionId) -> None:
    """Pass a boundary that bills nobody; raise the alarm when Stripe should have billed and has not."""
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
    elif now >= boundary + LATE_AFTER:
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
    stripe_id = str(case.mirrored.stripe_id)
    call_stripe(desk.store, desk.gateway, desk.clock, Operation.MIRROR, subscription_id, hold(stripe_id))
    there = read(desk, stripe_id)
    if there is not None and not there.held and not there.over:
        return False
    if any(renewal_of(raw, boundary) for page in desk.gateway.pages("/v1/invoices", {"subscription": stripe_id}) for raw in page.objects):
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


def account_of(case: MirrorCase) -> AccountId | None:
    """Whose subscription it is."""
    return case.subscription.account if case.subscription else None
