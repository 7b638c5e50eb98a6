"""A collection desk for tests: the real database, the simulator in process, and customers with cards in both."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.rate_limit import Limiter
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import stripe as tables
from billing_pipeline.adapters.tables.catalog import payment_methods
from billing_pipeline.flows.collect_payments import Collected, collect_payments
from billing_pipeline.flows.settle_unknowns import SettledUnknowns, settle_unknowns
from stripe_simulator import Clock, Fault, Simulator
from tests.seeds import change, fetch, insert_account, insert_invoice, insert_payment_method


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a collection test needs; time is the simulator's."""

    db: Database
    sim: Simulator
    store: CollectionStore
    gateway: StripeGateway

    @property
    def clock(self) -> Clock:
        return self.sim.clock

    def collect(self, **options: Any) -> Collected:
        return collect_payments(self.store, self.gateway, self.clock, threads=1, **options)

    def settle(self) -> SettledUnknowns:
        return settle_unknowns(self.store, self.gateway, self.clock, threads=1)

    def pass_time(self, **by: float) -> None:
        self.sim.advance(seconds=int(timedelta(**by).total_seconds()))

    def fault(self, kind: Any, path: str = "/v1/payment_intents", **options: Any) -> None:
        self.sim.faults.add(Fault(kind=kind, method="post", path=path, **options))

    def attempts(self, **where: Any) -> list[dict[str, Any]]:
        return fetch(self.db, tables.stripe_attempts, **where)

    def facts(self) -> list[dict[str, Any]]:
        return fetch(self.db, tables.inbox)

    def collection(self, invoice_id: str = "inv-1", seq: int = 1) -> dict[str, Any]:
        (found,) = fetch(self.db, tables.collections, invoice_id=invoice_id, seq=seq)
        return found

    def alter(self, invoice_id: str = "inv-1", **values: Any) -> None:
        """Change the invoice's collection, as the inbox or dunning would."""
        with self.db.transaction() as connection:
            query = tables.collections.update().where(tables.collections.c.invoice_id == invoice_id).values(**values)
            connection.execute(query)

    def alter_seq(self, invoice_id: str, seq: int, **values: Any) -> None:
        """Change one of several collections of the invoice."""
        rows = tables.collections
        with self.db.transaction() as connection:
            connection.execute(rows.update().where(rows.c.invoice_id == invoice_id, rows.c.seq == seq).values(**values))

    def wish_retry(self, invoice_id: str = "inv-1") -> None:
        """What dunning does when it wants another try."""
        self.alter(invoice_id, retry_at=self.clock.now())

    def note_decline(self, invoice_id: str = "inv-1", **codes: str) -> None:
        """What the inbox writes after a declined try."""
        self.alter(invoice_id, failures=1, last_codes=codes, last_failed_at=self.clock.now())

    def charges(self, status: str = "succeeded") -> Counter[str]:
        """How many charges of that status each invoice has in Stripe."""
        intents = {one["id"]: one["metadata"].get("invoice_id", "") for one in self.sim.objects("payment_intent")}
        return Counter(intents[one["payment_intent"]] for one in self.sim.objects("charge") if one["status"] == status)

    def posts(self, path: str) -> int:
        """How many POSTs to that path reached Stripe."""
        return sum(1 for method, called, _ in self.sim.calls if method == "post" and called == path)


def open_desk(db: Database, sim: Simulator, limiter: Limiter | None = None) -> Desk:
    """A desk whose gateway never really sleeps and refuses to call inside a transaction."""
    gateway = StripeGateway(
        "sk_test_sim",
        http_client=sim.http_client(),
        guard=lambda: db.in_transaction,
        pause=lambda seconds: None,
        limiter=limiter,
    )
    return Desk(db, sim, CollectionStore(db), gateway)


def customer(desk: Desk, account_id: str = "acme", card: str | None = "pm_card_visa", **account: Any) -> str:
    """An account that is a customer in the simulator, with that card attached and known as its default."""
    client = desk.sim.client()
    made = client.v1.customers.create({"email": f"{account_id}@example.com", "metadata": {"account_id": account_id}})
    insert_account(desk.db, account_id, stripe_customer_id=made.id, **account)
    if card:
        give_card(desk, account_id, made.id, card)
    return made.id


def give_card(desk: Desk, account_id: str, customer_id: str, card: str) -> str:
    """Attach a card and make it the only default on both sides; its id."""
    client = desk.sim.client()
    method = client.v1.payment_methods.attach(card, {"customer": customer_id})
    client.v1.customers.update(customer_id, {"invoice_settings": {"default_payment_method": method.id}})
    for old in fetch(desk.db, payment_methods, account_id=account_id):
        change(desk.db, payment_methods, old["payment_method_id"], is_default=False)
    details = method.to_dict()[method.type]
    insert_payment_method(
        desk.db,
        account_id,
        method.id,
        type=method.type,
        brand=details.get("brand", ""),
        fingerprint=details.get("fingerprint") or "",
    )
    return method.id


def invoice(desk: Desk, invoice_id: str = "inv-1", account_id: str = "acme", **values: Any) -> str:
    """An invoice that is due now."""
    return insert_invoice(desk.db, invoice_id, account_id, **({"issued_at": desk.clock.now()} | values))
