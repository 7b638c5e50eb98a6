"""A mirror desk for tests: the real database, the simulator in process, a customer with a card, plans in both."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.stores.sync_store import CatalogStore, SyncStore
from billing_pipeline.adapters.stores.takeover_store import TakeoverStore
from billing_pipeline.adapters.stripe_gateway import StripeGateway
from billing_pipeline.adapters.tables import billing, control
from billing_pipeline.adapters.tables import stripe as tables
from billing_pipeline.domain.changes import ChangeKind, Timing
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.mirror_policy import MirrorPolicy
from billing_pipeline.flows.apply_events import Applied, apply_events
from billing_pipeline.flows.follow_stripe import Followed, follow_stripe
from billing_pipeline.flows.guard_mirrors import Guarded, guard_mirrors
from billing_pipeline.flows.ingest_events import ingest_events
from billing_pipeline.flows.rehearse import Desk
from billing_pipeline.flows.request_change import request_change
from billing_pipeline.flows.run_billing import run_billing
from billing_pipeline.flows.run_errands import run_errands
from billing_pipeline.flows.sync_catalog import CatalogSynced, sync_catalog
from billing_pipeline.flows.sync_subscriptions import Synced, sync_subscriptions
from billing_pipeline.flows.take_over import Switched, switch_due
from stripe_simulator import Clock, Fault, Simulator
from tests.collecting import open_desk
from tests.seeds import (
    add,
    change,
    fetch,
    insert_account,
    insert_payment_method,
    insert_price,
    insert_subscription,
)


@dataclass(frozen=True, slots=True)
class MirrorDesk:
    """Everything a mirror test needs; time is the simulator's."""

    db: Database
    sim: Simulator
    gateway: StripeGateway
    policy: MirrorPolicy

    @property
    def clock(self) -> Clock:
        return self.sim.clock

    @property
    def store(self) -> SyncStore:
        return SyncStore(self.db)

    @property
    def client(self) -> Any:
        """Stripe's own SDK client: what somebody does in the dashboard."""
        return self.sim.client().v1

    def catalog(self) -> CatalogSynced:
        return sync_catalog(CatalogStore(self.db), self.gateway, self.clock)

    def sync(self) -> Synced:
        return sync_subscriptions(self.store, self.gateway, self.clock, self.policy, threads=1)

    def bill(self) -> None:
        run_billing(BillingStore(self.db), self.clock, through=self.clock.now().date())

    def hear(self) -> Applied:
        """Poll Stripe's events and apply them."""
        ingest_events(SweepStore(self.db), self.gateway, self.clock, bootstrap=lambda: None)
        return apply_events(EventStore(self.db), self.gateway, self.clock)

    @property
    def takeovers(self) -> TakeoverStore:
        return TakeoverStore(self.db)

    @property
    def takeover(self) -> Desk:
        return Desk(self.takeovers, BillingStore(self.db), self.gateway, self.clock)

    def guard(self) -> Guarded:
        return guard_mirrors(self.takeovers, self.gateway, self.clock)

    def switch(self) -> Switched:
        return switch_due(self.takeover)

    def follow(self) -> Followed:
        return follow_stripe(self.takeover)

    def hear_until(self, at: datetime) -> None:
        """Let time pass up to that moment and hear of it every week; something happens in Stripe every week."""
        while self.clock.now() < at:
            self.until(min(at, self.clock.now() + timedelta(days=7)))
            self.client.products.create({"name": "something else"})
            self.hear()

    def tick(self) -> None:
        """What the schedules do: bill, follow, hear, sync, guard, switch."""
        self.bill()
        self.follow()
        run_errands(self.takeover, self.hear().errands)
        self.bill()
        self.sync()
        self.guard()
        self.switch()

    def divergences(self) -> list[dict[str, Any]]:
        return fetch(self.db, control.divergences)

    def until(self, at: datetime) -> None:
        """Let time pass up to that moment."""
        self.sim.advance(to=at)

    def pass_time(self, **by: float) -> None:
        self.sim.advance(seconds=int(timedelta(**by).total_seconds()))

    def fault(self, kind: Any, path: str = "/v1/subscriptions*", **options: Any) -> None:
        self.sim.faults.add(Fault(kind=kind, path=path, **options))

    def ask(
        self, kind: ChangeKind, wish: dict[str, Any] | None = None, timing: Timing = "now", name: str = "s1"
    ) -> None:
        """Ask for a change and have it applied."""
        request_change(BillingStore(self.db), self.clock, SubscriptionId(name), kind, wish or {}, timing=timing)
        self.bill()

    def ours(self, name: str = "s1") -> dict[str, Any]:
        (row,) = fetch(self.db, billing.subscriptions, subscription_id=name)
        return row

    def alter(self, name: str = "s1", **values: Any) -> None:
        change(self.db, billing.subscriptions, name, **values)

    def theirs(self, name: str = "s1") -> dict[str, Any]:
        """The mirror as Stripe has it."""
        found: dict[str, Any] = self.client.subscriptions.retrieve(
            self.ours(name)["stripe_subscription_id"], {"expand": ["discounts"]}
        ).to_dict()
        return found

    def item(self, name: str = "s1", number: int = 0) -> dict[str, Any]:
        """An item of the mirror."""
        found: dict[str, Any] = self.theirs(name)["items"]["data"][number]
        return found

    def posts(self, path: str = "/v1/subscriptions") -> int:
        """How many POSTs to that path reached Stripe."""
        return sum(1 for method, called, _ in self.sim.calls if method == "post" and called == path)

    def calls(self) -> int:
        return len(self.sim.calls)

    def charged(self) -> int:
        """How many charges Stripe made."""
        return len(self.sim.objects("charge"))

    def attempts(self, **where: Any) -> list[dict[str, Any]]:
        return fetch(self.db, tables.stripe_attempts, **where)


