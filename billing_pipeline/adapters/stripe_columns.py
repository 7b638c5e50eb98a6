"""Raw Stripe objects -> rows with typed columns, the raw object beside them as JSON, without what names a person."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from billing_pipeline.adapters.persons import without_persons
from billing_pipeline.flows.ports import Json


@dataclass(frozen=True, slots=True)
class StripeColumn:
    """A typed column. path: dotted way into the object, or a function of it."""

    name: str
    type: pa.DataType
    path: str | Callable[[Json], Any]


def text(name: str, path: str | Callable[[Json], Any] = "") -> StripeColumn:
    """A text column; of an expanded object its id."""
    return StripeColumn(name, pa.string(), path or name)


def minor(name: str, path: str | Callable[[Json], Any]) -> StripeColumn:
    """Whole minor units."""
    return StripeColumn(name, pa.int64(), path)


def flag(name: str, path: str | Callable[[Json], Any]) -> StripeColumn:
    """True or false."""
    return StripeColumn(name, pa.bool_(), path)


def instant(name: str, path: str | Callable[[Json], Any]) -> StripeColumn:
    """A moment; Stripe tells whole unix seconds."""
    return StripeColumn(name, pa.timestamp("us", tz="UTC"), path)


def items_of(raw: Json) -> str:
    """What a subscription bills, as 'price:quantity' words in order of their prices."""
    items = (raw.get("items") or {}).get("data", ())
    return " ".join(sorted(f"{item['price']['id']}:{item.get('quantity') or 0}" for item in items))


def customer_state(raw: Json) -> str:
    """live, deleted, or missing: Stripe was asked for it by id and does not know it."""
    return "missing" if raw.get("missing") else "deleted" if raw.get("deleted") else "live"


def moved(raw: Json) -> int:
    """What a dispute took from the balance and gave back, fees left out, in minor units."""
    return sum(t["amount"] for t in raw.get("balance_transactions") or () if isinstance(t, Mapping))


def rate(raw: Json) -> str | None:
    """The exchange rate as decimal text."""
    return None if raw.get("exchange_rate") is None else str(raw["exchange_rate"])


COLUMNS: Final[Mapping[str, tuple[StripeColumn, ...]]] = {
    "payment_intents": (
        text("payment_intent_id", "id"), text("customer_id", "customer"), text("status"), text("currency"),
        minor("amount_minor", "amount"), minor("received_minor", "amount_received"),
        text("charge_id", "latest_charge"),
        text("invoice_id", "metadata.invoice_id"), text("account_id", "metadata.account_id"),
        instant("canceled_at", "canceled_at"), instant("created_at", "created"),
    ),
    "charges": (
        text("charge_id", "id"), text("payment_intent_id", "payment_intent"), text("customer_id", "customer"),
        text("status"),
        flag("captured", "captured"), text("currency"), minor("amount_minor", "amount"),
        minor("captured_minor", "amount_captured"),
        minor("refunded_minor", "amount_refunded"), flag("disputed", "disputed"), text("failure_code"),
        text("balance_transaction_id", "balance_transaction"), instant("created_at", "created"),
    ),
    "refunds": (
        text("refund_id", "id"), text("charge_id", "charge"), text("payment_intent_id", "payment_intent"),
        text("status"),
        text("currency"), minor("amount_minor", "amount"), text("reason"), text("failure_reason"),
        text("balance_transaction_id", "balance_transaction"),
        text("failure_transaction_id", "failure_balance_transaction"), instant("created_at", "created"),
    ),
    "disputes": (
        text("dispute_id", "id"), text("charge_id", "charge"), text("payment_intent_id", "payment_intent"),
        text("status"),
        text("currency"), minor("amount_minor", "amount"), minor("moved_minor", moved), text("reason"),
 
              text("transactions", lambda raw: " ".join(reference(t) or "" for t in raw.get("balance_transactions") or ())),
        instant("created_at", "created"),
    ),
    "balance_transactions": (
        text("balance_transaction_id", "id"), text("type"), text("reporting_category"), text("source_id", "source"),
        text("currency"), minor("amount_minor", "amount"), minor("fee_minor", "fee"), minor("net_minor", "net"),
        text("exchange_rate", rate), text("status"), instant("available_at", "available_on"),
        instant("created_at", "created"),
    ),
    "payouts": (
        text("payout_id", "id"), text("status"), text("currency"), minor("amount_minor", "amount"),
        flag("automatic", "automatic"), text("method"), text("reconciliation_status"), text("failure_code"),
        text("balance_transaction_id", "balance_transaction"),
        text("failure_transaction_id", "failure_balance_transaction"), text("trace_id", "trace_id.value"),
        instant("arrival_at", "arrival_date"), instant("created_at", "created"),
    ),
    "payout_transactions": (text("balance_transaction_id"), text("payout_id", "payout")),
    "customers": (
        text("customer_id", "id"), text("state", customer_state), text("currency"),
        text("account_id", "metadata.account_id"), flag("delinquent", "delinquent"),
        instant("created_at", "created"),
    ),
    "subscriptions": (
        text("stripe_subscription_id", "id"), text("customer_id", "customer"), text("status"), text("currency"),
        text("subscription_id", "metadata.subscription_id"), text("pause_behavior", "pause_collection.behavior"),
        text("items", items_of), instant("canceled_at", "canceled_at"), instant("created_at", "created"),
    ),
    "invoices": (
        text("stripe_invoice_id", "id"), text("customer_id", "customer"), text("status"), text("currency"),
        text("number"),
        minor("total_minor", "total"), minor("due_minor", "amount_due"), minor("paid_minor", "amount_paid"),
        text("billing_reason"), instant("created_at", "created"),
    ),
    "invoice_payments": (
        text("invoice_payment_id", "id"), text("stripe_invoice_id", "invoice"), text("status"),
        text("payment_intent_id", "payment.payment_intent"), minor("amount_minor", "amount_paid"),
        instant("created_at", "created"),
    ),
    "balances": (
        text("currency"), minor("available_minor", "available"), minor("pending_minor", "pending"),
        instant("created_at", "created"),
    ),
}  # fmt: skip
"""By table of the warehouse schema `stripe`; the first column is the key."""

TABLE_OF: Final[Mapping[str, str]] = {name.removesuffix("s"): name for name in COLUMNS}
"""By the `object` field of Stripe's objects."""


