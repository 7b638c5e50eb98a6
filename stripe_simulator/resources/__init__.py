"""The resources of the API, one file each. Importing the package fills the routing table."""

import functools
import itertools
from typing import Final

from stripe_simulator import idempotency
from stripe_simulator.clock import GLOBAL
from stripe_simulator.resources import (  # noqa: F401 - imported for their routes
    accounts,
    balances,
    charges,
    collecting,
    coupons,
    credit_notes,
    customers,
    disputes,
    events,
    invoiceitems,
    invoices,
    meters,
    payment_intents,
    payment_methods,
    payments,
    payouts,
    previews,
    prices,
    products,
    refunds,
    setup_intents,
    subscription_items,
    subscriptions,
    tax_ids,
    tax_rates,
    test_clocks,
    webhook_endpoints,
)
from stripe_simulator.resources.webhook_endpoints import DELIVERY
from stripe_simulator.routes import Call
from stripe_simulator.wire import Json
from stripe_simulator.world import CLOCK_KIND, EVENT_LIFE_SECONDS, World

KIND_OF: Final = {
    "customers": "customer",
    "payment_intents": "payment_intent",
    "setup_intents": "setup_intent",
    "payment_methods": "payment_method",
    "charges": "charge",
    "subscriptions": "subscription",
    "invoices": "invoice",
    "invoiceitems": "invoiceitem",
    "subscription_items": "subscription_item",
}


def start(world: World) -> None:
    """Nothing; the account has what Stripe gives a new one."""
    balances.open_books(world)
    listen(world)


def listen(world: World) -> None:
    """Nothing; webhook endpoints hear about events."""
    world.listeners.append(functools.partial(webhook_endpoints.enqueue, world))


def whose(world: World, call: Call) -> str:
    """The customer that the request is about; empty when it is about none."""
    customer = call.params.get("customer")
    if call.ids:
        kind = KIND_OF.get(call.path.split("/")[2], "")
        row = world.store.find(kind, call.ids[0]) if kind else None
        customer = row and (row["id"] if kind == "customer" else row.get("customer"))
    return customer if isinstance(customer, str) else ""


def follow_clock(world: World, call: Call) -> None:
    """Nothing; when the request is about a customer on a test clock, that clock's time counts for it."""
    world.on = GLOBAL
    if CLOCK_KIND not in world.store.tables:
        return
    found = world.store.find("customer", whose(world, call))
    if found and found.get("test_clock") and world.store.find(CLOCK_KIND, found["test_clock"]):
        world.on = found["test_clock"]


def authenticate(world: World, row: Json, *, passed: bool) -> None:
    """Nothing; the intent's customer passed or failed the issuer's challenge."""
    flow = setup_intents if row["object"] == "setup_intent" else payments
    flow.authenticate(world, row, passed=passed)


def forget_old(world: World) -> None:
    """Nothing; events older than 30 days and pruned idempotency keys are gone."""
    idempotency.prune(world)
    horizon = world.clock.seconds - EVENT_LIFE_SECONDS
    old = []
    for event in world.store.table("event").oldest():
        if event["created"] >= horizon:
            break
        old.append(event["id"])
    for name in old:
        world.store.remove("event", name)
    for delivery in list(itertools.takewhile(lambda d: d["created"] < horizon, world.store.table(DELIVERY).oldest())):
        world.store.remove(DELIVERY, delivery["id"])
