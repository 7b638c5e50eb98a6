"""The demo company's days, one after the other in virtual time: customers act, the pipeline does its daily round."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

from billing_pipeline import operations
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.stores.demo_store import DemoStore
from billing_pipeline.bootstrap import World
from billing_pipeline.demo.cards import give_cards, start_declining
from billing_pipeline.demo.company import Customer
from billing_pipeline.demo.founding import UPGRADE_SEATS, UPGRADE_TO, sign_up
from billing_pipeline.domain.changes import ChangeKind, Timing
from billing_pipeline.domain.ids import AccountId, SubscriptionId
from billing_pipeline.flows.request_change import request_change
from stripe_simulator import control

MORNING: Final = time(6)  # the daily round begins, UTC
GROWTH: Final = (5, 4)  # a growing team has five seats where it had four
SHRINKAGE: Final = (3, 4)


@dataclass(slots=True)
class Life:
    """The story so far. methods: account -> payment method at Stripe."""

    world: World
    first: date
    last: date
    joining: dict[date, list[Customer]] = field(default_factory=dict)
    acting: dict[date, list[tuple[Customer, str]]] = field(default_factory=dict)
    methods: dict[str, str] = field(default_factory=dict)
    totals: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def begin(world: World, customers: Iterable[Customer], first: date, last: date) -> Life:
    """The story of these customers, sorted by day; nothing has happened yet."""
    life = Life(world, first, last)
    for customer in customers:
        life.joining.setdefault(max(first, customer.joined.date()), []).append(customer)
        for what, day in deeds(customer):
            life.acting.setdefault(day, []).append((customer, what))
    return life


def deeds(customer: Customer) -> Iterable[tuple[str, date]]:
    """What the customer does and when. Nothing happens after leaving."""
    days = {
        "grow": customer.grows_on,
        "shrink": customer.shrinks_on,
        "upgrade": customer.upgrades_on,
        "leave": customer.leaves_on,
        "decline": customer.card_fails_from if customer.card.decline_code else None,
    }
    for what, day in days.items():
        if day and day >= customer.joined.date() and (not customer.leaves_on or day <= customer.leaves_on):
            yield what, day


def live(life: Life, through: date, progress: Callable[[date], None]) -> None:
    """Every day from where the clock stands to that day, in full."""
    day = max(life.first, life.world.clock.now().date())
    while day <= through:
        live_day(life, day)
        progress(day)
        day += timedelta(days=1)


def live_day(life: Life, day: date) -> None:
    """One day: Stripe's night passes, customers act, then the round that the schedules run in production."""
    advance(life.world, datetime.combine(day, MORNING, UTC))
    customers_act(life, day)
    daily_round(life.world, day)


def advance(world: World, to: datetime) -> None:
    """Let the simulator live until that moment."""
    if world.simulator and world.clock.now() < to:
        control.advance(world.simulator, to=to)


def customers_act(life: Life, day: date) -> None:
    """Who joins today joins with a card; who wants a change asks for it; whose card dies today has a dead card."""
    joining = life.joining.get(day, [])
    if joining:
        store = DemoStore(life.world.db)
        sign_up(store, joining, datetime.combine(life.first, time(), UTC))
        operations.provision(life.world)
        ids = store.stripe_ids([customer.account_id for customer in joining])
        life.methods |= give_cards(life.world, joining, ids)
        operations.follow_methods(life.world, [AccountId(customer.account_id) for customer in joining])
    for customer, what in life.acting.get(day, []):
        if what == "decline":
            start_declining(life.world, customer, life.methods[customer.account_id])
        else:
            ask(life.world, customer, what, day)


def ask(world: World, customer: Customer, what: str, day: date) -> None:
    """The change that the customer asks for, on the list of changes."""
    item = f"{customer.subscription_id}-1"
    timing: Timing = "period_end" if what in ("shrink", "leave") else "now"
    wishes: dict[str, tuple[ChangeKind, dict[str, Any]]] = {
        "grow": ("quantity", {"item_id": item, "quantity": customer.seats * GROWTH[0] // GROWTH[1] + 1}),
        "shrink": ("quantity", {"item_id": item, "quantity": max(1, customer.seats * SHRINKAGE[0] // SHRINKAGE[1])}),
        "upgrade": ("swap", {"item_id": item, "price_id": price_after_upgrade(customer), "quantity": UPGRADE_SEATS}),
        "leave": ("cancel", {}),
    }
    kind, wish = wishes[what]
    request_change(
        BillingStore(world.db), world.clock, SubscriptionId(customer.subscription_id), kind, wish,
        timing=timing, source=f"demo:{customer.account_id}:{what}:{day}",
        requested_by="customer",
    )  # fmt: skip


def price_after_upgrade(customer: Customer) -> str:
    """The price of the next plan, for the same interval and currency."""
    return f"{UPGRADE_TO}-{customer.interval}-{customer.currency}"


def daily_round(world: World, day: date) -> None:
    """What the schedules run every morning, in their order."""
    operations.provision(world)
    operations.drop_expired_credits(world)
    operations.bill(world, day)
    operations.collect(world)
    operations.settle(world)
    operations.poll(world)
    operations.pass_due(world)
    operations.apply(world)
    operations.recognise(world, operations.today(world) - timedelta(days=1))
    operations.seal(world)
