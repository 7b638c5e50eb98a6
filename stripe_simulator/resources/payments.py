"""One attempt to take money: the moves of a payment intent, whoever asked for it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from stripe_simulator.cards import BANK_DAYS, BANKS, DECLINES, Decline
from stripe_simulator.declines import card_error, error_fields
from stripe_simulator.resources import charges
from stripe_simulator.resources.payment_methods import decline_now, test_card
from stripe_simulator.routes import timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, Refused, invalid
from stripe_simulator.world import World

DAY: Final = int(timedelta(days=1).total_seconds())
AUTHORIZED_FOR_SECONDS: Final = 7 * DAY
DISPUTED_AFTER_SECONDS: Final = 5
BANK_DISPUTED_AFTER_SECONDS: Final = 2 * DAY
BANK_MESSAGES: Final = {
    "insufficient_funds": "The customer's account has insufficient funds to cover this payment.",
    "account_closed": "The customer's bank account has been closed.",
    "no_account": "The customer's bank account could not be located.",
    "debit_not_authorized": "The customer has notified their bank that this payment was unauthorized.",
}
AUTHENTICATION_FAILED: Final = (
    "We are unable to authenticate your payment method. Please choose a different payment method and try again."
)
FINISHED: Final = ("succeeded", "canceled")

SETTLED: Final[list[Callable[[World, Json], None]]] = []  # told whenever an intent has found its state


def settled(world: World, intent: Json) -> None:
    """Nothing; whoever waits for the intent (an invoice) is told."""
    for told in SETTLED:
        told(world, intent)


def attempt(world: World, intent: Json, method: Json, *, off_session: bool, refuse_action: bool = False) -> None:
    """Nothing; the intent took the money, waits for something, or Refused says why not (with the failure written)."""
    check_method(intent, method)
    world.change(intent, payment_method=method["id"], last_payment_error=None, next_action=None)
    world.hide(intent, off_session=off_session)
    if method["type"] in BANK_DAYS:
        debit(world, intent, method)
        return
    if needs_authentication(method, off_session=off_session):
        if off_session or refuse_action:
            decline(world, intent, method, DECLINES["authentication_required"])
        ask(world, intent)
        return
    charge_card(world, intent, method)


def check_method(intent: Json, method: Json) -> None:
    """Nothing. Raises Refused when the method may not pay this intent."""
    if method["type"] not in intent["payment_method_types"]:
        raise invalid(
            f"The PaymentMethod provided ({method['type']}) is not allowed for this PaymentIntent. Allowed: "
            f"{', '.join(intent['payment_method_types'])}.",
            "payment_method",
        )
    if method[HIDDEN].get("detached"):
        raise invalid(
            "The provided PaymentMethod was previously detached from a Customer and may not be used again.",
            "payment_method",
            "payment_method_unexpected_state",
        )
    if method["customer"] and method["customer"] != intent["customer"]:
        raise invalid(
            f"The PaymentMethod {method['id']} belongs to a Customer. Please include that Customer in the `customer` "
            "parameter on the PaymentIntent.",
            "payment_method",
            "payment_method_unexpected_state",
        )


def needs_authentication(method: Json, *, off_session: bool) -> bool:
    """Whether the card's issuer asks for its holder. A card set up with authentication is not asked again."""
    wish = test_card(method).authenticate
    return wish == "always" or (wish == "once" and not method[HIDDEN].get("authenticated"))


def ask(world: World, intent: Json) -> None:
    """Nothing; the intent waits until its customer has authenticated."""
    back = intent[HIDDEN].get("return_url")
    page = f"https://hooks.stripe.com/3d_secure_2/{intent['id']}"
    if back:
        action: Json = {"type": "redirect_to_url", "redirect_to_url": {"return_url": back, "url": page}}
    else:
        action = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect", "stripe_js": page}}
    previous = world.change(intent, status="requires_action", next_action=action)
    world.emit("payment_intent.requires_action", intent, previous)
    settled(world, intent)


def charge_card(world: World, intent: Json, method: Json) -> None:
    """Nothing; the money is taken or authorized. Raises Refused 402 when the issuer declines."""
    if code := decline_now(world, method):
        decline(world, intent, method, DECLINES[code])
    charge = charges.new_charge(world, intent, method)
    manual = intent["capture_method"] == "manual"
    charges.succeed(world, charge, captured=not manual, amount=intent["amount"])
    if manual:
        hold(world, intent, charge)
    else:
        world.store.change(intent, {"latest_charge": charge["id"]})
        charges.settle(world, charge, at_once=intent["capture_method"] == "automatic")
        world.emit("charge.succeeded", charge)
        win(world, intent, charge)
        misbehave(world, method, charge)


def hold(world: World, intent: Json, charge: Json) -> None:
    """Nothing; the amount is authorized for seven days."""
    world.emit("charge.succeeded", charge)
    amount = intent["amount"]
    previous = world.change(intent, status="requires_capture", latest_charge=charge["id"], amount_capturable=amount)
    world.emit("payment_intent.amount_capturable_updated", intent, previous)
    world.later(AUTHORIZED_FOR_SECONDS, "intent.expire", intent["id"])


