"""What collecting costs in memory: the peak of a process that collects many invoices, beside one that collects a tenth.

Each size runs in a process of its own, because a peak is never taken back. Stripe is a double that keeps nothing, so that
only our own memory is seen; the attempts, facts and collections are written to a real PostgreSQL.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from resource import RUSAGE_SELF, getrusage
from typing import Any, Final

from sqlalchemy import insert, text

from benchmarks.collection import BORN, Row, invoice, scratch
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stripe_gateway import API_VERSION
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.domain.ids import IdempotencyKey
from billing_pipeline.flows.collect_payments import THREADS, collect_payments
from billing_pipeline.flows.ports import Page, Reply, Request

TENTH: Final = 10
COPIED: Final = """
    insert into invoices (invoice_id, number, account_id, legal_entity_id, kind, state, currency, subtotal_minor,
                          total_minor, due_minor, collection_method, issued_at, issued_on, due_on)
    select 'inv-' || lpad(n::text, 7, '0'), 'B-' || n, account_id, legal_entity_id, kind, state, currency, subtotal_minor,
           total_minor, due_minor, collection_method, issued_at, issued_on, due_on
    from invoices, generate_series(1, :more) as n
"""


def measure(url: str, *, full: bool = False) -> list[Row]:
    """Row collect_memory. url: a server to make databases on. full: 100,000 invoices instead of 10,000."""
    many = 100_000 if full else 10_000
    few_mb, (many_mb, per_second) = peak_of(url, many // TENTH)[0], peak_of(url, many)
    return [{
        "name": "collect_memory", "value": many_mb, "unit": "MB", "floor": few_mb, "ratio": round(many_mb / few_mb, 3),
        "n": many, "note": f"peak of the process, beside {many // TENTH:,} invoices; {per_second:,.0f} invoices/s",
    }]  # fmt: skip


def peak_of(url: str, invoices: int) -> tuple[float, float]:
    """The peak of a process that collects so many, in MB, and how many a second it collected."""
    asked = [sys.executable, "-m", "benchmarks.collection_memory", url, str(invoices)]
    done = subprocess.run(asked, check=True, capture_output=True, text=True)
    told = json.loads(done.stdout)
    return told["peak_mb"], told["per_second"]


@dataclass(frozen=True, slots=True)
class Standing:
    """A clock that stands still."""

    def now(self) -> Any:
        return BORN


@dataclass(slots=True)
class PaysAtOnce:
    """A Stripe whose every charge succeeds, and that remembers nothing."""

    numbers: Iterator[int]
    api_version: str = API_VERSION

    def send(self, request: Request, key: IdempotencyKey) -> Reply:
        asked, number = json.loads(request.params_json), next(self.numbers)
        return Reply(body=paid(asked, number), request_id=f"req_{number}", replayed=False, answered_at=None)

    def read(self, path: str, params: Mapping[str, Any] | None = None) -> None:
        return None

    def pages(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Page]:
        return iter(())


def paid(asked: Mapping[str, Any], number: int) -> dict[str, Any]:
    """An intent that succeeded, with its charge and balance transaction."""
    born, amount, currency = int(BORN.timestamp()), asked["amount"], asked["currency"]
    booked = {
        "id": f"txn_{number}", "object": "balance_transaction", "type": "charge", "reporting_category": "charge",
        "source": f"ch_{number}", "currency": currency, "amount": amount, "fee": 172, "net": amount - 172,
        "available_on": born, "created": born, "status": "pending", "exchange_rate": None,
    }  # fmt: skip
    details = {"type": "card", "card": {"brand": "visa", "fingerprint": "bench", "last4": "4242"}}
    charge = {
        "id": f"ch_{number}", "object": "charge", "created": born, "status": "succeeded", "amount": amount,
        "balance_transaction": booked, "payment_method_details": details, "description": "x" * 2_000,
    }  # fmt: skip
    return {
        "id": f"pi_{number}", "object": "payment_intent", "status": "succeeded", "created": born, "amount": amount,
        "amount_received": amount, "currency": currency, "customer": asked["customer"], "metadata": asked["metadata"],
        "latest_charge": charge, "payment_method_types": ["card"], "last_payment_error": None, "livemode": False,
    }  # fmt: skip


def seed(db: Database, invoices: int) -> None:
    """One account and so many invoices due, made by the server itself."""
    account = {
        "account_id": "bench", "legal_entity_id": "main", "name": "Bench", "email": "bench@example.com", "country": "US",
        "currency": "usd", "invoice_prefix": "B", "stripe_customer_id": "cus_1", "created_at": BORN,
    }  # fmt: skip
    method = {"payment_method_id": "pm_1", "account_id": "bench", "type": "card", "is_default": True}
    with db.transaction() as connection:
        connection.execute(insert(catalog.legal_entities).values(legal_entity_id="main", name="Bench", country="US"))
        connection.execute(insert(catalog.accounts).values(**account))
        connection.execute(insert(catalog.payment_methods).values(**method, attached_at=BORN, updated_at=BORN))
        connection.execute(insert(billing.invoices), invoice(0))
        connection.execute(text(COPIED), {"more": invoices - 1})


def main(url: str, invoices: int) -> None:
    """Collect so many and print what it took."""
    with scratch(url) as db:
        seed(db, invoices)
        began = time.perf_counter()
        done = collect_payments(CollectionStore(db), PaysAtOnce(count(1)), Standing(), threads=THREADS)
        took = time.perf_counter() - began
    if done.succeeded != invoices:
        raise SystemExit(f"{done.succeeded} of {invoices} invoices were collected: {done}")
    peak_mb = round(getrusage(RUSAGE_SELF).ru_maxrss / 1024, 1)
    print(json.dumps({"peak_mb": peak_mb, "per_second": invoices / took}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
