"""Rows with sensible defaults, so that a test says only what it is about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table, insert, select, update

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, stripe

START: Final = datetime(2026, 1, 1, tzinfo=UTC)


def add(db: Database, table: Table, **values: Any) -> dict[str, Any]:
    """Insert one row; the values given."""
    with db.transaction() as connection:
        connection.execute(insert(table).values(**values))
    return values


def change(db: Database, table: Table, key: str, **values: Any) -> None:
    """Update the row whose (only) primary key is key."""
    (column,) = table.primary_key.columns
    with db.transaction() as connection:
        connection.execute(update(table).where(column == key).values(**values))


def fetch(db: Database, table: Table, **where: Any) -> list[dict[str, Any]]:
    """All rows of the table that match, as dictionaries, by primary key."""
    query = select(table).filter_by(**where).order_by(*table.primary_key.columns)
    with db.transaction() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def insert_entity(db: Database, legal_entity_id: str = "main", **values: Any) -> str:
    """A seller. Doing it twice is fine."""
    if not fetch(db, catalog.legal_entities, legal_entity_id=legal_entity_id):
        row = {"name": "Example GmbH", "address": "Hauptstr. 1, Berlin", "country": "DE", "tax_id": "DE123"} | values
        add(db, catalog.legal_entities, legal_entity_id=legal_entity_id, **row)
    return legal_entity_id


def insert_account(db: Database, account_id: str = "acme", **values: Any) -> str:
    """An account with a Stripe customer 'cus_<id>' unless stripe_customer_id says otherwise."""
    row: dict[str, Any] = {
        "legal_entity_id": insert_entity(db),
        "name": account_id.title(),
        "email": f"{account_id}@example.com",
        "country": "US",
        "currency": "usd",
        "invoice_prefix": account_id.upper(),
        "stripe_customer_id": f"cus_{account_id}",
        "created_at": START,
    }
    add(db, catalog.accounts, account_id=account_id, **(row | values))
    return account_id


def insert_payment_method(db: Database, account_id: str = "acme", payment_method_id: str = "", **values: Any) -> str:
    """The account's default Visa."""
    name = payment_method_id or f"pm_{account_id}"
    row: dict[str, Any] = {
        "type": "card",
        "brand": "visa",
        "last4": "4242",
        "fingerprint": f"fp_{name}",
        "exp_month": 12,
        "exp_year": 2030,
        "is_default": True,
        "attached_at": START,
        "updated_at": START,
    }
    add(db, catalog.payment_methods, payment_method_id=name, account_id=account_id, **(row | values))
    return name


def insert_price(db: Database, price_id: str = "basic-usd", plan_id: str = "basic", **values: Any) -> str:
    """A flat monthly price of 49.00 usd, with its plan."""
    if not fetch(db, catalog.plans, plan_id=plan_id):
        add(db, catalog.plans, plan_id=plan_id, name=plan_id.title())
    row: dict[str, Any] = {"currency": "usd", "scheme": "flat", "interval": "month", "unit_minor": 4900}
    add(db, catalog.prices, price_id=price_id, plan_id=plan_id, **(row | values))
    return price_id


def insert_subscription(
    db: Database, subscription_id: str = "s1", account_id: str = "acme", price_id: str = "basic-usd", **values: Any
) -> str:
    """An active monthly subscription anchored on the first, never billed yet, with one item."""
    quantity = values.pop("quantity", 1)
    row: dict[str, Any] = {
        "currency": "usd",
        "state": "active",
        "interval": "month",
        "anchor_on": date(2026, 1, 1),
        "started_at": START,
        "next_period_start": START,
    }
    add(db, billing.subscriptions, subscription_id=subscription_id, account_id=account_id, **(row | values))
    add(
        db,
        billing.subscription_items,
        item_id=f"{subscription_id}-1",
        subscription_id=subscription_id,
        price_id=price_id,
        quantity=quantity,
        valid_from=row["started_at"],
    )
    return subscription_id


def insert_invoice(db: Database, invoice_id: str = "inv-1", account_id: str = "acme", **values: Any) -> str:
    """A pending invoice of 49.00 usd, due on its day of issue, collected automatically, without lines or entries."""
    total = values.get("total_minor", 4900)
    issued_at: datetime = values.get("issued_at", START)
    row: dict[str, Any] = {
        "legal_entity_id": "main",
        "number": invoice_id.upper(),
        "kind": "subscription",
        "state": "pending",
        "currency": "usd",
        "subtotal_minor": total,
        "total_minor": total,
        "due_minor": total,
        "collection_method": "automatic",
        "issued_at": issued_at,
        "issued_on": issued_at.date(),
        "due_on": issued_at.date(),
        "period_start": issued_at,
        "period_end": issued_at + timedelta(days=31),
    }
    add(db, billing.invoices, invoice_id=invoice_id, account_id=account_id, **(row | values))
    return invoice_id


def insert_collection(db: Database, invoice_id: str = "inv-1", payment_intent_id: str = "pi_1", **values: Any) -> str:
    """An open collection of 49.00 usd whose intent was declined once."""
    row: dict[str, Any] = {
        "seq": 1,
        "amount_minor": 4900,
        "currency": "usd",
        "status": "requires_payment_method",
        "failures": 1,
        "last_codes": {"code": "card_declined", "decline": "insufficient_funds"},
        "last_failed_at": START,
        "opened_at": START,
    }
    add(db, stripe.collections, invoice_id=invoice_id, payment_intent_id=payment_intent_id, **(row | values))
    return payment_intent_id