def win(world: World, intent: Json, charge: Json) -> None:
    """Nothing; the intent succeeded with this charge."""
    previous = world.change(
        intent,
        status="succeeded",
        latest_charge=charge["id"],
        amount_received=charge["amount_captured"],
        amount_capturable=0,
        processing=None,
        next_action=None,
    )
    world.emit("payment_intent.succeeded", intent, previous)
    settled(world, intent)


def misbehave(world: World, method: Json, charge: Json) -> None:
    """Nothing; a card that disputes does so soon after."""
    if method["type"] == "card" and test_card(method).outcome in ("dispute", "inquiry"):
        world.hide(charge, dispute=test_card(method).outcome, card=test_card(method).number)
        world.later(DISPUTED_AFTER_SECONDS, "charge.dispute", charge["id"])


def decline(world: World, intent: Json, method: Json, why: Decline) -> None:
    """Never returns: raises Refused 402 after the failed charge and the intent's failure are written and told."""
    charge = charges.new_charge(world, intent, method)
    charges.fail(world, charge, why)
    error = error_fields(why, charge["id"], method)
    lose(world, intent, charge["id"], error)
    raise card_error(why, charge["id"], method, payment_intent=intent)


def lose(world: World, intent: Json, charge: str | None, error: Json) -> None:
    """Nothing; the intent is back where it needs a payment method, and says why."""
    previous = world.change(
        intent,
        status="requires_payment_method",
        payment_method=None,
        latest_charge=charge or intent["latest_charge"],
        last_payment_error=error,
        processing=None,
        next_action=None,
    )
    world.emit("payment_intent.payment_failed", intent, previous)
    settled(world, intent)


def debit(world: World, intent: Json, method: Json) -> None:
    """Nothing; the bank was told to debit, and will answer in a few days."""
    charge = charges.new_charge(world, intent, method)
    world.emit("charge.pending", charge)
    previous = world.change(intent, status="processing", latest_charge=charge["id"])
    world.emit("payment_intent.processing", intent, previous)
    ends = BANKS[method[HIDDEN]["token"]][2]
    if ends != "never":
        world.later(BANK_DAYS[method["type"]] * DAY, "debit.answer", intent["id"])
    settled(world, intent)


@timed("debit.answer")
def bank_answers(world: World, name: str) -> None:
    """Nothing; a bank debit settled or came back."""
    intent = world.get("payment_intent", name)
    if intent["status"] != "processing":
        return
    charge = world.get("charge", intent["latest_charge"])
    method = world.get("payment_method", charge["payment_method"])
    ends = BANKS[method[HIDDEN]["token"]][2]
    if ends and ends != "dispute":
        bounce(world, intent, charge, method, ends)
        return
    charges.succeed(world, charge, captured=True, amount=intent["amount"])
    charges.settle(world, charge)
    world.emit("charge.succeeded", charge)
    win(world, intent, charge)
    if ends == "dispute":
        world.hide(charge, dispute="bank")
        world.later(BANK_DISPUTED_AFTER_SECONDS, "charge.dispute", charge["id"])


def bounce(world: World, intent: Json, charge: Json, method: Json, reason: str) -> None:
    """Nothing; the bank refused the debit."""
    why = Decline("payment_intent_payment_attempt_failed", reason, BANK_MESSAGES[reason], None, None)
    charges.fail(world, charge, why)
    error = error_fields(why, charge["id"], method) | {"type": "card_error"}
    lose(world, intent, charge["id"], error)


@timed("intent.expire")
def expire(world: World, name: str) -> None:
    """Nothing; an authorization nobody captured is gone."""
    intent = world.get("payment_intent", name)
    if intent["status"] == "requires_capture":
        charge = world.get("charge", intent["latest_charge"])
        world.change(charge, refunded=True, amount_refunded=charge["amount"])
        world.emit("charge.expired", charge)
        reason, now = "automatic", world.now()
        world.change(intent, status="canceled", cancellation_reason=reason, canceled_at=now, amount_capturable=0)
        world.emit("payment_intent.canceled", intent)


def authenticate(world: World, intent: Json, *, passed: bool) -> None:
    """Nothing; the customer passed or failed the issuer's challenge. A declined charge afterwards is no exception."""
    if intent["status"] != "requires_action":
        raise invalid(f"{intent['id']} is {intent['status']}: nothing asks its customer to authenticate")
    method = world.get("payment_method", intent["payment_method"])
    if passed:
        world.hide(method, authenticated=True)
        try:
            charge_card(world, intent, method)
        except Refused:
            return  # the intent holds the decline
        return
    why = Decline("payment_intent_authentication_failure", None, AUTHENTICATION_FAILED, None, None)
    lose(world, intent, None, error_fields(why, None, method) | {"type": "invalid_request_error"})
