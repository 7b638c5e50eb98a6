"""Collecting an invoice: who pays, what a failed attempt means, and when the next one comes."""

from stripe_simulator.intervals import DAY
from stripe_simulator.resources import payments
from stripe_simulator.resources.invoicing import finalize, mark_paid, tell_subscription
from stripe_simulator.routes import timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import World


@timed("invoice.finalize")
def finalize_due(world: World, name: str) -> None:
    """Nothing; a draft that advances by itself is finalized and collected."""
    invoice = world.store.find("invoice", name)
    gone = invoice and world.get("customer", invoice["customer"]).get("deleted")
    if invoice and not gone and invoice["status"] == "draft" and invoice["auto_advance"]:
        finalize(world, invoice)
        if invoice["status"] == "open" and invoice["collection_method"] == "charge_automatically":
            collect(world, invoice)


@timed("invoice.collect")
def collect_due(world: World, name: str) -> None:
    """Nothing; a finalized invoice that advances by itself is collected, once its hour has passed."""
    invoice = world.store.find("invoice", name)
    waits = invoice and invoice["status"] == "open" and invoice["auto_advance"] and not invoice["attempted"]
    if invoice and waits and invoice["collection_method"] == "charge_automatically":
        collect(world, invoice)


def payer_of(world: World, invoice: Json) -> Json | None:
    """The payment method Billing would charge; None when there is none."""
    subscription = world.store.find("subscription", invoice[HIDDEN]["subscription"] or "")
    customer = world.get("customer", invoice["customer"])
    names = (
        invoice["default_payment_method"],
        subscription and subscription["default_payment_method"],
        None if customer.get("deleted") else customer["invoice_settings"]["default_payment_method"],
    )
    name = next((n for n in names if n), None)
    return world.store.find("payment_method", name) if name else None


def collect(
    world: World, invoice: Json, method: Json | None = None, *, off_session: bool = True, manual: bool = False
) -> Refused | None:
    """What the attempt was refused with, or None. The invoice, its intent and its subscription tell the rest.

    manual: somebody asked for it; such attempts count only when they are the first.
    """
    intent = world.get("payment_intent", invoice[HIDDEN]["intent"])
    if intent["status"] in ("processing", "succeeded"):
        return None
    method = method or payer_of(world, invoice)
    counts = not manual or not invoice["attempted"]
    world.change(invoice, attempted=True, attempt_count=invoice["attempt_count"] + int(counts))
    if method is None:
        missing = invalid(
            "There is no default payment method to charge.", None, "invoice_payment_intent_requires_action"
        )
        _failed(world, invoice, retry=False)
        return missing
    try:
        payments.attempt(world, intent, method, off_session=off_session)
    except Refused as refused:
        if refused.status != 402:
            _failed(world, invoice, retry=True)
        return refused
    return None


def intent_settled(world: World, intent: Json) -> None:
    """Nothing; an invoice follows what became of its payment intent."""
    name = intent[HIDDEN].get("invoice")
    invoice = world.store.find("invoice", name) if name else None
    if invoice is None or invoice["status"] not in ("open", "uncollectible"):
        return
    if intent["status"] == "succeeded":
        mark_paid(world, invoice, intent["amount_received"])
    elif intent["status"] == "requires_action":
        world.emit("invoice.payment_action_required", invoice)
    elif intent["status"] == "requires_payment_method":
        error = intent["last_payment_error"] or {}
        if error.get("decline_code") == "authentication_required":
            world.emit("invoice.payment_action_required", invoice)
        _failed(world, invoice, retry=True)


def _failed(world: World, invoice: Json, *, retry: bool) -> None:
    """Nothing; the attempt failed: the next one is planned, or the subscription is given up."""
    days = world.account.retry_days
    tried = invoice["attempt_count"]
    again = retry and invoice["auto_advance"] and 0 < tried <= len(days) and _renews(world, invoice)
    at = world.now() + days[tried - 1] * DAY if again else None
    previous = world.change(invoice, next_payment_attempt=at)
    world.emit("invoice.payment_failed", invoice)
    world.emit("invoice.updated", invoice, previous)
    if at:
        world.at(at, "invoice.retry", invoice["id"])
    tell_subscription(world, invoice, "failed" if again or tried <= len(days) else "given_up")


def _renews(world: World, invoice: Json) -> bool:
    """Whether Billing retries the invoice: it belongs to a subscription that has begun."""
    subscription = world.store.find("subscription", invoice[HIDDEN]["subscription"] or "")
    return subscription is not None and subscription["status"] not in ("incomplete", "canceled", "incomplete_expired")


@timed("invoice.retry")
def retry(world: World, name: str) -> None:
    """Nothing; an open invoice whose day has come is tried again."""
    invoice = world.get("invoice", name)
    if invoice["status"] == "open" and invoice["auto_advance"] and invoice["next_payment_attempt"] == world.now():
        collect(world, invoice)


payments.SETTLED.append(intent_settled)
