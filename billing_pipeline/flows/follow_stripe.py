"""What Stripe bills by itself is in our books: its invoices, with our credits on them, and the periods that they bill."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.errors import BillingError, Broken, TryLater, Unknown
from billing_pipeline.domain.events import WITH_PAYMENTS
from billing_pipeline.domain.ids import AccountId, StripeInvoiceId, SubscriptionId
from billing_pipeline.domain.mirror import inexpressible
from billing_pipeline.domain.mirror_requests import moment, reference
from billing_pipeline.domain.reconciliation import Finding, Kind
from billing_pipeline.domain.stripe_billing import (
    credit_on_draft,
    credits_for,
    credits_on,
    given_back,
    our_id,
    period_of,
    take_balance,
    waits_until_final,
)
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.flows.call_stripe import call_once, call_unless, refusal, succeeded
from billing_pipeline.flows.ports import Gateway, Json
from billing_pipeline.flows.ports.sync import MirrorCase, Plan
from billing_pipeline.flows.rehearse import Desk
from billing_pipeline.flows.send_attempts import in_threads
from billing_pipeline.flows.stripe_periods import CYCLE, Tick, await_invoice, record
from billing_pipeline.flows.take_over import TO_ENGINE, read

LOOK_BACK: Final = timedelta(days=3)  # an invoice is recorded even when we were away for a weekend


@dataclass(frozen=True, slots=True)
class Followed:
    """What a tick did. recorded: invoices of Stripe's that are new in the books; credited: drafts that took our credits.

    returning: subscriptions that Stripe cannot express any more, planned to come back.
    periods: that passed unbilled or ended; late: without an invoice of Stripe's so far; taken_back: billed by the engine now.
    """

    recorded: int = 0
    credited: int = 0
    numbered: int = 0
    periods: int = 0
    late: int = 0
    taken_back: int = 0
    returning: int = 0
    postponed: int = 0
    findings: int = 0


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
        await_invoice(tick, case.subscription_id, mine)
        plan_return(tick, case)
    new = desk.store.note_findings(tick.findings, desk.clock.now()) if tick.findings else 0
    return Followed(**tick.counts, findings=new)


def plan_return(tick: Tick, case: MirrorCase) -> None:
    """Plan that the engine bills again what Stripe cannot express any more; until its boundary Stripe bills what it has."""
    subscription = case.subscription
    if subscription is None or subscription.next_period_start is None:
        return
    boundary = subscription.next_period_start
    if part := inexpressible(subscription, case.links, boundary):
        wish = Plan(0, case.subscription_id, TO_ENGINE, boundary, "follow_stripe")
        tick.counts["returning"] += tick.desk.store.plan(wish, "planned", {}, part, tick.desk.clock.now())


def follow_invoices(desk: Desk, told: Iterable[tuple[SubscriptionId, StripeInvoiceId]], threads: int = 1) -> Followed:
    """Record these invoices now, our credits on those that are drafts: a draft lives for an hour, a schedule may be late."""
    wanted = {name: subscription for subscription, name in told}
    known = desk.store.recorded(list(wanted))
    new = [(subscription, name) for name, subscription in wanted.items() if name not in known]
    ticks = list(in_threads(new, lambda one: follow_invoice(desk, *one), threads))
    counts = sum((tick.counts for tick in ticks), Counter[str]())
    findings = [finding for tick in ticks for finding in tick.findings]
    return Followed(**counts, findings=desk.store.note_findings(findings, desk.clock.now()) if findings else 0)


def follow_invoice(desk: Desk, subscription_id: SubscriptionId, name: StripeInvoiceId) -> Tick:
    """What came of one invoice; what cannot be recorded now is left to the next tick."""
    tick = Tick(desk, Counter(), [])
    case = desk.store.mirror_case(subscription_id)
    try:
        raw = desk.gateway.read(f"/v1/invoices/{name}") if case is not None else None
    except (TryLater, Unknown):
        raw = None
        tick.counts["postponed"] += 1
    if case is not None and raw is not None:
        attempt(tick, case, raw)
    return tick


def invoices_by_mirror(desk: Desk, cases: Sequence[MirrorCase]) -> dict[str, list[Json]]:
    """Stripe's invoices of the last days, oldest first, by the subscription that they bill."""
    waited = [
        one.subscription.next_period_start for one in cases if one.subscription and one.subscription.next_period_start
    ]
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
        evidence, status = (raw["id"], case.subscription_id), str(raw.get("status"))
        whose = account_of(case)
        tick.findings.append(
            Finding(Kind.MISSING_IN_LEDGER, raw["id"], account=whose, ours=str(error), theirs=status, evidence=evidence)
        )
    except BillingError:
        tick.counts["postponed"] += 1


