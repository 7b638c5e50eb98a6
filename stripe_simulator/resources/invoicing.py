"""The life of an invoice: draft, open, and then paid, void or uncollectible."""

from typing import Any, Final

from stripe_simulator.ids import digest
from stripe_simulator.intervals import DAY
from stripe_simulator.resources.coupons import mark_used
from stripe_simulator.resources.customers import record_balance
from stripe_simulator.resources.fields import MINIMUM, live_customer
from stripe_simulator.resources.lines import totals
from stripe_simulator.resources.offered import types_for
from stripe_simulator.resources.payment_intents import cancel_intent, new_intent
from stripe_simulator.routes import timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json
from stripe_simulator.world import World

FINALIZED_AFTER_SECONDS: Final = 3_600
ON_SUBSCRIPTION: Final[list[Any]] = []  # called as told(world, invoice, what) with "paid", "failed" or "void"
BLANK: Final[Json] = {
    "object": "invoice",
    "account_tax_ids": None,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_paid_off_stripe": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "attempted": False,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None, "provider": None, "status": None},
    "automatically_finalizes_at": None,
    "custom_fields": None,
    "customer_account": None,
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "effective_at": None,
    "ending_balance": None,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "parent": None,
    "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "status": "draft",
    "status_transitions": {"finalized_at": None, "marked_uncollectible_at": None, "paid_at": None, "voided_at": None},
    "total_pretax_credit_amounts": [],
    "webhooks_delivered_at": None,
}


def draft(world: World, customer: Json, lines: list[Json], currency: str, **more: Any) -> Json:
    """The new draft invoice, told by invoice.created. more: any attribute, and `rates` by line id."""
    name = world.ids.new("in_")
    rates, subscription = more.pop("rates", {}), more.pop("subscription", None)
    row: Json = BLANK | {
        "id": name,
        "account_country": world.account.country,
        "account_name": world.account.name,
        "auto_advance": True,
        "billing_reason": "manual",
        "collection_method": "charge_automatically",
        "created": world.now(),
        "currency": currency,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{name}/lines"},
        "livemode": world.account.livemode,
        "metadata": {},
        "period_end": world.now(),
        "period_start": world.now(),
        "test_clock": customer["test_clock"],
        HIDDEN: {"rates": rates, "subscription": subscription, "intent": None},
    }
    row |= more
    row |= totals(world, row, lines)
    if customer["currency"] is None:
        world.change(customer, currency=currency)
    return world.add(row, "invoice.created")


def reckon(world: World, invoice: Json, lines: list[Json]) -> None:
    """Nothing; the draft has these lines and the sums that follow from them."""
    world.change(invoice, **totals(world, invoice, lines))


def finalize_later(world: World, invoice: Json) -> None:
    """Nothing; the draft is finalized in an hour, unless somebody does it before."""
    world.change(invoice, automatically_finalizes_at=world.now() + FINALIZED_AFTER_SECONDS)
    world.later(FINALIZED_AFTER_SECONDS, "invoice.finalize", invoice["id"])


