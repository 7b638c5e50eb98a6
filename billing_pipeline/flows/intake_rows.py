"""What a row of a file becomes in the database: the rows of its tables, and the entry it makes in the books."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final, cast

from billing_pipeline.domain.billing_entries import When, credit_granted, opening_balance
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CreditGrantId, InvoiceId
from billing_pipeline.domain.intake import Row, Value, Values
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.intake import TableRow
from billing_pipeline.flows.zones import day_in

ADDRESS: Final = ("line1", "line2", "postal_code", "city", "state")


@dataclass(frozen=True, slots=True)
class Frame:
    """What all rows of an import share. parents: rows that they refer to, by kind and key."""

    now: datetime
    zone: str
    open_day: Callable[[date], date]
    collect_from: date | None
    parents: Mapping[str, Mapping[str, Json]]


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows by table, in the order in which they refer to each other, and entries."""

    rows: tuple[tuple[str, TableRow], ...]
    entry: Entry | None = None


def place(kind: str, row: Row, frame: Frame) -> Placed:
    """What the row becomes. Raises Broken when it cannot be."""
    maker = PLACES.get(kind)
    return maker(row, frame) if maker else Placed(((TABLES[kind], row.values),))


def account(row: Row, frame: Frame) -> Placed:
    """An account that has no Stripe customer yet asks for one by being there."""
    values = row.values
    made = {name: value for name, value in values.items() if name not in ADDRESS}
    made["address"] = json.dumps(address_of(values))
    made["invoice_prefix"] = values["invoice_prefix"] or prefix_of(str(values["account_id"]))
    made["created_at"] = values["created_at"] or frame.now
    return Placed((("accounts", made),))


def address_of(values: Values) -> dict[str, Value]:
    """The address that the cells make up, with its country; empty where they are."""
    parts = {name: values[name] for name in ADDRESS if values[name]}
    return parts | ({"country": values["country"]} if parts else {})


def prefix_of(account_id: str) -> str:
    """The beginning of its invoice numbers: the id's letters and digits as capitals."""
    return re.sub(r"[^A-Z0-9]+", "-", account_id.upper()).strip("-")


def subscription(row: Row, frame: Frame) -> Placed:
    """A subscription, billed from its next boundary on, with its discount."""
    made = dict(row.values)
    coupon = made.pop("coupon_id")
    refuse_late_coupon(coupon, cast("datetime", made["started_at"]), frame)
    ended = (made["cancel_at"] or frame.now) if made["state"] == "canceled" else None
    begins = made["trial_end"] if made["state"] == "trialing" else made["started_at"]
    made["next_period_start"] = None if ended else made["next_period_start"] or begins
    made |= {"canceled_at": ended, "ended_at": ended}
    made["paused_at"] = frame.now if made["state"] == "paused" else None
    discount = {"subscription_id": made["subscription_id"], "coupon_id": coupon, "started_at": made["started_at"]}
    return Placed((("subscriptions", made), *((("subscription_discounts", discount),) if coupon else ())))


def refuse_late_coupon(coupon: Value, taken_at: datetime, frame: Frame) -> None:
    """Nothing. Raises Broken when the coupon could not be taken any more at that moment."""
    last = frame.parents["coupons"][str(coupon)]["redeem_by"] if coupon else None
    if last is not None and taken_at > datetime.fromisoformat(str(last)):
        raise Broken(f"coupon {coupon} could be taken until {last}: leave it out, or give another one")


def item(row: Row, frame: Frame) -> Placed:
    """An item, whose price must be of its subscription's currency and rhythm."""
    subscribed = frame.parents["subscriptions"][str(row.values["subscription_id"])]
    price = frame.parents["prices"][str(row.values["price_id"])]
    for name in ("currency", "interval", "interval_count"):
        if subscribed[name] != price[name]:
            found = f"{name} {price[name]}, its subscription {subscribed[name]}"
            raise Broken(f"the price has {found}: use a price that fits")
    return Placed((("subscription_items", row.values),))


