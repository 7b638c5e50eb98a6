"""Payment methods: cards and bank accounts, attached to a customer or not.

Metadata keys that the simulator itself reads, so that a card can change its mind over time:
`sim_decline_code` (every charge declines with it), `sim_decline_until` (ISO date: declines before it),
`sim_decline_times` (declines so often, then pays). Either limit alone uses `insufficient_funds` unless a code is given.
`sim_pays_within` (spans of ISO moments in which a declining card pays all the same).
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from stripe_simulator.cards import BANKS, BY_ACCOUNT, BY_NUMBER, CARDS, DECLINES, Card, card_of
from stripe_simulator.declines import card_error
from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.resources.fields import billing_details, merged_metadata, owner, with_metadata
from stripe_simulator.routes import Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid, no_such
from stripe_simulator.world import World

EXPIRY: Final = (12, 2034)
TIMES_DIGITS_MAX: Final = 6


@route("post", "/v1/payment_methods", "PaymentMethodCreateParams", public="free")
def create(world: World, call: Call) -> Json:
    """The new payment method, attached to nobody."""
    kind = call.get("type")
    if kind == "card":
        row = _from_card(world, call)
    elif kind in ("us_bank_account", "sepa_debit"):
        row = _from_bank(world, call, str(kind))
    else:
        raise invalid("Invalid type: the simulator knows card, us_bank_account and sepa_debit", "type")
    changes = {"billing_details": billing_details(call.get("billing_details"))}
    changes["metadata"] = _readable(merged_metadata({}, call.get("metadata")))
    world.store.change(row, changes)
    return row


def _readable(notes: Json) -> Json:
    """The metadata. Raises Refused when what it orders of the simulator cannot be read."""
    if (
        not notes.get("sim_decline_times", "0").isdecimal()
        or len(notes.get("sim_decline_times", "")) > TIMES_DIGITS_MAX
    ):
        raise invalid("sim_decline_times must be a whole number.", "metadata[sim_decline_times]")
    try:
        datetime.fromisoformat(notes.get("sim_decline_until", "2026-01-01"))
    except ValueError:
        raise invalid("sim_decline_until must be a date such as 2026-03-01.", "metadata[sim_decline_until]") from None
    return notes


def _from_card(world: World, call: Call) -> Json:
    given = call.get("card") or {}
    if "token" in given:
        card = card_of(given["token"])
        if card is None:
            raise no_such("token", given["token"], "card[token]", 400)
        return new_card(world, card, EXPIRY)
    if "number" not in given:
        raise invalid("Missing required param: card[number].", "card[number]", "parameter_missing")
    number = given["number"].replace(" ", "")
    if number not in BY_NUMBER:
        raise card_error(DECLINES["incorrect_number"])
    expiry = (int(given.get("exp_month", EXPIRY[0])), int(given.get("exp_year", EXPIRY[1])))
    return new_card(world, CARDS[BY_NUMBER[number]], expiry, digest("card", number, chars=16))


def _from_bank(world: World, call: Call, kind: str) -> Json:
    given = call.get(kind) or {}
    number = given.get("account_number" if kind == "us_bank_account" else "iban", "").replace(" ", "")
    if number not in BY_ACCOUNT or BANKS[BY_ACCOUNT[number]][0] != kind:
        raise invalid(f"Invalid account: use one of Stripe's test numbers for {kind}", kind)
    return new_bank(world, BY_ACCOUNT[number], digest("bank", number, chars=16))


def new_card(world: World, card: Card, expiry: tuple[int, int] = EXPIRY, fingerprint: str = "") -> Json:
    """A stored card that nobody owns. Each token gives a new piece of plastic; the same typed number the same one."""
    name = world.ids.new("pm_")
    body = {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": card.country,
        "display_brand": card.brand,
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": fingerprint or digest("card", card.number, name, chars=16),
        "funding": card.funding,
        "generated_from": None,
        "last4": card.last4,
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }
    return world.add(_blank(world, name, "card", body, {"number": card.number, "decline": card.decline}))


def new_bank(world: World, token: str, fingerprint: str = "") -> Json:
    """A stored bank account that nobody owns. Each token gives another account; the same typed number the same one."""
    kind, number, _ = BANKS[token]
    name = world.ids.new("pm_")
    common = {"fingerprint": fingerprint or digest("bank", number, name, chars=16), "last4": number[-4:]}
    if kind == "sepa_debit":
        made_from = {"charge": None, "setup_attempt": None}
        extra: Json = {"bank_code": "37040044", "branch_code": "", "country": "AT", "generated_from": made_from}
    else:
        extra = {
            "account_holder_type": "individual",
            "account_type": "checking",
            "bank_name": "STRIPE TEST BANK",
            "financial_connections_account": None,
            "networks": {"preferred": "ach", "supported": ["ach"]},
            "routing_number": "110000000",
            "status_details": {},
        }
    return world.add(_blank(world, name, kind, common | extra, {"token": token}))


def _blank(world: World, name: str, kind: str, body: Json, hidden: Json) -> Json:
    return {
        "id": name,
        "object": "payment_method",
        "allow_redisplay": "unspecified",
        "billing_details": billing_details(None),
        "created": world.now(),
        "customer": None,
        "customer_account": None,
        "livemode": world.account.livemode,
        "metadata": {},
        "type": kind,
        kind: body,
        HIDDEN: hidden,
    }


def usable(world: World, name: str, param: str = "payment_method") -> Json:
    """The payment method behind an id or a test token (a token makes a new one). Raises resource_missing."""
    if card := card_of(name):
        return new_card(world, card)
    if name in BANKS:
        return new_bank(world, name)
    return world.get("payment_method", name, param, 400)


def test_card(method: Json) -> Card:
    """The test card behind a stored card, with the decline its token asked for."""
    hidden = method[HIDDEN]
    card = CARDS[BY_NUMBER[hidden["number"]]]
    if hidden["decline"] and hidden["decline"] != card.decline:
        return Card(card.number, card.brand, "decline", hidden["decline"])
    return card


def decline_now(world: World, method: Json) -> str:
    """The decline code a charge meets now; empty when the card pays. Counts the attempt."""
    notes = method["metadata"]
    until, times = notes.get("sim_decline_until"), notes.get("sim_decline_times")
    code = notes.get("sim_decline_code") or ("insufficient_funds" if until or times else "")
    if until and world.now() >= datetime.fromisoformat(until).replace(tzinfo=UTC).timestamp():
        code = ""
    if any(start <= world.now() < end for start, end in paying_windows(notes)):
        code = ""
    if times and code:
        seen = method[HIDDEN].get("declined", 0)
        code = code if seen < int(times) else ""
        world.hide(method, declined=seen + 1)
    if code:
        return code if code in DECLINES else "generic_decline"
    card = test_card(method)
    return card.decline if card.outcome == "decline" else ""


def paying_windows(notes: Json) -> Iterator[tuple[float, float]]:
    """The spans (unix seconds) in which a declining card pays: of every note whose name begins with sim_pays_within.

    A note holds ISO moments in UTC as 'start/end', several with commas. Several notes, because each holds 500 characters.
    """
    for name in sorted(notes):
        if name.startswith("sim_pays_within"):
            for span in notes[name].split(","):
                start, end = (datetime.fromisoformat(one).replace(tzinfo=UTC) for one in span.split("/"))
                yield start.timestamp(), end.timestamp()


def attach_to(world: World, name: str, customer: Json) -> Json:
    """The payment method, now the customer's. Raises Refused when the card cannot be saved or belongs to another."""
    method = usable(world, name)
    if method["customer"] == customer["id"]:
        return method
    if method["customer"] or method[HIDDEN].get("detached"):
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a "
            "Customer, and may not be used again.",
            "payment_method",
            "payment_method_unexpected_state",
        )
    if method["type"] == "card" and not test_card(method).attaches:
        raise card_error(DECLINES[test_card(method).decline], payment_method=method)
    world.change(method, customer=customer["id"])
    world.emit("payment_method.attached", method)
    return method