def finalize(world: World, invoice: Json) -> None:
    """Nothing; the draft is open, and paid at once when nothing is due."""
    customer = live_customer(world, invoice["customer"])
    number = f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}"
    world.store.change(customer, {"next_invoice_sequence": customer["next_invoice_sequence"] + 1})
    url = f"https://invoice.stripe.com/i/{world.account.id}/{digest('invoice', invoice['id'])}"
    world.change(
        invoice,
        number=number,
        status="open",
        effective_at=world.now(),
        automatically_finalizes_at=None,
        hosted_invoice_url=url,
        invoice_pdf=f"{url}/pdf",
        webhooks_delivered_at=invoice["created"],
        status_transitions={**invoice["status_transitions"], "finalized_at": world.now()},
        **_balance_applied(world, invoice, customer),
    )
    mark_used(world, invoice["discounts"])
    if invoice["amount_due"]:
        _open_payment(world, invoice)
    world.emit("invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        mark_paid(world, invoice, 0)
    elif invoice["collection_method"] == "send_invoice":
        _send(world, invoice)


def _balance_applied(world: World, invoice: Json, customer: Json) -> Json:
    """What the customer's balance makes of the amount due: credit lowers it, debt raises it, small change is kept."""
    start = customer["balance"]
    wanted = invoice["total"] + start
    due = max(wanted, 0)
    too_small = 0 < due < MINIMUM.get(invoice["currency"], 0)
    end = due if too_small else min(wanted, 0)
    due = 0 if too_small else due
    if end != start:
        world.change(customer, "customer.updated", balance=end)
        kind = "invoice_too_small" if too_small else "applied_to_invoice"
        record_balance(world, customer, end - start, kind, invoice["currency"], invoice=invoice["id"])
    return {"starting_balance": start, "ending_balance": end, "amount_due": due, "amount_remaining": due}


def _open_payment(world: World, invoice: Json) -> None:
    """Nothing; the open invoice has its payment intent and the record that joins them."""
    currency = invoice["currency"]
    intent = new_intent(
        world,
        invoice["amount_due"],
        currency,
        invoice["customer"],
        description=invoice["description"] or f"Invoice {invoice['number']}",
        payment_method_types=types_for(currency, None, None),
        setup_future_usage="off_session" if invoice["parent"] else None,
        hidden={"invoice": invoice["id"]},
    )
    world.hide(invoice, intent=intent["id"])
    world.add(
        {
            "id": world.ids.new("inpay_"),
            "object": "invoice_payment",
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": world.now(),
            "currency": currency,
            "invoice": invoice["id"],
            "is_default": True,
            "livemode": invoice["livemode"],
            "payment": {"payment_intent": intent["id"], "type": "payment_intent"},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
            HIDDEN: {"payment_intent": intent["id"]},
        }
    )


def _send(world: World, invoice: Json) -> None:
    days = invoice[HIDDEN].get("days_until_due", 30)
    due = invoice["due_date"] or world.now() + days * DAY
    world.change(invoice, due_date=due)
    world.emit("invoice.sent", invoice)
    world.at(due, "invoice.overdue", invoice["id"])


@timed("invoice.overdue")
def overdue(world: World, name: str) -> None:
    """Nothing; an open invoice past its due date says so, and its subscription is past due."""
    invoice = world.get("invoice", name)
    if invoice["status"] == "open":
        world.emit("invoice.overdue", invoice)
        tell_subscription(world, invoice, "failed")


def mark_paid(world: World, invoice: Json, amount: int, *, outside: bool = False) -> None:
    """Nothing; the invoice is paid. outside: the money came another way, amount still counts as paid."""
    previous = world.change(
        invoice,
        status="paid",
        attempted=True,
        amount_paid=amount,
        amount_paid_off_stripe=amount if outside else 0,
        amount_remaining=0,
        auto_advance=False,
        next_payment_attempt=None,
        status_transitions={**invoice["status_transitions"], "paid_at": world.now()},
    )
    for payment in list(world.store.table("invoice_payment").newest("invoice", invoice["id"])):
        _close_payment(world, payment, "canceled" if outside else "paid", amount)
    world.emit("invoice.updated", invoice, previous)
    world.emit("invoice.paid", invoice)
    world.emit("invoice.payment_succeeded", invoice)
    tell_subscription(world, invoice, "paid")


def _close_payment(world: World, payment: Json, status: str, amount: int) -> None:
    if payment["status"] != "open":
        return
    moment = "paid_at" if status == "paid" else "canceled_at"
    transitions = {**payment["status_transitions"], moment: world.now()}
    paid = amount if status == "paid" else None
    world.change(payment, status=status, amount_paid=paid, status_transitions=transitions)
    if status == "paid":
        world.emit("invoice_payment.paid", payment)
    else:
        intent = world.get("payment_intent", payment["payment"]["payment_intent"])
        if intent["status"] not in ("succeeded", "canceled", "processing"):
            cancel_intent(world, intent, "void_invoice")


def void(world: World, invoice: Json) -> None:
    """Nothing; the invoice is void, and its payment canceled."""
    transitions = {**invoice["status_transitions"], "voided_at": world.now()}
    previous = world.change(
        invoice, status="void", auto_advance=False, next_payment_attempt=None, status_transitions=transitions
    )
    for payment in list(world.store.table("invoice_payment").newest("invoice", invoice["id"])):
        _close_payment(world, payment, "canceled", 0)
    world.emit("invoice.voided", invoice)
    world.emit("invoice.updated", invoice, previous)
    tell_subscription(world, invoice, "void")


def write_off(world: World, invoice: Json, reason: str = "user_forgiven") -> None:
    """Nothing; the invoice is uncollectible, and can still be paid or voided."""
    transitions = {**invoice["status_transitions"], "marked_uncollectible_at": world.now()}
    previous = world.change(
        invoice,
        status="uncollectible",
        auto_advance=False,
        next_payment_attempt=None,
        status_transitions=transitions,
        status_details={"uncollectible": {"reason": reason}},
    )
    world.emit("invoice.marked_uncollectible", invoice)
    world.emit("invoice.updated", invoice, previous)
    tell_subscription(world, invoice, "uncollectible")


def tell_subscription(world: World, invoice: Json, what: str) -> None:
    """Nothing; the invoice's subscription hears what became of it."""
    if invoice[HIDDEN]["subscription"]:
        for told in ON_SUBSCRIPTION:
            told(world, invoice, what)
