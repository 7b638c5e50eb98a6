"""How a subscription begins: its first invoice, paid inside the request, left open, or free while a trial lasts."""

from typing import Final

from stripe_simulator.intervals import DAY
from stripe_simulator.resources import collecting, invoicing
from stripe_simulator.resources.anchors import counted_from
from stripe_simulator.resources.cycles import bill, schedule
from stripe_simulator.resources.lines import TIMES, item_lines, item_parent, line, pricing, share_of
from stripe_simulator.resources.periods import items_of, period_after, period_of, whole_period
from stripe_simulator.routes import Call, timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

INCOMPLETE_FOR_SECONDS: Final = 23 * 3_600
WARNED_BEFORE_SECONDS: Final = 3 * DAY
PERIODS_MAX: Final = 250


def begin(world: World, row: Json, call: Call, start: int) -> None:
    """Nothing; the new subscription is told, invoiced and charged as far as something is due."""
    schedule(world, row)
    if row["status"] == "trialing":
        _begin_trial(world, row)
        return
    lines = [] if call.get("proration_behavior") == "none" else _first_lines(world, row, start)
    full = row["billing_cycle_anchor"] == world.now()
    if not lines and not full:
        announce(world, row)
        return
    lines = lines or _first_lines(world, row, start)
    _begin_charged(world, row, call, lines)


def _begin_trial(world: World, row: Json) -> None:
    start, end = period_of(row)
    lines = [_free_line(world, row, one, start, end) for one in items_of(row)]
    invoice = bill(world, row, lines, "subscription_create")
    invoicing.finalize(world, invoice)
    announce(world, row)
    world.at(max(end - WARNED_BEFORE_SECONDS, world.now()), "subscription.trial_will_end", row["id"])


def _free_line(world: World, row: Json, one: Json, start: int, end: int) -> Json:
    product = world.get("product", one["price"]["product"])["name"]
    more = {"parent": item_parent(row, one), "period": {"start": start, "end": end}, "subscription": row["id"]}
    more |= {"pricing": pricing(one["price"], "0"), "quantity": one.get("quantity", 0)}
    return line(world, 0, row["currency"], f"Trial period for {product}", **more)


def _begin_charged(world: World, row: Json, call: Call, lines: list[Json]) -> None:
    """Nothing; the first invoice is finalized and, when collection is automatic, paid or not."""
    automatic = row["collection_method"] == "charge_automatically"
    behavior = call.get("payment_behavior", "allow_incomplete")
    if automatic:
        world.change(row, status="incomplete")
    invoice = bill(world, row, lines, "subscription_create")
    if not automatic:
        invoicing.finalize_later(world, invoice)
        announce(world, row)
        return
    if (
        sum(one["amount"] for one in lines)
        and not collecting.payer_of(world, invoice)
        and behavior != "default_incomplete"
    ):
        raise invalid(
            "This customer has no attached payment source or default payment method. Please consider adding a default "
            "payment method.",
            None,
            "resource_missing",
        )
    invoicing.finalize(world, invoice)
    refused = None
    if invoice["status"] == "open" and behavior != "default_incomplete":
        refused = collecting.collect(world, invoice, off_session=bool(call.get("off_session")))
    if row["status"] == "incomplete":
        _still_incomplete(world, row, invoice)
    if row["status"] == "incomplete" and refused and behavior == "error_if_incomplete":
        refused.keeps_effects = False
        raise refused
    announce(world, row)


def _still_incomplete(world: World, row: Json, invoice: Json) -> None:
    intent = world.store.find("payment_intent", invoice[HIDDEN]["intent"] or "")
    if intent and intent["status"] == "processing":
        world.change(row, status="active")  # a bank debit counts until it comes back
    else:
        world.later(INCOMPLETE_FOR_SECONDS, "subscription.expire", row["id"])


def _first_lines(world: World, row: Json, start: int) -> list[Json]:
    """Lines from the start of service to the end of the current period; a partial period costs its share."""
    items, now = items_of(row), world.now()
    anchor, end = row["billing_cycle_anchor"], period_of(row)[1]
    lines = []
    if anchor > now:
        return [_share_line(world, row, one, now, *whole_period(items, counted_from(row), end)) for one in items]
    at = start
    for _ in range(PERIODS_MAX):
        period = period_after(items, counted_from(row), at)
        lines += [entry for one in items for entry in item_lines(world, row, one, *period)]
        at = period[1]
        if at > now:
            return lines
    raise invalid(f"A subscription cannot be backdated by more than {PERIODS_MAX} periods.", "backdate_start_date")


def _share_line(world: World, row: Json, one: Json, at: int, start: int, end: int) -> Json:
    amount = share_of(world, one, at, start, end)
    product = world.get("product", one["price"]["product"])["name"]
    more = {"parent": item_parent(row, one, proration=True), "period": {"start": at, "end": end}}
    more |= {"pricing": pricing(one["price"]), "quantity": one.get("quantity", 0), "subscription": row["id"]}
    return line(world, amount, row["currency"], f"{one.get('quantity', 0)} {TIMES} {product}", **more)


def announce(world: World, row: Json) -> None:
    """Nothing; the new subscription is told as it stands after its first payment."""
    world.hide(row, told=True)
    world.emit("customer.subscription.created", row)


@timed("subscription.expire")
def expire(world: World, name: str) -> None:
    """Nothing; a subscription incomplete for 23 hours is gone, and its invoice void."""
    row = world.get("subscription", name)
    if row["status"] != "incomplete":
        return
    previous = world.change(row, status="incomplete_expired", ended_at=world.now())
    world.emit("customer.subscription.updated", row, previous)
    invoice = world.get("invoice", row["latest_invoice"])
    if invoice["status"] == "open":
        invoicing.void(world, invoice)
