"""Explain a number: from an invoice, payment, payout or divergence down to entries, calls, events and request ids."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.sides import readable
from billing_pipeline.flows.ports.closing import Trail, TrailStore

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": (
        "number",
        "state",
        "currency",
        "total_minor",
        "credits_minor",
        "due_minor",
        "paid_minor",
        "due_on",
        "run_id",
    ),
    "line": ("kind", "description", "quantity", "amount_minor", "discount_minor", "tax_minor"),
    "credit used": ("amount_minor", "returned_at"),
    "credit note": ("number", "amount_minor", "reason", "issued_by"),
    "refund request": ("amount_minor", "destination", "reason", "requested_by", "approved_by", "state"),
    "entry": ("kind", "postings", "currency", "accounting_date", "run_id"),
    "collection": ("payment_intent_id", "status", "failures", "close_reason"),
    "attempt": ("operation", "outcome", "unknown_reason", "http_status", "request_id", "object_id"),
    "payment": ("method", "amount_minor", "applied_minor", "fee_minor", "charge_id"),
    "refund": ("amount_minor", "status", "charge_id"),
    "dispute": ("amount_minor", "status", "reason"),
    "balance transaction": ("reporting_category", "amount_minor", "fee_minor", "net_minor", "payout_id"),
    "payout": ("amount_minor", "status", "arrival_on"),
    "bank line": ("amount_minor", "reference", "payout", "rule", "file"),
    "event": ("type", "source", "state", "reason", "object_id"),
    "dunning step": ("action", "outcome", "policy_version", "run_id"),
    "divergence": ("kind", "severity", "state", "ours", "theirs", "owner", "note", "run_id"),
    "history": ("who", "what", "note"),
    "repair": ("kind", "state", "requested_by", "approved_by", "outcome"),
}
"""What of each piece is told in the text; the JSON tells all."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole trail of one subject, oldest piece first."""

    subject: str
    pieces: tuple[Trail, ...]

    @property
    def text(self) -> str:
        """One line per piece: when, what, which, and what matters of it."""
        return "\n".join(line_of(piece) for piece in self.pieces)

    @property
    def json(self) -> str:
        """Everything, as JSON."""
        pieces = [{"what": p.what, "id": p.id, "at": p.at, "facts": p.facts} for p in self.pieces]
        return json.dumps({"subject": self.subject, "trail": pieces}, indent=2, default=str)


def explain(store: TrailStore, subject: str) -> Explanation:
    """The trail of an invoice or credit note (id or number), a payment, refund or dispute, a payout, or a divergence.

    Raises Broken when nothing is known of it.
    """
    pieces = tuple(store.trail(store.related(subject))) if subject.strip() else ()
    if not pieces:
        raise Broken(f"nothing is known of {subject!r}: give an invoice, a Stripe id, a payout or a divergence")
    return Explanation(subject, pieces)


def line_of(piece: Trail) -> str:
    """One piece in one line."""
    at = piece.at.strftime("%Y-%m-%d %H:%M:%S") if piece.at else " " * 19
    shown = [
        f"{name}={told(value, str(piece.facts.get('currency', '')))}"
        for name in SHOWN.get(piece.what, ())
        if (value := piece.facts.get(name)) not in (None, "")
    ]
    return f"{at}  {piece.what:<20} {piece.id}  {' '.join(shown)}".rstrip()


def told(value: Any, currency: str) -> str:
    """A value in words: postings as 'Dr 1200 4900 Cr 1100 4900', what a side says with decimals, the rest as it is."""
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " ".join(posting(one) if isinstance(one, Mapping) else str(one) for one in value)
    if isinstance(value, Mapping):
        return readable(str(value["says"]), currency) if "says" in value else str(value)
    return str(value)


def posting(side: Mapping[str, Any]) -> str:
    """One side of an entry."""
    return f"{'Dr' if side['minor'] > 0 else 'Cr'} {side['account']} {abs(side['minor'])}"
