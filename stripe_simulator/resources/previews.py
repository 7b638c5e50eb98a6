"""Invoice previews: the change is really made, its invoice is looked at, and everything is taken back."""

from typing import Any

from stripe_simulator.ids import digest
from stripe_simulator.render import public
from stripe_simulator.resources import changes, cycles, invoicing, subscriptions
from stripe_simulator.resources.coupons import discounts
from stripe_simulator.resources.fields import currency_of, live_customer
from stripe_simulator.resources.invoiceitems import attach_pending
from stripe_simulator.resources.invoiceitems import create as create_item
from stripe_simulator.resources.periods import period_of
from stripe_simulator.resources.subscription_terms import ENDED
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import CLOCK_KIND, World

NOTHING = "No upcoming invoices for customer"
SAME_NAMES = ("items", "proration_behavior", "proration_date", "billing_cycle_anchor", "trial_end")


@route("post", "/v1/invoices/create_preview", "InvoiceCreatePreviewParams")
def create_preview(world: World, call: Call) -> Json:
    """The invoice that would come, with nothing changed."""
    journal = world.store.journal if world.store.journal is not None else []
    mark, timers, count = len(journal), world.timers.sequence, world.ids.count
    seconds, listeners, world.listeners = world.clock.seconds, world.listeners, []
    try:
        return _as_preview(_invoice(world, call))
    finally:
        world.store.undo_to(mark)
        world.timers.forget_after(timers)
        world.ids.count, world.clock.seconds, world.listeners = count, seconds, listeners


def _as_preview(invoice: Json) -> Json:
    name = f"upcoming_in_{digest('preview', invoice['id'])}"
    lines = {**invoice["lines"], "data": [{**one, "invoice": None} for one in invoice["lines"]["data"]]}
    changed = {"id": name, "lines": lines, "status": "draft", "number": None, "auto_advance": True, "attempted": False}
    undone = dict.fromkeys(("hosted_invoice_url", "invoice_pdf", "effective_at"))
    return public({**invoice, **changed, **undone, "attempt_count": 0})


def _invoice(world: World, call: Call) -> Json:
    """A stored invoice that looks like the next one. Raises invoice_upcoming_none when there would be none."""
    details = call.get("subscription_details") or {}
    name = call.get("subscription")
    if name is None and details.get("items"):
        return _of_new(world, call, details)
    customer = _customer(world, call, name)
    for item in call.get("invoice_items") or []:
        extra = {"subscription": name} if name else {}
        create_item(world, Call("/v1/invoiceitems", (), {**item, **extra, "customer": customer["id"]}))
    if name is None:
        return _pending_only(world, customer, call)
    row = subscriptions.alive(world, name)
    if given := discounts(world, call.get("discounts"), {"subscription": name}):
        world.change(row, discounts=given)
    return _of_running(world, row, details)


def _customer(world: World, call: Call, subscription: str | None) -> Json:
    row = world.given("subscription", subscription, "subscription") if subscription else call.params
    return live_customer(world, row.get("customer", ""))


def _pending_only(world: World, customer: Json, call: Call) -> Json:
    running = world.store.table("subscription").newest("customer", customer["id"])
    if row := next((s for s in running if s["status"] not in ENDED), None):
        return _of_running(world, row, {})
    currency = currency_of(call.get("currency") or customer["currency"] or world.account.currency)
    invoice = invoicing.draft(world, customer, [], currency)
    attach_pending(world, invoice, customer["id"])
    return _unless_empty(invoice)


def _unless_empty(invoice: Json | None) -> Json:
    if invoice is None or not invoice["lines"]["data"]:
        raise Refused(404, NOTHING, "invoice_upcoming_none")
    return invoice


def _of_running(world: World, row: Json, details: Json) -> Json:
    if details.get("cancel_now"):
        if details.get("proration_behavior", "create_prorations") != "none":
            changes.credit_unused(world, row, row["items"]["data"], details.get("proration_date", world.now()))
        return _unless_empty(changes.invoice_pending(world, row, "subscription_update"))
    same: dict[str, Any] = {k: details[k] for k in SAME_NAMES if k in details}
    if invoice := changes.apply(world, row, Call("", (), same)):
        return invoice
    if details.get("cancel_at_period_end", row["cancel_at_period_end"]):
        return _unless_empty(changes.invoice_pending(world, row, "subscription_cycle"))
    return _next_cycle(world, row)


def _next_cycle(world: World, row: Json) -> Json:
    """The invoice at the end of the current period; the clock is put back by the caller."""
    end = period_of(row)[1]
    if world.on:
        world.hide(world.get(CLOCK_KIND, world.on), now=end)
    else:
        world.clock.seconds = end
    if row["status"] == "trialing":
        world.change(row, status="active")
    cycles.renew(world, row)
    return world.get("invoice", row["latest_invoice"])


def _of_new(world: World, call: Call, details: Json) -> Json:
    params = {k: v for k, v in details.items() if k in ("items", "proration_behavior", "trial_end", "billing_mode")}
    anchor = details.get("billing_cycle_anchor") or {}
    if anchor.get("type") == "timestamp":
        if "timestamp" not in anchor:
            name = "subscription_details[billing_cycle_anchor][timestamp]"
            raise invalid(f"Missing required param: {name}.", name, "parameter_missing")
        params["billing_cycle_anchor"] = anchor["timestamp"]
    params |= {"customer": call.get("customer", ""), "payment_behavior": "default_incomplete"}
    if "discounts" in call.params:
        params["discounts"] = call["discounts"]
    row = subscriptions.create(world, Call("/v1/subscriptions", (), params))
    invoice = world.store.find("invoice", row["latest_invoice"] or "")
    return invoice or _next_cycle(world, row)
