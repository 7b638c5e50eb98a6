"""Whether an object that a sweep sees says something that we do not know yet."""

from collections.abc import Mapping, Sequence
from typing import Final

from billing_pipeline.domain.events import id_of
from billing_pipeline.flows.ports import Json

UNKNOWN: Final = ""


def is_news(object_type: str, found: Json, known: Mapping[str, str]) -> bool:
    """Whether the object is in another state than our rows say. known: our word for each object's state, by id."""
    ours = known.get(found["id"], UNKNOWN)
    match object_type:
        case "payment_intent":
            return bool((found.get("metadata") or {}).get("invoice_id")) and word_of_intent(found) != ours
        case "charge":
            return found.get("status") == "failed" and (ours == "succeeded" or (not ours and is_attempt(found)))
        case "refund" | "dispute":
            return bool(ours) and found.get("status") != ours
        case "payout":
            return word_of_payout(found) != ours
        case "subscription":
            return bool(ours) and found.get("status") in ("canceled", "incomplete_expired") and ours != "canceled"
        case "invoice":
            return bool(ours) and word_of_invoice(found) != ours
        case "customer":
            return bool(ours) and bool(found.get("deleted")) and ours != "deleted"
        case _:
            return False


def names_of(object_type: str, found: Sequence[Json]) -> list[str]:
    """Under which names our rows speak of these objects: failed charges are counted under their intents."""
    ids = [str(one["id"]) for one in found]
    return ids + [id_of(one.get("payment_intent")) for one in found] if object_type == "charge" else ids


def is_attempt(charge: Json) -> bool:
    """Whether a failed charge was an attempt to pay an invoice of ours, and not money that came back."""
    return bool((charge.get("metadata") or {}).get("invoice_id")) and not charge.get("failure_balance_transaction")


def word_of_intent(found: Json) -> str:
    """'succeeded', 'processing', ..., or 'requires_payment_method|<charge>' after a failed attempt."""
    status, error = str(found.get("status", "")), found.get("last_payment_error") or {}
    failed = id_of(error.get("charge")) or id_of(found.get("latest_charge"))
    return f"{status}|{failed}" if status == "requires_payment_method" and failed else status


def word_of_payout(found: Json) -> str:
    """Its status, and whether Stripe has worked out what it paid out."""
    return f"{found.get('status')}|{found.get('reconciliation_status') or ''}"


def word_of_invoice(found: Json) -> str:
    """Our word for a Stripe invoice's status."""
    return {"paid": "paid", "void": "void", "uncollectible": "written_off"}.get(str(found.get("status")), "pending")
