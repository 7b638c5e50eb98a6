"""Refunds: limited by the charge, and sometimes failing after they succeeded."""

from typing import Final

from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.resources.balances import DAY, book
from stripe_simulator.resources.charges import settle_now
from stripe_simulator.resources.fields import merged_metadata, with_metadata
from stripe_simulator.resources.payment_methods import test_card
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

FAILS_AFTER_SECONDS: Final = 3 * DAY
SETTLES_AFTER_SECONDS: Final = DAY


def refund_charge(
    world: World, charge: Json, amount: int | None, reason: str | None = None, metadata: Json | None = None
) -> Json:
    """The new refund. Raises Refused when the charge has not so much left, or is under dispute."""
    left = charge["amount_captured"] - charge["amount_refunded"]
    wanted = left if amount is None else amount
    _check(charge, left, wanted)
    settle_now(world, charge)
    card = charge["payment_method_details"]["type"] == "card"
    name = world.ids.new("re_" if card else "pyr_")
    kind, currency = ("refund" if card else "payment_refund"), charge["currency"]
    money = book(world, kind, -wanted, currency, name, description="REFUND FOR CHARGE", delay_days=0)
    behaviour = _behaviour(world, charge)
    row: Json = {
        "id": name,
        "object": "refund",
        "amount": wanted,
        "balance_transaction": money["id"],
        "charge": charge["id"],
        "created": world.now(),
        "currency": currency,
        "destination_details": _destination(charge),
        "metadata": metadata or {},
        "payment_intent": charge["payment_intent"],
        "reason": reason,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "pending" if behaviour == "pend_refund" or not card else "succeeded",
        "transfer_reversal": None,
    }
    world.add(row, "refund.created")
    refunded = charge["amount_refunded"] + wanted
    previous = world.change(charge, amount_refunded=refunded, refunded=refunded == charge["amount_captured"])
    world.emit("charge.refunded", charge, previous)
    if behaviour == "fail_refund":
        world.later(FAILS_AFTER_SECONDS, "refund.fail", name)
    elif row["status"] == "pending":
        world.later(SETTLES_AFTER_SECONDS, "refund.settle", name)
    return row


def _check(charge: Json, left: int, wanted: int) -> None:
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise invalid(f"Charge {charge['id']} has not been captured and cannot be refunded.", "charge")
    if charge["disputed"]:
        text = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise invalid(text, "charge", "charge_disputed")
    if left <= 0:
        raise invalid(f"Charge {charge['id']} has already been refunded.", "charge", "charge_already_refunded")
    if wanted < 1:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    if wanted > left:
        raise invalid(f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})", "amount")


def _behaviour(world: World, charge: Json) -> str:
    method = world.store.find("payment_method", charge["payment_method"] or "")
    return test_card(method).outcome if method and method["type"] == "card" else "ok"


def _destination(charge: Json) -> Json:
    kind = charge["payment_method_details"]["type"]
    if kind != "card":
        return {"type": f"{kind.removesuffix('_debit')}_bank_transfer"}
    reference = digest("arn", charge["id"], chars=23)
    card = {
        "reference": reference,
        "reference_status": "available",
        "reference_type": "acquirer_reference_number",
        "type": "refund",
    }
    return {"card": card, "type": "card"}


@timed("refund.settle")
def settle(world: World, name: str) -> None:
    """Nothing; a pending refund arrived."""
    row = world.get("refund", name)
    if row["status"] == "pending":
        previous = world.change(row, status="succeeded")
        world.emit("refund.updated", row, previous)
        world.emit("charge.refund.updated", row, previous)


@timed("refund.fail")
def fail(world: World, name: str, reason: str = "lost_or_stolen_card") -> None:
    """Nothing; the refund failed, though it may have said succeeded, and the money is back in the balance."""
    row = world.get("refund", name)
    if row["status"] not in ("pending", "succeeded"):
        return
    charge = world.get("charge", row["charge"])
    back = book(world, "refund_failure", row["amount"], row["currency"], name, delay_days=0)
    previous = world.change(row, status="failed", failure_reason=reason, failure_balance_transaction=back["id"])
    world.change(charge, amount_refunded=charge["amount_refunded"] - row["amount"], refunded=False)
    world.emit("refund.failed", row, previous)
    world.emit("refund.updated", row, previous)
    world.emit("charge.refund.updated", row, previous)


@route("post", "/v1/refunds", "RefundCreateParams")
def create(world: World, call: Call) -> Json:
    """The new refund of a charge, or of the charge of a payment intent."""
    if "charge" not in call.params and "payment_intent" not in call.params:
        raise invalid("One of the following params should be provided for this request: payment_intent or charge.")
    name = call.get("charge")
    if name is None:
        intent = world.given("payment_intent", call["payment_intent"], "payment_intent")
        name = intent["latest_charge"]
        if name is None or intent["status"] != "succeeded":
            raise invalid(
                f"PaymentIntent {intent['id']} does not have a successful charge to refund.", "payment_intent"
            )
    charge = world.given("charge", name, "charge")
    metadata = merged_metadata({}, call.get("metadata"))
    return refund_charge(world, charge, call.get("amount"), call.get("reason"), metadata)


@route("get", "/v1/refunds/*", "RefundRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One refund."""
    return world.get("refund", call.ids[0])


@route("post", "/v1/refunds/*", "RefundUpdateParams")
def update(world: World, call: Call) -> Json:
    """The refund with changed metadata."""
    row = world.get("refund", call.ids[0])
    world.change(row, "refund.updated", **with_metadata(call, row, {}))
    return row


@route("post", "/v1/refunds/*/cancel", "RefundCancelParams")
def cancel(world: World, call: Call) -> Json:
    """Never a refund: only one that requires action can be canceled, and none here does."""
    row = world.get("refund", call.ids[0])
    raise invalid(f"Refunds with status {row['status']} cannot be canceled; only requires_action can.")


@route("get", "/v1/refunds", "RefundListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of refunds, of one charge or payment intent when named."""
    wanted = {k: call[k] for k in ("charge", "payment_intent") if k in call.params}
    by = next(((k, [v]) for k, v in wanted.items()), None)
    return page(world, "refund", call.params, "/v1/refunds", by, lambda r: all(r[k] == v for k, v in wanted.items()))
