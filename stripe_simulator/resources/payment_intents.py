"""Payment intents: seven states, at most one successful charge each."""

from typing import Any, Final

from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.resources import charges, payments
from stripe_simulator.resources.fields import (
    chargeable,
    copied,
    currency_of,
    live_customer,
    merged_metadata,
    with_metadata,
)
from stripe_simulator.resources.offered import chosen_types, types_for
from stripe_simulator.resources.payment_methods import usable
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import World

OPEN: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE: Final = (*OPEN, "requires_capture")
ALWAYS: Final = {"metadata", "description", "receipt_email", "transfer_group"}  # may change in every state
PLAIN: Final = (
    "description", "receipt_email", "setup_future_usage", "shipping", "statement_descriptor",
    "statement_descriptor_suffix", "transfer_group",
)  # fmt: skip
BLANK: Final[Json] = {
    "object": "payment_intent",
    "allowed_payment_method_types": None,
    "amount_capturable": 0,
    "amount_details": {"tip": {}},
    "amount_received": 0,
    "application": None,
    "application_fee_amount": None,
    "automatic_payment_methods": None,
    "canceled_at": None,
    "cancellation_reason": None,
    "confirmation_method": "automatic",
    "customer": None,
    "customer_account": None,
    "description": None,
    "excluded_payment_method_types": None,
    "last_payment_error": None,
    "latest_charge": None,
    "next_action": None,
    "on_behalf_of": None,
    "payment_method": None,
    "payment_method_configuration_details": None,
    "payment_method_options": {
        "card": {
            "installments": None,
            "mandate_options": None,
            "network": None,
            "request_three_d_secure": "automatic",
        }
    },
    "processing": None,
    "receipt_email": None,
    "review": None,
    "setup_future_usage": None,
    "shipping": None,
    "statement_descriptor": None,
    "statement_descriptor_suffix": None,
    "status": "requires_payment_method",
    "transfer_data": None,
    "transfer_group": None,
}


def new_intent(world: World, amount: int, currency: str, customer: str | None, **more: Any) -> Json:
    """The stored intent, told by payment_intent.created. more: any attribute."""
    name = world.ids.new("pi_")
    hidden = more.pop("hidden", {})
    row: Json = BLANK | {
        "id": name,
        "amount": amount,
        "capture_method": "automatic_async",
        "client_secret": f"{name}_secret_{digest(world.ids.seed, name, 'secret')}",
        "created": world.now(),
        "currency": currency,
        "customer": customer,
        "livemode": world.account.livemode,
        "metadata": {},
        "payment_method_types": ["card"],
        HIDDEN: hidden,
    }
    row |= more
    if row["payment_method"]:
        row["status"] = "requires_confirmation"
    return world.add(row, "payment_intent.created")


@route("post", "/v1/payment_intents", "PaymentIntentCreateParams")
def create(world: World, call: Call) -> Json:
    """The new intent, confirmed when asked. Raises Refused 402 with the intent inside when the card declines."""
    currency = currency_of(call["currency"])
    amount = chargeable(call["amount"], currency)
    _check_flags(call)
    customer = live_customer(world, call["customer"])["id"] if call.get("customer") else None
    allowed = call.get("allowed_payment_method_types")
    excluded = call.get("excluded_payment_method_types") or None
    types = types_for(currency, allowed, excluded)
    method = usable(world, call["payment_method"]) if call.get("payment_method") else None
    more = copied(call, PLAIN)
    more |= {
        "metadata": merged_metadata({}, call.get("metadata")),
        "allowed_payment_method_types": allowed,
        "excluded_payment_method_types": excluded,
        "capture_method": call.get("capture_method", "automatic_async"),
        "confirmation_method": call.get("confirmation_method", "automatic"),
        "payment_method": method["id"] if method else None,
        "payment_method_types": types,
        "hidden": {"return_url": call.get("return_url")},
    }
    if automatic := call.get("automatic_payment_methods"):
        more["automatic_payment_methods"] = {"allow_redirects": "always"} | automatic
    if method and not call.get("confirm"):
        payments.check_method({"customer": customer, "payment_method_types": types}, method)
    if call.get("confirm"):
        payments.check_method({"customer": customer, "payment_method_types": types}, _needed(method))
    row = new_intent(world, amount, currency, customer, **more)
    if call.get("confirm"):
        _attempt(world, row, call, method)
    return row


def _check_flags(call: Call) -> None:
    if not call.get("confirm"):
        for name in ("off_session", "error_on_requires_action", "return_url"):
            if call.get(name):
                raise invalid(f"The parameter {name} can only be used with confirm=true.", name)
    chosen = [
        n
        for n in ("allowed_payment_method_types", "automatic_payment_methods", "payment_method_configuration")
        if n in call.params
    ]
    if len(chosen) > 1:
        raise invalid(f"You may only specify one of these parameters: {', '.join(chosen)}.", chosen[1])
    if call.get("statement_descriptor") and call.get("allowed_payment_method_types") == ["card"]:
        raise invalid("Use statement_descriptor_suffix for card charges.", "statement_descriptor")
    if len(call.get("statement_descriptor_suffix") or "") > 22:
        raise invalid("The statement descriptor suffix is at most 22 characters.", "statement_descriptor_suffix")


def _needed(method: Json | None) -> Json:
    if method is None:
        raise invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the "
            "PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a "
            "payment method.",
            "payment_method",
            "payment_intent_unexpected_state",
        )
    return method


