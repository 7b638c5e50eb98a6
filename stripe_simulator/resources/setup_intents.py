"""Setup intents: a payment method is authenticated and saved without taking money."""

from typing import Any, Final

from stripe_simulator.cards import DECLINES, Decline
from stripe_simulator.declines import card_error, error_fields
from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.render import public
from stripe_simulator.resources.fields import copied, live_customer, merged_metadata, with_metadata
from stripe_simulator.resources.payment_methods import attach_to, test_card, usable
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import World

OPEN: Final = ("requires_payment_method", "requires_confirmation", "requires_action")
AUTHENTICATION_FAILED: Final = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
CARD_OPTIONS: Final = {"mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
TYPES: Final = ("card", "us_bank_account", "sepa_debit")


@route("post", "/v1/setup_intents", "SetupIntentCreateParams")
def create(world: World, call: Call) -> Json:
    """The new setup intent, confirmed when asked."""
    customer = live_customer(world, call["customer"])["id"] if call.get("customer") else None
    method = usable(world, call["payment_method"]) if call.get("payment_method") else None
    name = world.ids.new("seti_")
    automatic = call.get("automatic_payment_methods")
    allowed = call.get("allowed_payment_method_types")
    row: Json = {
        "id": name,
        "object": "setup_intent",
        "allowed_payment_method_types": allowed,
        "application": None,
        "automatic_payment_methods": {"allow_redirects": "always"} | automatic if automatic else None,
        "cancellation_reason": None,
        "client_secret": f"{name}_secret_{digest(world.ids.seed, name, 'secret')}",
        "created": world.now(),
        "customer": customer,
        "customer_account": None,
        "description": call.get("description"),
        "excluded_payment_method_types": call.get("excluded_payment_method_types") or None,
        "flow_directions": None,
        "last_setup_error": None,
        "latest_attempt": None,
        "livemode": world.account.livemode,
        "mandate": None,
        "metadata": merged_metadata({}, call.get("metadata")),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": method["id"] if method else None,
        "payment_method_configuration_details": None,
        "payment_method_options": {"card": CARD_OPTIONS},
        "payment_method_types": [t for t in TYPES if allowed is None or t in allowed],
        "single_use_mandate": None,
        "status": "requires_confirmation" if method else "requires_payment_method",
        "usage": call.get("usage", "off_session"),
    }
    world.add(row, "setup_intent.created")
    if call.get("confirm"):
        _attempt(world, row, method, call)
    return row


def _attempt(world: World, row: Json, method: Json | None, call: Call) -> None:
    """Nothing; the method is saved, or the intent waits for the customer. Raises Refused 402 on a decline."""
    if method is None:
        raise invalid(
            "You cannot confirm this SetupIntent because it's missing a payment method.",
            "payment_method",
            "setup_intent_unexpected_state",
        )
    world.change(row, payment_method=method["id"], last_setup_error=None)
    if method["type"] == "card":
        card = test_card(method)
        if not card.attaches:
            _declined(world, row, method, DECLINES[card.decline])
        if card.authenticate != "never":
            _ask(world, row, call.get("return_url"))
            return
    _succeed(world, row, method)


def _ask(world: World, row: Json, back: str | None) -> None:
    page_url = f"https://hooks.stripe.com/3d_secure_2/{row['id']}"
    script = {"type": "three_d_secure_redirect", "stripe_js": page_url}
    action: Json = {"type": "use_stripe_sdk", "use_stripe_sdk": script}
    if back:
        action = {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": page_url}}
    world.change(row, status="requires_action", next_action=action)
    world.emit("setup_intent.requires_action", row)


def _record(world: World, row: Json, method: Json, status: str, error: Json | None) -> str:
    """The id of the setup attempt."""
    attempt = world.add(
        {
            "id": world.ids.new("setatt_"),
            "object": "setup_attempt",
            "application": None,
            "created": world.now(),
            "customer": row["customer"],
            "customer_account": None,
            "flow_directions": None,
            "livemode": row["livemode"],
            "on_behalf_of": None,
            "payment_method": method["id"],
            "payment_method_details": {"type": method["type"], method["type"]: {}},
            "setup_error": error,
            "setup_intent": row["id"],
            "status": status,
            "usage": row["usage"],
        }
    )
    return str(attempt["id"])


def _declined(world: World, row: Json, method: Json, why: Decline) -> None:
    error = error_fields(why, None, method)
    attempt = _record(world, row, method, "failed", error)
    world.change(
        row, status="requires_payment_method", payment_method=None, last_setup_error=error, latest_attempt=attempt
    )
    world.emit("setup_intent.setup_failed", row)
    raise card_error(why, None, method, setup_intent=row)


def _succeed(world: World, row: Json, method: Json) -> None:
    world.hide(method, authenticated=True)
    if row["customer"]:
        attach_to(world, method["id"], world.get("customer", row["customer"]))
    attempt = _record(world, row, method, "succeeded", None)
    world.change(row, status="succeeded", next_action=None, latest_attempt=attempt)
    world.emit("setup_intent.succeeded", row)


def authenticate(world: World, row: Json, *, passed: bool) -> None:
    """Nothing; the customer passed or failed the issuer's challenge."""
    if row["status"] != "requires_action":
        raise invalid(f"{row['id']} is {row['status']}: nothing asks its customer to authenticate")
    method = world.get("payment_method", row["payment_method"])
    if passed:
        _succeed(world, row, method)
        return
    why = Decline("setup_intent_authentication_failure", None, AUTHENTICATION_FAILED, None, None)
    error = error_fields(why, None, method) | {"type": "invalid_request_error"}
    attempt = _record(world, row, method, "failed", error)
    changes: dict[str, Any] = {"status": "requires_payment_method", "payment_method": None, "next_action": None}
    world.change(row, **changes, last_setup_error=error, latest_attempt=attempt)
    world.emit("setup_intent.setup_failed", row)


@route("post", "/v1/setup_intents/*/confirm", "SetupIntentConfirmParams", public="secret")
def confirm(world: World, call: Call) -> Json:
    """The setup intent after one attempt."""
    row = world.get("setup_intent", call.ids[0])
    if row["status"] not in OPEN:
        raise unexpected(row, "confirmed")
    name = call.get("payment_method") or row["payment_method"]
    _attempt(world, row, usable(world, name) if name else None, call)
    return row


@route("post", "/v1/setup_intents/*/cancel", "SetupIntentCancelParams")
def cancel(world: World, call: Call) -> Json:
    """The canceled setup intent."""
    row = world.get("setup_intent", call.ids[0])
    if row["status"] not in OPEN:
        raise unexpected(row, "canceled")
    world.change(row, status="canceled", cancellation_reason=call.get("cancellation_reason"), next_action=None)
    world.emit("setup_intent.canceled", row)
    return row


@route("get", "/v1/setup_intents/*", "SetupIntentRetrieveParams", public="secret")
def retrieve(world: World, call: Call) -> Json:
    """One setup intent."""
    return world.get("setup_intent", call.ids[0])


@route("post", "/v1/setup_intents/*", "SetupIntentUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed setup intent."""
    row = world.get("setup_intent", call.ids[0])
    changes = with_metadata(call, row, copied(call, ("description",)))
    if "customer" in call.params:
        changes["customer"] = live_customer(world, call["customer"])["id"]
    if call.get("payment_method"):
        changes |= {"payment_method": usable(world, call["payment_method"])["id"], "status": "requires_confirmation"}
    world.change(row, **changes)
    return row


@route("get", "/v1/setup_intents", "SetupIntentListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of setup intents, of one customer or payment method when named."""
    wanted = {k: call[k] for k in ("customer", "payment_method") if k in call.params}
    by = ("customer", [wanted["customer"]]) if "customer" in wanted else None
    keep = lambda r: all(r[k] == v for k, v in wanted.items())  # noqa: E731
    return page(world, "setup_intent", call.params, "/v1/setup_intents", by, keep)


@route("get", "/v1/setup_attempts", "SetupAttemptListParams")
def attempts(world: World, call: Call) -> Json:
    """A page of the attempts of one setup intent."""
    return page(world, "setup_attempt", call.params, "/v1/setup_attempts", ("setup_intent", [call["setup_intent"]]))


def unexpected(row: Json, wanted: str) -> Refused:
    """The error for a move that the setup intent's state does not have; it carries the setup intent."""
    return Refused(
        400,
        f"This SetupIntent could not be {wanted} because it has a status of {row['status']}.",
        "setup_intent_unexpected_state",
        extra={"setup_intent": public(row)},
    )
