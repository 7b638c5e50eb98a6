"""Between the rows of flows.ports.inbox and PostgreSQL: one writer per kind, each one statement for all rows of that kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

import orjson
from sqlalchemy.engine import Row as SqlRow

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.collecting import codes_from
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.invoices import InvoiceState
from billing_pipeline.domain.stripe_money import BalanceTransaction
from billing_pipeline.flows.ports.event_rows import (
    CollectionRow,
    CustomerRow,
    DeclineRow,
    DisputeRow,
    GrantRow,
    InvoiceRow,
    MethodRow,
    PaymentRow,
    PayoutRow,
    RefundRow,
    SubscriptionRow,
    TransactionRow,
    WishRow,
)

Writer = Callable[[Database, Sequence[Any], datetime], object]


def invoice_from(row: SqlRow[Any]) -> InvoiceRow:
    """An invoice from the columns of load_invoices.sql."""
    invoice_id, account_id, subscription_id, state, *rest = list[Any](row)
    return InvoiceRow(invoice_id, account_id, subscription_id, InvoiceState(state), *rest)


def collection_from(row: SqlRow[Any]) -> CollectionRow:
    """A collection from the columns of load_collections.sql."""
    invoice_id, seq, intent, status, failures, codes, charges, *ends = list[Any](row)
    return CollectionRow(invoice_id, seq, intent, status, failures, codes_from(codes), tuple(charges), *ends)


def transaction_from(*columns: Any) -> TransactionRow:
    """A balance transaction from the columns of load_transactions.sql."""
    *told, booked_at = columns
    return TransactionRow(BalanceTransaction(*told), booked_at)


def in_columns(statement: str, *names: str, **renamed: str) -> Writer:
    """A writer that gives the statement one array per column. renamed: parameter=attribute path, where they differ."""
    parameters = {name: attrgetter(renamed.get(name, name)) for name in (*names, *renamed)}

    def write(db: Database, rows: Sequence[Any], now: datetime) -> object:
        return db.run(statement, **{name: [read(row) for row in rows] for name, read in parameters.items()})

    return write


def write_collections(db: Database, rows: Sequence[CollectionRow], now: datetime) -> object:
    """Collections, their codes as JSON."""
    plain = (
        "invoice_id",
        "seq",
        "payment_intent_id",
        "status",
        "failures",
        "last_failed_at",
        "closed_at",
        "close_reason",
    )
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in plain}
    columns["last_codes"] = [
        orjson.dumps({name: getattr(row.codes, name) for name in Codes.__slots__}).decode() for row in rows
    ]
    columns["failed_charges"] = [orjson.dumps(row.failed_charges).decode() for row in rows]
    return db.run("inbox/write_collections", **columns)


def write_methods(db: Database, rows: Sequence[MethodRow], now: datetime) -> object:
    """Payment methods one after another, those that are no default first."""
    ordered = sorted(rows, key=lambda row: row.is_default)
    return db.run_many("inbox/write_method", [asdict(row) | {"now": now} for row in ordered])


def write_wishes(db: Database, rows: Sequence[WishRow], now: datetime) -> object:
    """Wishes for changes of subscriptions."""
    names = ("source", "subscription_id", "kind", "effective_at", "requested_by")
    columns: dict[str, list[Any]] = {name: [getattr(row, name) for row in rows] for name in names}
    return db.run("inbox/write_wishes", now=now, **columns)


WRITERS: Final[Mapping[type, Writer]] = {
    InvoiceRow: in_columns(
        "inbox/write_invoices", "invoice_id", "state", "paid_minor", "refunded_minor", "disputed", "paid_at", "voided_at",
        "written_off_at",
    ),
    CollectionRow: write_collections,
    PaymentRow: in_columns("inbox/write_payments", *PaymentRow.__slots__),
    GrantRow: in_columns("inbox/write_grants", *GrantRow.__slots__),
    RefundRow: in_columns("inbox/write_refunds", *RefundRow.__slots__),
    DisputeRow: in_columns("inbox/write_disputes", *DisputeRow.__slots__),
    PayoutRow: in_columns("inbox/write_payouts", *PayoutRow.__slots__),
    TransactionRow: in_columns(
        "inbox/write_transactions", "booked_at",
        balance_transaction_id="transaction.id", type="transaction.type", reporting_category="transaction.category",
        source_id="transaction.source", currency="transaction.currency", amount_minor="transaction.amount",
        fee_minor="transaction.fee", net_minor="transaction.net", exchange_rate="transaction.exchange_rate",
        available_on="transaction.available_on", created_at="transaction.created",
    ),
    CustomerRow: in_columns("inbox/write_customers", "account_id", "deleted_at"),
    MethodRow: write_methods,
    SubscriptionRow: in_columns("inbox/write_subscriptions", "subscription_id", "mirror_state", "touched"),
    WishRow: write_wishes,
    DeclineRow: in_columns("inbox/write_declines", *DeclineRow.__slots__),
}  # fmt: skip
"""In the order of their foreign keys. A kind without a writer cannot be written: a test compares this with the union Row."""