def _attempt(world: World, row: Json, call: Call, chosen: Json | None) -> None:
    method = _needed(chosen or (usable(world, row["payment_method"]) if row["payment_method"] else None))
    if call.get("return_url"):
        world.hide(row, return_url=call["return_url"])
    off = bool(call.get("off_session"))
    payments.attempt(world, row, method, off_session=off, refuse_action=bool(call.get("error_on_requires_action")))
    if row["setup_future_usage"] and row["customer"] and not method["customer"]:
        world.change(method, customer=row["customer"])
        world.emit("payment_method.attached", method)


@route("get", "/v1/payment_intents/*", "PaymentIntentRetrieveParams", public="secret")
def retrieve(world: World, call: Call) -> Json:
    """One intent."""
    return world.get("payment_intent", call.ids[0])


@route("post", "/v1/payment_intents/*", "PaymentIntentUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed intent; its last error is cleared. A finished one takes only metadata and description."""
    row = world.get("payment_intent", call.ids[0])
    if row["status"] not in OPEN and call.params.keys() - {
        "metadata",
        "description",
        "receipt_email",
        "transfer_group",
    }:
        raise unexpected(row, "updated")
    changes = with_metadata(call, row, copied(call, PLAIN))
    if "currency" in call.params:
        changes["currency"] = currency_of(call["currency"])
    if "amount" in call.params:
        changes["amount"] = chargeable(call["amount"], str(changes.get("currency") or row["currency"]))
    if "customer" in call.params:
        changes["customer"] = live_customer(world, call["customer"])["id"]
    changes |= chosen_types(row | changes, call)
    if call.get("payment_method"):
        method = usable(world, call["payment_method"])
        payments.check_method(row | changes, method)
        changes["payment_method"] = method["id"]
        changes["status"] = "requires_confirmation"
    if row["status"] in OPEN:
        changes["last_payment_error"] = None
    world.change(row, **changes)
    return row


@route("post", "/v1/payment_intents/*/confirm", "PaymentIntentConfirmParams", public="secret")
def confirm(world: World, call: Call) -> Json:
    """The intent after one attempt. Raises Refused 402 when the card declines."""
    row = world.get("payment_intent", call.ids[0])
    if row["status"] not in OPEN:
        raise unexpected(row, "confirmed")
    if "receipt_email" in call.params or "setup_future_usage" in call.params:
        world.change(row, **copied(call, ("receipt_email", "setup_future_usage")))
    if chosen := chosen_types(row, call):
        world.change(row, **chosen)
    _attempt(world, row, call, usable(world, call["payment_method"]) if call.get("payment_method") else None)
    return row


@route("post", "/v1/payment_intents/*/cancel", "PaymentIntentCancelParams")
def cancel(world: World, call: Call) -> Json:
    """The canceled intent; an uncaptured charge is released."""
    row = world.get("payment_intent", call.ids[0])
    if row["status"] not in CANCELABLE:
        raise unexpected(row, "canceled")
    cancel_intent(world, row, call.get("cancellation_reason"))
    return row


def cancel_intent(world: World, row: Json, reason: str | None) -> None:
    """Nothing; the intent is canceled for good."""
    if row["status"] == "requires_capture":
        charge = world.get("charge", row["latest_charge"])
        world.change(charge, refunded=True, amount_refunded=charge["amount"])
        world.emit("charge.refunded", charge)
    world.change(
        row,
        status="canceled",
        canceled_at=world.now(),
        cancellation_reason=reason,
        amount_capturable=0,
        next_action=None,
    )
    world.emit("payment_intent.canceled", row)
    payments.settled(world, row)


@route("post", "/v1/payment_intents/*/capture", "PaymentIntentCaptureParams")
def capture(world: World, call: Call) -> Json:
    """The intent with the authorized money, or a part of it, taken; the rest is released."""
    row = world.get("payment_intent", call.ids[0])
    if row["status"] != "requires_capture":
        raise unexpected(row, "captured")
    amount = call.get("amount_to_capture", row["amount_capturable"])
    if not 0 < amount <= row["amount_capturable"]:
        raise invalid("The amount to capture exceeds the authorized amount.", "amount_to_capture", "amount_too_large")
    charge = world.get("charge", row["latest_charge"])
    released = charge["amount"] - amount
    world.change(charge, captured=True, amount_captured=amount, amount_refunded=released)
    charges.settle(world, charge)
    world.emit("charge.captured", charge)
    payments.win(world, row, charge)
    return row


@route("get", "/v1/payment_intents", "PaymentIntentListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of intents, of one customer when named."""
    by = ("customer", [call["customer"]]) if "customer" in call.params else None
    return page(world, "payment_intent", call.params, "/v1/payment_intents", by)


@route("get", "/v1/payment_intents/search", "PaymentIntentSearchParams")
def find_intents(world: World, call: Call) -> Json:
    """One page of intents that match the query."""
    return search(world, "payment_intent", call.params, "/v1/payment_intents/search")


def unexpected(row: Json, wanted: str) -> Refused:
    """The error for a move that the intent's state does not have; it carries the intent."""
    from stripe_simulator.render import public

    return Refused(
        400,
        f"This PaymentIntent could not be {wanted} because it has a status of {row['status']}.",
        "payment_intent_unexpected_state",
        extra={"payment_intent": public(row)},
    )
