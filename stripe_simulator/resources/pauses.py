"""Two kinds of pause: collection held while the subscription runs on, and the subscription itself stopped."""

from typing import Any

from stripe_simulator.intervals import next_boundary
from stripe_simulator.resources import changes, collecting, cycles, invoicing
from stripe_simulator.resources.anchors import counted_from
from stripe_simulator.resources.periods import cycle_of, items_of, listed, period_of, with_period
from stripe_simulator.routes import Call, timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

RESUMES = 23 * 3_600  # seconds an unpaid resumption invoice stays open


def pause_collection(world: World, row: Json, given: Any) -> None:
    """Nothing; invoices are from now on kept, voided or written off; an empty string collects again."""
    if not given:
        world.change(row, pause_collection=None)
        return
    until = given.get("resumes_at")
    world.change(row, pause_collection={"behavior": given["behavior"], "resumes_at": until})
    if until is not None:
        if until <= world.now():
            raise invalid("resumes_at must lie in the future.", "pause_collection[resumes_at]")
        world.at(until, "subscription.unhold", row["id"])


@timed("subscription.unhold")
def unhold(world: World, name: str) -> None:
    """Nothing; the day has come on which collection goes on."""
    row = world.get("subscription", name)
    if row["pause_collection"] and row["pause_collection"]["resumes_at"] == world.now():
        world.change(row, "customer.subscription.updated", pause_collection=None)


def mark_paused(world: World, row: Json, why: str) -> None:
    """Nothing; the subscription is paused: no invoices, and its period stands still."""
    details = {"subscription": {"type": why}, "transitioned_at": world.now(), "type": "subscription"}
    world.hide(row, cycle_at=None)
    previous = world.change(row, status="paused", status_details={"paused": details})
    world.emit("customer.subscription.paused", row)
    world.emit("customer.subscription.updated", row, previous)


def pause(world: World, row: Json, call: Call) -> None:
    """Nothing; the subscription is paused. Raises Refused where Stripe cannot pause."""
    if row["billing_mode"]["type"] != "flexible":
        raise invalid("Only subscriptions in flexible billing mode can be paused.")
    if row["status"] not in ("active", "trialing", "past_due"):
        raise invalid(f"A subscription that is {row['status']} cannot be paused.")
    wish = ((call.get("bill_for") or {}).get("unused_time_from") or {}).get("type", "now")
    start, _ = period_of(row)
    if wish != "none" and row["status"] != "trialing":
        changes.credit_unused(world, row, items_of(row), start if wish == "item_current_period_start" else world.now())
    mark_paused(world, row, "pause_requested")
    if call.get("invoicing_behavior") == "invoice":
        changes.charge(world, row, changes.invoice_pending(world, row, "subscription_update"), call)


def resume(world: World, row: Json, call: Call) -> None:
    """Nothing; the subscription runs again at once, or when its resumption invoice is settled."""
    if row["status"] != "paused":
        raise invalid(f"A subscription that is {row['status']} cannot be resumed; only a paused one can.")
    if row["collection_method"] != "charge_automatically":
        raise invalid("Only subscriptions that charge automatically can be resumed.")
    anchor = (call.get("billing_cycle_anchor") or {}).get("type", "now")
    if anchor == "now":
        invoice: Json | None = changes.begin_cycle(world, row, items_of(row), world.now())
    else:
        invoice = _rest_of_period(world, row, call)
    if invoice is None:
        _run(world, row)
        return
    world.hide(row, resume_invoice=invoice["id"])
    invoicing.finalize(world, invoice)
    if invoice["status"] == "open":
        world.later(RESUMES, "subscription.give_up_resuming", row["id"])
        if call.get("payment_behavior", "resume_on_payment_attempt") == "resume_on_payment_attempt":
            world.change(invoice, auto_advance=False)
        collecting.collect(world, invoice)


def _rest_of_period(world: World, row: Json, call: Call) -> Json | None:
    """The invoice for the rest of the period on the old anchor; None when nothing is charged for it."""
    items, now = items_of(row), world.now()
    end = next_boundary(counted_from(row), *cycle_of(items), now)
    world.change(row, items=listed(row["id"], with_period(items, now, end)))
    cycles.schedule(world, row)
    if call.get("proration_behavior", "create_prorations") == "none":
        return None
    for one in items_of(row):
        changes.debit_rest(world, row, one, call.get("proration_date", now))
    return changes.invoice_pending(world, row, "subscription_update")


def _run(world: World, row: Json) -> None:
    world.hide(row, resume_invoice=None)
    previous = world.change(row, status="active", status_details=None)
    world.emit("customer.subscription.resumed", row)
    world.emit("customer.subscription.updated", row, previous)


@timed("subscription.give_up_resuming")
def give_up(world: World, name: str) -> None:
    """Nothing; a resumption nobody paid for is undone: its invoice is void and the pause goes on."""
    row = world.get("subscription", name)
    invoice = world.store.find("invoice", row[HIDDEN]["resume_invoice"] or "")
    if row["status"] == "paused" and invoice and invoice["status"] == "open":
        world.hide(row, resume_invoice=None, cycle_at=None)
        invoicing.void(world, invoice)


def told(world: World, invoice: Json, what: str) -> None:
    """Nothing; a paused subscription runs again when its resumption invoice is paid or written off."""
    row = world.store.find("subscription", invoice[HIDDEN]["subscription"])
    if row and row["status"] == "paused" and row[HIDDEN]["resume_invoice"] == invoice["id"]:
        if what in ("paid", "uncollectible"):
            _run(world, row)
        elif what == "void":
            world.hide(row, resume_invoice=None, cycle_at=None)


invoicing.ON_SUBSCRIPTION.append(told)
