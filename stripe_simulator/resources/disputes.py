"""Disputes: opened by the cardholder, won or lost, with no, one or two movements of money."""

from typing import Final

from stripe_simulator.listing import page
from stripe_simulator.resources.balances import DAY, book
from stripe_simulator.resources.charges import settle_now
from stripe_simulator.resources.fields import with_metadata
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

FEE: Final = 1500  # minor units, stripe.com/pricing: never returned
ANSWER_DAYS: Final = 9
DECIDED_AFTER_SECONDS: Final = 60
PRODUCT_NOT_RECEIVED: Final = "4000000000002685"
CLOSED: Final = ("won", "lost", "warning_closed", "prevented")
EVIDENCE: Final = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "receipt", "refund_policy", "refund_policy_disclosure",
    "refund_refusal_explanation", "service_date", "service_documentation", "shipping_address", "shipping_carrier",
    "shipping_date", "shipping_documentation", "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


@timed("charge.dispute")
def open_dispute(world: World, name: str) -> None:
    """Nothing; the charge is disputed the way its card does that."""
    charge = world.get("charge", name)
    if charge["disputed"] or charge["refunded"]:
        return
    how = charge.get(HIDDEN, {}).get("dispute", "dispute")
    settle_now(world, charge)
    row = _new(world, charge, how)
    world.store.add(row)
    world.emit("charge.dispute.created", row)
    if how != "inquiry":
        _withdraw(world, row, charge)
    world.change(charge, "charge.updated", disputed=how != "inquiry")
    if how == "bank":
        close(world, row, "lost")
    else:
        world.later(ANSWER_DAYS * DAY, "dispute.expire", row["id"])


def _new(world: World, charge: Json, how: str) -> Json:
    inquiry, bank = how == "inquiry", how == "bank"
    received = charge.get(HIDDEN, {}).get("card") == PRODUCT_NOT_RECEIVED
    kind = charge["payment_method_details"]["type"]
    about: Json = {}
    if kind == "card":
        card = {
            "brand": charge["payment_method_details"]["card"]["brand"],
            "case_type": "inquiry" if inquiry else "chargeback",
            "network_reason_code": "13.1" if received else "10.4",
        }
        about["payment_method_details"] = {"type": "card", "card": card}
    due = world.now() + ANSWER_DAYS * DAY
    return about | {
        "id": world.ids.new("du_"),
        "object": "dispute",
        "amount": charge["amount_captured"],
        "balance_transactions": [],
        "charge": charge["id"],
        "created": world.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": None if bank else due,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": inquiry,
        "livemode": world.account.livemode,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "debit_not_authorized" if bank else "product_not_received" if received else "fraudulent",
        "status": "warning_needs_response" if inquiry else "needs_response",
    }


def _withdraw(world: World, row: Json, charge: Json) -> None:
    from stripe_simulator.render import public

    text = f"Chargeback withdrawal for {charge['id']}"
    more = {"fee": FEE, "category": "dispute", "description": text, "delay_days": 0}
    money = book(world, "adjustment", -row["amount"], row["currency"], row["id"], **more)
    world.change(row, balance_transactions=[public(money)])
    world.emit("charge.dispute.funds_withdrawn", row)


def close(world: World, row: Json, status: str) -> None:
    """Nothing; the dispute is decided. A win brings the amount back, never the fee; a loss moves nothing."""
    from stripe_simulator.render import public

    if status == "won":
        more = {"category": "dispute_reversal", "description": "Chargeback reversal", "delay_days": 0}
        money = book(world, "adjustment", row["amount"], row["currency"], row["id"], **more)
        world.change(row, balance_transactions=[*row["balance_transactions"], public(money)])
        world.emit("charge.dispute.funds_reinstated", row)
    previous = world.change(row, status=status)
    world.emit("charge.dispute.updated", row, previous)
    world.emit("charge.dispute.closed", row, previous)


@timed("dispute.expire")
def expire(world: World, name: str) -> None:
    """Nothing; a dispute nobody answered is lost, an inquiry closed."""
    row = world.get("dispute", name)
    if row["status"] in ("needs_response", "warning_needs_response"):
        world.change(row, evidence_details=row["evidence_details"] | {"past_due": True})
        close(world, row, "lost" if row["status"] == "needs_response" else "warning_closed")


@timed("dispute.decide")
def decide(world: World, name: str) -> None:
    """Nothing; the issuer read the evidence. Stripe's test words decide; anything else loses."""
    row = world.get("dispute", name)
    if row["status"] not in ("under_review", "warning_under_review"):
        return
    won = row["evidence"]["uncategorized_text"] == "winning_evidence"
    if row["status"] == "warning_under_review":
        close(world, row, "warning_closed")
    else:
        close(world, row, "won" if won else "lost")


@route("post", "/v1/disputes/*", "DisputeUpdateParams")
def update(world: World, call: Call) -> Json:
    """The dispute with evidence staged, and submitted unless `submit` is false."""
    row = world.get("dispute", call.ids[0])
    changes = with_metadata(call, row, {})
    if evidence := call.get("evidence"):
        if row["status"] in CLOSED:
            raise invalid(f"This dispute is {row['status']}; evidence can no longer be submitted.", "evidence")
        changes["evidence"] = row["evidence"] | {
            k: v or ({} if k == "enhanced_evidence" else None) for k, v in evidence.items()
        }
        known = row["evidence_details"] | {"has_evidence": True}
        if call.get("submit", True):
            known |= {"submission_count": known["submission_count"] + 1, "submission_method": "manual"}
            changes["status"] = row["status"].replace("needs_response", "under_review")
            world.later(DECIDED_AFTER_SECONDS, "dispute.decide", row["id"])
        changes["evidence_details"] = known
    world.change(row, "charge.dispute.updated", **changes)
    return row


@route("post", "/v1/disputes/*/close", "DisputeCloseParams")
def accept(world: World, call: Call) -> Json:
    """The dispute, lost because its merchant accepts it."""
    row = world.get("dispute", call.ids[0])
    if row["status"] in CLOSED:
        raise invalid(f"This dispute is already {row['status']}.")
    close(world, row, "lost")
    return row


@route("get", "/v1/disputes/*", "DisputeRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One dispute."""
    return world.get("dispute", call.ids[0])


@route("get", "/v1/disputes", "DisputeListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of disputes, of one charge or payment intent when named."""
    wanted = {k: call[k] for k in ("charge", "payment_intent") if k in call.params}
    by = next(((k, [v]) for k, v in wanted.items()), None)
    return page(world, "dispute", call.params, "/v1/disputes", by, lambda r: all(r[k] == v for k, v in wanted.items()))
