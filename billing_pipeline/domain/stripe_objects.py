"""Stripe's other objects as closed types: customers, payment methods, mirrors, invoices that Stripe billed.

A missing required field raises KeyError (the fact is malformed); unknown statuses are kept as they came: Stripe's enums are open.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.events import id_of
from billing_pipeline.domain.stripe_money import Json, instant


@dataclass(frozen=True, slots=True)
class PaymentMethod:
    """A card or bank account; customer is '' once it is detached."""

    id: str
    customer: str
    type: str
    brand: str
    last4: str
    fingerprint: str
    country: str
    exp_month: int | None
    exp_year: int | None
    created: datetime


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer: whether it is gone, and its default payment method, whole, because nobody may have told us of it yet."""

    id: str
    deleted: bool
    default_method: "PaymentMethod | None"


@dataclass(frozen=True, slots=True)
class Mirror:
    """A subscription in Stripe. held: collection is paused with behavior void and no end, so that it can charge nobody."""

    id: str
    status: str
    subscription: str
    held: bool
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class StripeInvoice:
    """An invoice that Stripe itself billed. subscription: Stripe's id, '' for none. Amounts in minor units."""

    id: str
    status: str
    number: str
    customer: str
    subscription: str
    currency: Currency
    subtotal: int
    tax: int
    total: int
    due: int
    paid: int
    period_start: datetime
    period_end: datetime
    finalized_at: datetime
    intent: str
    charge: str


def parse_method(raw: Json) -> PaymentMethod:
    """A payment method: never more of a number than its last four digits."""
    details = raw.get(raw["type"]) or {}
    return PaymentMethod(
        id=raw["id"],
        customer=id_of(raw.get("customer")),
        type=raw["type"],
        brand=details.get("brand") or details.get("bank_name") or "",
        last4=details.get("last4") or "",
        fingerprint=details.get("fingerprint") or "",
        country=details.get("country") or "",
        exp_month=details.get("exp_month"),
        exp_year=details.get("exp_year"),
        created=instant(raw["created"]),
    )


def parse_customer(raw: Json) -> Customer:
    """A customer, alive or deleted, with its default payment method where that was expanded."""
    default = (raw.get("invoice_settings") or {}).get("default_payment_method")
    method = parse_method(default) if isinstance(default, Mapping) else None
    return Customer(raw["id"], bool(raw.get("deleted")), method)


def parse_mirror(raw: Json) -> Mirror:
    """A subscription in Stripe; our own id for it is in its metadata."""
    ended, pause = raw.get("ended_at"), raw.get("pause_collection") or {}
    return Mirror(
        id=raw["id"],
        status=raw["status"],
        subscription=(raw.get("metadata") or {}).get("subscription_id", ""),
        held=pause.get("behavior") == "void" and not pause.get("resumes_at"),
        ended_at=instant(ended) if ended else None,
    )


def parse_invoice(raw: Json) -> StripeInvoice:
    """An invoice of Stripe's. Its service period is that of its lines: the invoice's own period bounds something else."""
    details = (raw.get("parent") or {}).get("subscription_details") or {}
    lines = (raw.get("lines") or {}).get("data") or ()
    periods = [(line["period"]["start"], line["period"]["end"]) for line in lines] or [
        (raw["period_start"], raw["period_end"])
    ]
    intent = paying_intent(raw)
    return StripeInvoice(
        id=raw["id"],
        status=raw.get("status") or "draft",
        number=raw.get("number") or raw["id"],
        customer=id_of(raw.get("customer")),
        subscription=id_of(details.get("subscription")),
        currency=Currency(raw["currency"]),
        subtotal=raw["subtotal"],
        tax=sum(one["amount"] for one in raw.get("total_taxes") or ()),
        total=raw["total"],
        due=raw["amount_due"],
        paid=raw["amount_paid"],
        period_start=instant(min(start for start, _ in periods)),
        period_end=instant(max(end for _, end in periods)),
        finalized_at=instant((raw.get("status_transitions") or {}).get("finalized_at") or raw["created"]),
        intent=id_of(intent),
        charge=id_of(intent.get("latest_charge")) if isinstance(intent, Mapping) else "",
    )


def paying_intent(raw: Json) -> object:
    """The payment intent (id or expanded) of the invoice's paid payment, else of its default one, else None."""
    payments = (raw.get("payments") or {}).get("data") or ()
    ranked = sorted(payments, key=lambda one: (one.get("status") != "paid", not one.get("is_default")))
    return (ranked[0].get("payment") or {}).get("payment_intent") if ranked else None
