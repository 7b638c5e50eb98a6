"""Charges: one per attempt of a payment intent, successful or not, and the money of the successful ones."""

from typing import Final

from stripe_simulator.cards import Decline
from stripe_simulator.expand import included
from stripe_simulator.faults import SETTLEMENT, Occasion
from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.render import public
from stripe_simulator.resources.balances import book, processing_fee
from stripe_simulator.resources.fields import copied, with_metadata
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.search import search
from stripe_simulator.wire import Json
from stripe_simulator.world import World

BOOKED_AFTER_SECONDS: Final = 3  # with automatic_async, how long a charge is without its balance transaction
BLANK: Final[Json] = {
    "application": None,
    "application_fee": None,
    "application_fee_amount": None,
    "balance_transaction": None,
    "captured": False,
    "disputed": False,
    "failure_balance_transaction": None,
    "failure_code": None,
    "failure_message": None,
    "fraud_details": {},
    "on_behalf_of": None,
    "paid": False,
    "radar_options": {},
    "receipt_number": None,
    "receipt_url": None,
    "refunded": False,
    "review": None,
    "shipping": None,
    "source_transfer": None,
    "statement_descriptor": None,
    "transfer_data": None,
    "transfer_group": None,
}
PAID_OUTCOME: Final[Json] = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "risk_score": 20,
    "seller_message": "Payment complete.",
    "type": "authorized",
}


def new_charge(world: World, intent: Json, method: Json) -> Json:
    """The charge of one attempt, not yet decided and not yet told."""
    name = world.ids.new("ch_" if method["type"] == "card" else "py_")
    suffix = intent["statement_descriptor_suffix"]
    descriptor = f"{world.account.descriptor}* {suffix}" if suffix else world.account.descriptor
    row: Json = BLANK | {
        "id": name,
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "billing_details": method["billing_details"],
        "calculated_statement_descriptor": descriptor[:22],
        "created": world.now(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "livemode": world.account.livemode,
        "metadata": intent["metadata"],
        "outcome": PAID_OUTCOME,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": details(method, intent["amount"]),
        "receipt_email": intent["receipt_email"],
        "statement_descriptor_suffix": suffix,
        "status": "pending",
    }
    return world.store.add(row)


def details(method: Json, amount: int) -> Json:
    """What a charge says about the payment method it used."""
    kind = method["type"]
    body = method[kind]
    keep: tuple[str, ...]
    if kind == "card":
        keep = ("brand", "country", "exp_month", "exp_year", "fingerprint", "funding", "last4", "regulated_status")
        extra: Json = {
            "amount_authorized": amount,
            "authorization_code": digest("auth", method["id"], chars=6),
            "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": None},
            "installments": None,
            "mandate": None,
            "network": body["brand"],
            "network_token": {"used": False},
            "network_transaction_id": digest("network", method["id"], chars=15),
            "three_d_secure": None,
            "wallet": None,
        }
    elif kind == "sepa_debit":
        keep = ("bank_code", "branch_code", "country", "fingerprint", "last4")
        extra = {"mandate": "mandate_" + digest("mandate", method["id"])}
    else:
        keep = ("account_holder_type", "account_type", "bank_name", "fingerprint", "last4", "routing_number")
        extra = {"payment_reference": None}
    return {"type": kind, kind: {k: body[k] for k in keep} | extra}


def succeed(world: World, charge: Json, *, captured: bool, amount: int) -> None:
    """Nothing; the money is authorized, and taken when captured."""
    world.change(
        charge,
        status="succeeded",
        paid=True,
        captured=captured,
        amount_captured=amount if captured else 0,
        outcome=PAID_OUTCOME,
        receipt_url=f"https://pay.stripe.com/receipts/{charge['id']}",
    )


def fail(world: World, charge: Json, decline: Decline) -> None:
    """Nothing; the charge failed and says why."""
    outcome = PAID_OUTCOME | {
        "advice_code": decline.advice,
        "network_advice_code": decline.mac,
        "network_decline_code": decline.network,
        "network_status": "declined_by_network",
        "reason": decline.reason or decline.code,
        "seller_message": f"The bank returned the decline code `{decline.reason or decline.code}`.",
        "type": "issuer_declined",
    }
    message = decline.message
    world.change(charge, status="failed", failure_code=decline.code, failure_message=message, outcome=outcome)
    world.emit("charge.failed", charge)


def book_money(world: World, charge: Json) -> None:
    """Nothing; the captured charge has its balance transaction."""
    kind = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    amount, currency = charge["amount_captured"], charge["currency"]
    fee = processing_fee(amount, currency)
    row = book(world, kind, amount, currency, charge["id"], fee=fee, description=charge["description"])
    world.store.change(charge, {"balance_transaction": row["id"]})


def settle(world: World, charge: Json, *, at_once: bool = True) -> None:
    """Nothing; the captured charge is booked now, in a moment, or as late as a fault wants it."""
    fault = world.faults.take(SETTLEMENT, Occasion(customer=charge["customer"] or ""))
    if at_once and fault is None:
        book_money(world, charge)
    else:
        world.later(int(fault.seconds) if fault else BOOKED_AFTER_SECONDS, "charge.book", charge["id"])


@timed("charge.book")
def book_later(world: World, name: str) -> None:
    """Nothing; an asynchronously captured charge gets its balance transaction, and an event says so."""
    charge = world.get("charge", name)
    if charge["balance_transaction"] is None:
        book_money(world, charge)
        world.emit("charge.updated", charge, {"balance_transaction": None})


def settle_now(world: World, charge: Json) -> None:
    """Nothing; money that is about to move again is booked first."""
    if charge["captured"] and charge["balance_transaction"] is None:
        book_later(world, charge["id"])


@route("get", "/v1/charges/*", "ChargeRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One charge."""
    return world.get("charge", call.ids[0])


@route("post", "/v1/charges/*", "ChargeUpdateParams")
def update(world: World, call: Call) -> Json:
    """The charge with changed metadata, description or receipt address."""
    row = world.get("charge", call.ids[0])
    changes = copied(call, ("description", "receipt_email"))
    world.change(row, "charge.updated", **with_metadata(call, row, changes))
    return row


@route("get", "/v1/charges", "ChargeListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of charges, of one customer or payment intent when named."""
    by = None
    for name in ("payment_intent", "customer"):
        if name in call.params:
            by = (name, [call[name]])
            break
    wanted = {k: call[k] for k in ("payment_intent", "customer") if k in call.params}
    return page(world, "charge", call.params, "/v1/charges", by, lambda r: all(r[k] == v for k, v in wanted.items()))


@route("get", "/v1/charges/search", "ChargeSearchParams")
def find_charges(world: World, call: Call) -> Json:
    """One page of charges that match the query."""
    return search(world, "charge", call.params, "/v1/charges/search")


@included("charge", "refunds")
def _refunds(world: World, row: Json) -> Json:
    data = [public(r) for r in world.store.table("refund").newest("charge", row["id"])]
    return {"object": "list", "data": data[:10], "has_more": len(data) > 10, "url": f"/v1/charges/{row['id']}/refunds"}