def detach_from(world: World, method: Json) -> None:
    """Nothing; the payment method belongs to nobody and can never be used again."""
    previous = world.change(method, customer=None)
    world.hide(method, detached=True)
    owner = world.store.find("customer", previous.get("customer") or "")
    if owner and (owner.get("invoice_settings") or {}).get("default_payment_method") == method["id"]:
        world.change(owner, invoice_settings={**owner["invoice_settings"], "default_payment_method": None})
    world.emit("payment_method.detached", method, previous)


@route("post", "/v1/payment_methods/*/attach", "PaymentMethodAttachParams")
def attach(world: World, call: Call) -> Json:
    """The payment method, attached to a customer."""
    return attach_to(world, call.ids[0], owner(world, call))


@route("post", "/v1/payment_methods/*/detach", "PaymentMethodDetachParams")
def detach(world: World, call: Call) -> Json:
    """The payment method, detached for ever."""
    method = world.get("payment_method", call.ids[0])
    if not method["customer"]:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            "payment_method",
        )
    detach_from(world, method)
    return method


@route("get", "/v1/payment_methods/*", "PaymentMethodRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """The payment method; a test token is looked up like any other id."""
    return world.get("payment_method", call.ids[0])


@route("post", "/v1/payment_methods/*", "PaymentMethodUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed payment method."""
    method = world.get("payment_method", call.ids[0])
    changes = with_metadata(call, method, {})
    _readable(changes.get("metadata", {}))
    if "billing_details" in call.params:
        changes["billing_details"] = billing_details(call["billing_details"], method["billing_details"])
    if card := call.get("card"):
        changes["card"] = method["card"] | {k: v for k, v in card.items() if k in ("exp_month", "exp_year")}
    if "allow_redisplay" in call.params:
        changes["allow_redisplay"] = call["allow_redisplay"]
    world.change(method, "payment_method.updated", **changes)
    return method


@route("get", "/v1/payment_methods", "PaymentMethodListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of payment methods, of one customer when one is named."""
    customer, wanted = call.get("customer"), call.get("type")
    keep = (lambda r: r["type"] == wanted) if wanted else None
    by = ("customer", [customer]) if customer else None
    return page(world, "payment_method", call.params, "/v1/payment_methods", by, keep)
