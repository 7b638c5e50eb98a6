"""Refunds and disputes of one payment by hand, for tests of money that goes back."""

from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.event_store import EventStore
from tests import seeds
from tests.flows.event_world import T0, EventWorld, event, intent, transaction

DAY = 86_400


def reversal_world(db: Database) -> EventWorld:
    """An account with an open invoice of 49.00 usd, 9.00 of it tax, and its collection."""
    seeds.insert_account(db)
    seeds.insert_invoice(db, tax_minor=900)
    seeds.insert_collection(db, status="", failures=0, last_codes={}, last_failed_at=None)
    return EventWorld(db, EventStore(db))


def refund(status: str = "succeeded", amount: int = 4900, name: str = "re_1", **values: Any) -> dict[str, Any]:
    """A refund of ch_1 that has left the balance, with its intent expanded."""
    row = {"id": name, "object": "refund", "charge": "ch_1", "status": status, "currency": "usd", "amount": amount}
    row |= {"created": T0 + DAY, "balance_transaction": f"txn_{name}", "payment_intent": intent()}
    return row | values


def dispute(status: str = "needs_response", *moves: dict[str, Any], **values: Any) -> dict[str, Any]:
    """A dispute of ch_1, with its intent expanded."""
    row = {"id": "du_1", "object": "dispute", "charge": "ch_1", "status": status, "currency": "usd", "amount": 4900}
    row |= {
        "reason": "fraudulent",
        "created": T0 + DAY,
        "balance_transactions": list(moves),
        "payment_intent": intent(),
    }
    return row | values


def withdrawn() -> dict[str, Any]:
    """49.00 usd and a fee of 15.00 taken when the dispute opens."""
    money = {"amount": -4900, "fee": 1500, "reporting_category": "dispute", "type": "adjustment", "source": "du_1"}
    return transaction("txn_out", available_on=T0 + DAY, created=T0 + DAY, **money)


def reinstated() -> dict[str, Any]:
    """49.00 usd given back when it is won."""
    money = {"amount": 4900, "fee": 0, "reporting_category": "dispute_reversal", "type": "adjustment", "source": "du_1"}
    return transaction("txn_back", available_on=T0 + 9 * DAY, created=T0 + 9 * DAY, **money)


def tell_refund(world: EventWorld, payload: dict[str, Any], name: str) -> None:
    world.stripe.hold(f"/v1/refunds/{payload['id']}", payload)
    world.tell(event("refund.updated", payload | {"payment_intent": "pi_1"}, name))
    world.apply()


def tell_dispute(world: EventWorld, payload: dict[str, Any], name: str) -> None:
    world.stripe.hold("/v1/disputes/du_1", payload)
    world.tell(event("charge.dispute.updated", payload | {"payment_intent": "pi_1"}, name))
    world.apply()