def schema_of(table: str) -> pa.Schema:
    """The Arrow schema of that table: its typed columns, then when the object was fetched, then the object."""
    fields = [pa.field(column.name, column.type) for column in COLUMNS[table]]
    return pa.schema([*fields, pa.field("fetched_at", pa.timestamp("us", tz="UTC")), pa.field("raw", pa.string())])


def table_of(rows: Sequence[Json], table: str, fetched_at: datetime) -> pa.Table:
    """The objects as an Arrow table. An object that comes twice keeps its later state."""
    key, columns = COLUMNS[table][0], COLUMNS[table]
    latest = {value(key, raw): raw for raw in rows}
    data: dict[str, list[Any]] = {column.name: [value(column, raw) for raw in latest.values()] for column in columns}
    data["fetched_at"] = [fetched_at] * len(latest)
    data["raw"] = [json.dumps(without_persons(raw), separators=(",", ":"), default=str) for raw in latest.values()]
    return pa.table(data, schema=schema_of(table))


def value(column: StripeColumn, raw: Json) -> Any:
    """What the object says in that column; None where it says nothing."""
    if not isinstance(column.path, str):
        return column.path(raw)
    found: Any = raw
    for step in column.path.split("."):
        found = found.get(step) if isinstance(found, Mapping) else None
    if pa.types.is_timestamp(column.type):
        return None if found is None else datetime.fromtimestamp(found, UTC)
    return reference(found) if pa.types.is_string(column.type) else found


def reference(found: Any) -> str | None:
    """The id of an object that may be expanded; text as it is."""
    return found.get("id") if isinstance(found, Mapping) else found
