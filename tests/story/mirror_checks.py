"""What must hold at every quiet point of a story: one charger for each period, in time, and both sides agree."""

from datetime import timedelta
from typing import Any

from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables import billing
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.mirror import Wanted, goal
from billing_pipeline.domain.mirror_requests import differences, moment, seen
from billing_pipeline.domain.stripe_billing import is_credit
from billing_pipeline.flows.verify_books import verify_books
from tests.mirroring import MirrorDesk
from tests.seeds import fetch

LATEST = timedelta(hours=25)
RUNNING = {"active": {"active", "past_due", "unpaid"}, "trialing": {"trialing"}}
"""Our state -> the statuses of its mirror that say the same; a pause of ours is a hold there."""


def faults_of(desk: MirrorDesk) -> list[str]:
    """Everything that is not as it should be; an empty list is the good news."""
    living = fetch(desk.db, billing.subscriptions)
    found = [*two_chargers(desk), *billed_late(desk), *unsound(desk)]
    for ours in living:
        found += [*waits(desk, ours), *disagreements(desk, ours)]
    return found


def two_chargers(desk: MirrorDesk) -> list[str]:
    """Periods that Stripe charged for twice, or while the engine, or nobody, stands for them."""
    tiles = {
        (row["subscription_id"], row["period_start"]): row["charger"] for row in fetch(desk.db, billing.billed_periods)
    }
    charged = stripes_periods(desk)
    return [f"{one} is charged by Stripe and {tiles.get(one)}" for one in charged if tiles.get(one) != "stripe"] + [
        f"{one} is charged twice by Stripe" for one in set(charged) if charged.count(one) > 1
    ]


def stripes_periods(desk: MirrorDesk) -> list[tuple[str, Any]]:
    """Subscription and start of every period for which Stripe has money, or asks for it."""
    names = {one["id"]: one["metadata"]["subscription_id"] for one in desk.sim.objects("subscription")}
    return [
        (names[one["parent"]["subscription_details"]["subscription"]], service_start(one))
        for one in desk.sim.objects("invoice")
        if one["status"] in ("open", "paid") and one["amount_due"] and one["billing_reason"] == "subscription_cycle"
    ]


def service_start(invoice: dict[str, Any]) -> Any:
    """When the period begins that an invoice of Stripe's bills."""
    return moment(max(line["period"]["start"] for line in invoice["lines"]["data"] if not is_credit(line)))


def billed_late(desk: MirrorDesk) -> list[str]:
    """Periods that somebody charges for and whose invoice is missing, or was made more than 25 hours after they began."""
    issued = {row["invoice_id"]: row["issued_at"] for row in fetch(desk.db, billing.invoices)}
    return [
        f"{row['subscription_id']} from {row['period_start']:%Y-%m-%d} was billed {issued.get(row['invoice_id'])}"
        for row in fetch(desk.db, billing.billed_periods)
        if row["charger"] != "none"
        and (row["invoice_id"] not in issued or issued[row["invoice_id"]] - row["period_start"] > LATEST)
    ]


def waits(desk: MirrorDesk, ours: dict[str, Any]) -> list[str]:
    """A boundary that passed more than 25 hours ago and that nobody has billed."""
    boundary = ours["next_period_start"]
    if boundary is None or desk.clock.now() - boundary <= LATEST:
        return []
    return [f"{ours['subscription_id']} waits since {boundary:%Y-%m-%d %H:%M}: {ours['parked_reason']}"]


def unsound(desk: MirrorDesk) -> list[str]:
    """Promises of the books that do not hold."""
    findings = verify_books(LedgerStore(desk.db), desk.clock).findings
    return [f"{one.check}: {one.subject}: {one.detail}" for one in findings]


def disagreements(desk: MirrorDesk, ours: dict[str, Any]) -> list[str]:
    """In what mirror and ledger differ: price, quantity, period, status; nothing while a person has to decide."""
    name = ours["subscription_id"]
    case = desk.store.mirror_case(SubscriptionId(name))
    if case is None or case.subscription is None or desk.store.open_proposals(9):
        return []
    want = goal(case.subscription, case.links, case.mirrored, case.last, desk.clock.now(), "billing")
    if not case.mirrored.alive:
        return [f"{name} has no mirror: {ours['mirror_reason']}"] if isinstance(want, Wanted) else []
    if not isinstance(want, Wanted):
        return [f"{name} has a mirror: {want}"]
    raw = desk.theirs(name)
    told = [] if case.switching else [f"{name}: {words}" for words in differences(seen(raw), want).values()]
    expected = RUNNING.get(ours["state"], {"active", "past_due", "unpaid"})
    return told + ([] if raw["status"] in expected else [f"{name} is {ours['state']} here, {raw['status']} there"])