def open_mirror_desk(db: Database, sim: Simulator, policy: MirrorPolicy | None = None) -> MirrorDesk:
    """A desk whose gateway never sleeps and refuses to call inside a transaction."""
    return MirrorDesk(db, sim, open_desk(db, sim).gateway, policy or MirrorPolicy())


def mirror_customer(desk: MirrorDesk, account_id: str = "acme", **account: Any) -> str:
    """An account that is a customer with a card on both sides."""
    made = desk.client.customers.create({"email": f"{account_id}@example.com", "metadata": {"account_id": account_id}})
    insert_account(desk.db, account_id, stripe_customer_id=made.id, **account)
    method = desk.client.payment_methods.attach("pm_card_visa", {"customer": made.id})
    desk.client.customers.update(made.id, {"invoice_settings": {"default_payment_method": method.id}})
    insert_payment_method(desk.db, account_id, method.id)
    return str(made.id)


def open_team_desk(db: Database, sim: Simulator) -> MirrorDesk:
    """A desk where Acme pays 36.00 a month for three seats; January is billed by the engine, the mirror is held."""
    desk = open_mirror_desk(db, sim)
    mirror_customer(desk)
    insert_price(db, "team-usd", "team", scheme="per_unit", unit_minor=1200)
    insert_subscription(db, price_id="team-usd", quantity=3)
    return mirrored(desk)


def open_plain_desk(db: Database, sim: Simulator) -> MirrorDesk:
    """A desk where Acme pays a flat price; January is billed by the engine, the mirror is held."""
    desk = open_mirror_desk(db, sim)
    mirror_customer(desk)
    insert_price(db)
    insert_subscription(db)
    return mirrored(desk)


def mirrored(desk: MirrorDesk) -> MirrorDesk:
    """The desk with everything billed that is due, and everything known to Stripe."""
    desk.bill()
    desk.catalog()
    desk.sync()
    return desk


def add_item(desk: MirrorDesk, item_id: str, price_id: str, name: str = "s1", **values: Any) -> None:
    """Another item on a subscription."""
    row = {"quantity": 1, "valid_from": desk.ours(name)["started_at"]} | values
    add(desk.db, billing.subscription_items, item_id=item_id, subscription_id=name, price_id=price_id, **row)
