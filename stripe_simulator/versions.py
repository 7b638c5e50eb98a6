"""Older API versions: what an event looks like when the account, or a webhook endpoint, still has one of them."""

from collections.abc import Callable
from typing import Final

from stripe_simulator.wire import Json

BASIL: Final = "2025-03-31"  # the release that moved periods to items and invoices' parents away
# docs.stripe.com/changelog/basil


def needed(version: str) -> bool:
    """Whether objects of this version differ from the ones the simulator keeps."""
    return version[:10] < BASIL


def as_of(version: str, row: Json) -> Json:
    """The object as the version shows it: before Basil, fields sit where memory remembers them."""
    older = OLDER.get(row["object"]) if needed(version) else None
    return older(dict(row)) if older else row


def _subscription(row: Json) -> Json:
    items = row["items"]["data"]
    row["current_period_start"] = items[0]["current_period_start"] if items else row["start_date"]
    row["current_period_end"] = items[0]["current_period_end"] if items else row["start_date"]
    row.pop("billing_mode", None)
    return row


def _invoice(row: Json) -> Json:
    parent = row.pop("parent", None) or {}
    row["subscription"] = (parent.get("subscription_details") or {}).get("subscription")
    row["paid"] = row["status"] == "paid"
    row["payment_intent"] = row["charge"] = None
    return row


def _payment(row: Json) -> Json:
    row["invoice"] = None
    return row


OLDER: Final[dict[str, Callable[[Json], Json]]] = {
    "subscription": _subscription,
    "invoice": _invoice,
    "charge": _payment,
    "payment_intent": _payment,
}
