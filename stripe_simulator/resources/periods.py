"""Subscription items and their periods."""

from typing import Any

from stripe_simulator.intervals import boundary, next_boundary, previous_boundary
from stripe_simulator.render import public
from stripe_simulator.resources.coupons import discounts
from stripe_simulator.resources.fields import merged_metadata
from stripe_simulator.resources.prices import new_price
from stripe_simulator.resources.tax_rates import rates
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World


def new_item(world: World, subscription: str, given: Json, param: str) -> Json:
    """A subscription item without a period yet. given: one entry of the `items` parameter. Raises Refused."""
    price = price_of(world, given, param)
    metered = price["recurring"]["usage_type"] == "metered"
    if metered and "quantity" in given:
        raise invalid("Metered prices take no quantity.", f"{param}[quantity]")
    name = world.ids.new("si_")
    row: Json = {
        "id": name,
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": world.now(),
        "current_period_end": 0,
        "current_period_start": 0,
        "discounts": discounts(world, given.get("discounts"), {"subscription_item": name}),
        "metadata": merged_metadata({}, given.get("metadata")),
        "plan": plan(price),
        "price": public(price),
        "subscription": subscription,
        "tax_rates": rates(world, given.get("tax_rates"), f"{param}[tax_rates]"),
    }
    return row if metered else row | {"quantity": given.get("quantity", 1)}


def price_of(world: World, given: Json, param: str) -> Json:
    """The recurring price that an entry of `items` names or describes. Raises Refused."""
    if data := given.get("price_data"):
        return new_price(world, data)
    if "price" not in given:
        raise invalid(f"Missing required param: {param}[price].", f"{param}[price]", "parameter_missing")
    price = world.given("price", given["price"], f"{param}[price]")
    if price["type"] != "recurring":
        raise invalid(f"The price specified is set to `type=one_time`: {price['id']}", f"{param}[price]")
    if not price["active"]:
        raise invalid(f"The price specified is inactive: {price['id']}", f"{param}[price]")
    return price


def plan(price: Json) -> Json:
    """The legacy twin of a recurring price, which the SDK still promises on items."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": price["billing_scheme"],
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": price["livemode"],
        "metadata": price["metadata"],
        "meter": recurring["meter"],
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": price["tiers_mode"],
        "transform_usage": price["transform_quantity"],
        "trial_period_days": None,
        "usage_type": recurring["usage_type"],
    }


def cycle_of(items: list[Json]) -> tuple[str, int]:
    """The interval and its count that all items share. Raises Refused when they differ."""
    found = {(i["price"]["recurring"]["interval"], i["price"]["recurring"]["interval_count"]) for i in items}
    if len(found) > 1:
        raise invalid("All prices on a subscription must have the same billing interval.", "items")
    return found.pop()


def currency_of_items(items: list[Json]) -> str:
    """The currency that all items share. Raises Refused when they differ."""
    found = {i["price"]["currency"] for i in items}
    if len(found) > 1:
        raise invalid("All prices on a subscription must use the same currency.", "items")
    return str(found.pop())


def period_after(items: list[Json], anchor: int, at: int) -> tuple[int, int]:
    """The period that begins now: from `at` to the next boundary of the anchor."""
    return at, next_boundary(anchor, *cycle_of(items), at)


def whole_period(items: list[Json], anchor: int, end: int) -> tuple[int, int]:
    """The full period that ends at a boundary, wherever billing began inside it."""
    return previous_boundary(anchor, *cycle_of(items), end), end


def one_interval_after(items: list[Json], at: int) -> int:
    """The unix second one billing interval after `at`."""
    return boundary(at, *cycle_of(items), 1)


def with_period(items: list[Json], start: int, end: int) -> list[Json]:
    """The items, all in this period."""
    return [{**i, "current_period_start": start, "current_period_end": end} for i in items]


def listed(name: str, items: list[Json]) -> Json:
    """The items as a subscription carries them."""
    url = f"/v1/subscription_items?subscription={name}"
    return {"object": "list", "data": items, "has_more": False, "url": url}


def link_items(world: World, subscription: Json) -> None:
    """Nothing; each item can be found by its own id."""
    for one in items_of(subscription):
        if not world.store.find("_item", one["id"]):
            link = {"id": one["id"], "object": "_item", "created": world.now(), "subscription": subscription["id"]}
            world.store.add(link)


def items_of(subscription: Json) -> list[Any]:
    """The subscription's items."""
    return list(subscription["items"]["data"])


def period_of(subscription: Json) -> tuple[int, int]:
    """The current period, start and end."""
    first = subscription["items"]["data"][0]
    return first["current_period_start"], first["current_period_end"]
