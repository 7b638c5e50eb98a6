"""Events and invoices for benchmarks and crash tests, of the size that Stripe sends."""

from datetime import UTC, datetime
from typing import Any, Final

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stripe_gateway import API_VERSION

NOW: Final = datetime(2026, 3, 1, tzinfo=UTC)


def intent(number: int, invoice: str) -> dict[str, Any]:
    """A succeeded payment intent as Stripe sends it, some 2 KB of JSON."""
    blank = dict.fromkeys(
        "application application_fee_amount canceled_at cancellation_reason description last_payment_error next_action "
        "on_behalf_of processing receipt_email review setup_future_usage shipping source statement_descriptor "
        "statement_descriptor_suffix transfer_data transfer_group".split()
    )
    card = {"installments": None, "mandate_options": None, "network": None, "request_three_d_secure": "automatic"}
    return blank | {
        "id": f"pi_{number:024d}",
        "object": "payment_intent",
        "amount": 4900,
        "amount_capturable": 0,
        "amount_details": {"tip": {}},
        "amount_received": 4900,
        "automatic_payment_methods": {"allow_redirects": "never", "enabled": True},
        "capture_method": "automatic_async",
        "client_secret": f"pi_{number:024d}_secret_{number:025d}",
        "confirmation_method": "automatic",
        "created": int(NOW.timestamp()),
        "currency": "usd",
        "customer": "cus_bench",
        "latest_charge": f"ch_{number:024d}",
        "livemode": False,
        "metadata": {"invoice_id": invoice, "account_id": "bench", "seq": "1", "environment": "bench"},
        "payment_method": "pm_bench",
        "payment_method_options": {"card": card},
        "payment_method_types": ["card"],
        "status": "succeeded",
    }


def event(number: int, invoice: str) -> dict[str, Any]:
    """The event that tells it."""
    return {
        "id": f"evt_{number:024d}",
        "object": "event",
        "api_version": API_VERSION,
        "created": int(NOW.timestamp()),
        "data": {"object": intent(number, invoice)},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": "payment_intent.succeeded",
    }


def prepare(db: Database, first: int, count: int) -> list[str]:
    """count pending invoices with open collections; their ids."""
    names = [f"inv-bench-{number:08d}" for number in range(first, first + count)]
    with db.cursor() as cursor:
        cursor.execute("""insert into legal_entities (legal_entity_id, name, country) values ('bench', 'Bench', 'DE')
            on conflict do nothing""")
        cursor.execute(
            """insert into accounts (account_id, legal_entity_id, name, email, country, currency, invoice_prefix, created_at)
            values ('bench', 'bench', 'Bench', 'bench@example.com', 'DE', 'usd', 'BENCH', %s) on conflict do nothing""",
            [NOW],
        )
    invoices = ("invoice_id", "account_id", "legal_entity_id", "number", "kind", "state", "currency", "subtotal_minor",
                "total_minor", "due_minor", "collection_method", "issued_at", "issued_on", "due_on")  # fmt: skip
    today = NOW.date()
    db.copy("invoices", invoices, (
        (name, "bench", "bench", name, "subscription", "pending", "usd", 4900, 4900, 4900, "automatic", NOW, today, today)
        for name in names
    ))  # fmt: skip
    collections = ("invoice_id", "seq", "amount_minor", "currency", "opened_at")
    db.copy("collections", collections, ((name, 1, 4900, "usd", NOW) for name in names))
    return names