def take_in(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Put our credits on a draft, then write the invoice into our books. Raises Broken when it cannot stand there."""
    status, renews = raw.get("status") or "draft", raw.get("billing_reason") == CYCLE
    if (
        status == "void"
        or not raw["lines"]["data"]
        or (not raw["total"] and not renews)
        or (status == "draft" and not renews)
    ):
        return  # noise of a held mirror, a trial's first invoice, or not final yet
    if renews and not awaited(tick.desk, case.subscription_id, raw):
        return
    whole = whole_invoice(tick.desk.gateway, raw["id"])
    if status == "draft":
        if given_back(whole) or held(tick.desk, case):
            return  # its credit is known once it is final; one of a held mirror will be void
        whole = credited(tick, case, whole)
        if waits_until_final(whole, customers_balance(tick.desk, whole)):
            return
    elif renews:
        note_missed(tick, case, whole)
    if given_back(whole) and not balance_taken(tick.desk, case, whole):
        raise TryLater(f"nobody knows yet whether the balance of {whole['id']} is taken")
    record(tick, case, whole)


def customers_balance(desk: Desk, raw: Json) -> int:
    """The balance that Stripe keeps of the invoice's customer, in minor units; below nothing is credit."""
    customer = desk.gateway.read(f"/v1/customers/{reference(raw['customer'])}") or {}
    return int(customer.get("balance") or 0)


def balance_taken(desk: Desk, case: MirrorCase, raw: Json) -> bool:
    """Whether what Stripe keeps as the customer's balance is out of it. It is asked for once: our books have the credit."""
    subject = f"{case.subscription_id}#{raw['id']}#balance"
    if desk.store.attempts_made(Operation.MIRROR, subject):
        return True
    return succeeded(call_once(desk.store, desk.gateway, desk.clock, Operation.MIRROR, subject, take_balance(raw)))


def awaited(desk: Desk, subscription_id: SubscriptionId, raw: Json) -> bool:
    """Whether the invoice bills the very period that Stripe has to bill next."""
    case = desk.store.mirror_case(subscription_id)
    subscription = case.subscription if case else None
    if subscription is None or subscription.charger is not Charger.STRIPE:
        return False
    return subscription.next_period_start == period_of(raw).start


def held(desk: Desk, case: MirrorCase) -> bool:
    """Whether the mirror is held at this moment, or gone, so that its drafts become void."""
    there = read(desk, str(case.mirrored.stripe_id))
    return there is None or there.held


def whole_invoice(gateway: Gateway, name: str) -> Json:
    """The invoice with its payments and all of its lines. Raises Broken where Stripe has none."""
    raw = gateway.read(f"/v1/invoices/{name}", {"expand": list(WITH_PAYMENTS)})
    if raw is None:
        raise Broken(f"Stripe has no invoice {name}")
    if not raw["lines"].get("has_more"):
        return raw
    lines = [one for page in gateway.pages(f"/v1/invoices/{name}/lines") for one in page.objects]
    return {**raw, "lines": {"data": lines, "has_more": False}}


def credited(tick: Tick, case: MirrorCase, raw: Json) -> Json:
    """The draft with our credits on it. Raises TryLater while nobody knows whether Stripe took them."""
    desk, name = tick.desk, our_id(raw, case.subscription_id)
    if credits_on(raw) or not (minor := spendable(desk, case, raw, desk.clock.now())):
        return raw
    request = credit_on_draft(reference(raw["customer"]), StripeInvoiceId(raw["id"]), minor, raw["currency"], name)
    subject = f"{case.subscription_id}#{raw['id']}"
    answer = call_unless(
        desk.store, desk.gateway, desk.clock, Operation.MIRROR, subject, request, lambda: not takes_credits(desk, raw)
    )
    again = whole_invoice(desk.gateway, raw["id"])
    if credits_on(again):
        tick.counts["credited"] += succeeded(answer)
    elif refusal(answer) or again.get("status") != "draft":
        tick.findings.append(unused(case, again, minor))
    else:
        raise TryLater(f"nobody knows yet whether the credits are on {raw['id']}")
    return again


def takes_credits(desk: Desk, raw: Json) -> bool:
    """Whether the draft is one still, and without our credits: another process may have been faster."""
    now = whole_invoice(desk.gateway, raw["id"])
    return now.get("status") == "draft" and not credits_on(now)


def spendable(desk: Desk, case: MirrorCase, raw: Json, at: datetime) -> int:
    """What the customer's credits of that moment would take off the invoice, in minor units."""
    account = desk.billing.one(case.subscription_id)
    if account is None or not account.subscriptions:
        return 0
    grants = account.purse.of(account.subscriptions[0].subscription.currency)
    return sum(use.amount_minor for use in credits_for(raw, our_id(raw, case.subscription_id), grants, at))


def note_missed(tick: Tick, case: MirrorCase, raw: Json) -> None:
    """Stripe made the invoice final before our credits were on it: they stay with the customer, and a divergence says so."""
    final = (raw.get("status_transitions") or {}).get("finalized_at")
    if not final or credits_on(raw) or given_back(raw):
        return
    if minor := spendable(tick.desk, case, raw, moment(final)):
        tick.findings.append(unused(case, raw, minor))


def unused(case: MirrorCase, raw: Json, minor: int) -> Finding:
    """Credits that came too late for Stripe's invoice: they stay with the customer."""
    return Finding(
        Kind.MIRROR_DRIFT, f"credits:{raw['id']}", raw["currency"], minor, account=account_of(case),
        ours=f"{minor} of credits stay unused", theirs=f"the invoice is {raw.get('status')}", evidence=(raw["id"],),
    )  # fmt: skip


def account_of(case: MirrorCase) -> AccountId | None:
    """Whose subscription it is."""
    return case.subscription.account if case.subscription else None