def usage(row: Row, frame: Frame) -> Placed:
    """A usage record. Raises Broken when the period it belongs to is billed already."""
    billed_to = frame.parents["subscriptions"][str(row.values["subscription_id"])]["billed_to"]
    at = cast("datetime", row.values["occurred_at"])
    if billed_to is not None and at < datetime.fromisoformat(str(billed_to)):
        raise Broken(f"its period is closed: usage of this subscription counts from {billed_to} on")
    return Placed((("usage_records", row.values | {"recorded_at": frame.now}),))


def credit(row: Row, frame: Frame) -> Placed:
    """A credit grant and what it makes us owe."""
    values, name = row.values, CreditGrantId(f"cg-{row.key}")
    amount, at = cast("int", values["amount_minor"]), cast("datetime", values["granted_at"] or frame.now)
    made = {field: value for field, value in values.items() if field != "credit_key"} | {
        "credit_grant_id": name, "granted_at": at, "remaining_minor": amount, "source": f"grant:{row.key}",
    }  # fmt: skip
    grant = CreditGrant(
        name, AccountId(str(values["account_id"])), Currency(str(values["currency"])), CreditKind(str(values["kind"])),
        amount, amount, at,
    )  # fmt: skip
    when = When(at, frame.open_day(day_in(at, frame.zone)))
    return Placed((("credit_grants", made),), credit_granted(grant, when))


def invoice(row: Row, frame: Frame) -> Placed:
    """An open invoice with one line and its opening balance; backlog when it is older than the day we collect from."""
    values, owner = row.values, frame.parents["accounts"][str(row.values["account_id"])]
    issued_on, total = cast("date", values["issued_on"]), cast("int", values["total_minor"])
    left, tax = cast("int", values["open_minor"] or total), cast("int", values["tax_minor"])
    issued_at = datetime(issued_on.year, issued_on.month, issued_on.day, tzinfo=UTC)
    old = frame.collect_from is None or issued_on < frame.collect_from
    copied = ("invoice_id", "account_id", "number", "currency", "issued_on", "due_on", "tax_minor", "total_minor")
    made = {name: values[name] for name in copied} | {
        "legal_entity_id": owner["legal_entity_id"], "kind": "opening", "state": "pending", "due_minor": total,
        "subtotal_minor": total - tax, "paid_minor": total - left, "issued_at": issued_at,
        "collection_method": "backlog" if old else owner["collection_method"],
    }  # fmt: skip
    line = {
        "invoice_id": values["invoice_id"], "line_no": 1, "kind": "opening", "description": values["description"],
        "amount_minor": total - tax, "tax_minor": tax,
    }  # fmt: skip
    entry = opening_balance(
        InvoiceId(row.key), AccountId(str(values["account_id"])), Currency(str(values["currency"])), left,
        When(issued_at, frame.open_day(issued_on)),
    )  # fmt: skip
    return Placed((("invoices", made), ("invoice_lines", line)), entry)


PLACES: Final[dict[str, Callable[[Row, Frame], Placed]]] = {
    "accounts": account,
    "subscriptions": subscription,
    "items": item,
    "usage": usage,
    "credits": credit,
    "invoices": invoice,
}
"""Kinds whose rows are more than their cells."""

TABLES: Final = {
    "legal_entities": "legal_entities",
    "tax_rates": "tax_rates",
    "plans": "plans",
    "prices": "prices",
    "tiers": "price_tiers",
    "coupons": "coupons",
}
"""Kinds whose cells are the row."""


def differences(values: Values, given: frozenset[str], known: Json) -> list[str]:
    """The given fields in which a row differs from the one that is there, as far as its table keeps them.

    An address is one field: its cells are compared and changed together, so that no two addresses get mixed.
    """
    found = [name for name in given if name in known and not same(values[name], known[name])]
    moved = given.intersection(ADDRESS) and address_of(values) != known["address"]
    return sorted([*found, "address"] if moved else found)


def given_value(row: Row, name: str) -> Value:
    """What the row says about a field; None where it has no cell of its own."""
    if name == "address" and name not in row.values:
        return json.dumps(address_of(row.values)) if row.given.intersection(ADDRESS) else None
    return row.values[name] if name in row.given else None


def same(value: object, known: object) -> bool:
    """Whether a value is what the database has, as JSON."""
    if isinstance(value, datetime):
        return isinstance(known, str) and datetime.fromisoformat(known) == value
    if isinstance(value, date):
        return known == value.isoformat()
    return value == known
