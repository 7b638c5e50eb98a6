"""Subscription items as a resource of their own; each change is a change of the subscription."""

from stripe_simulator.listing import whole
from stripe_simulator.resources import subscriptions
from stripe_simulator.resources.periods import items_of
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, no_such
from stripe_simulator.world import World

ON_SUBSCRIPTION = ("proration_behavior", "proration_date", "payment_behavior", "off_session")


def _find(world: World, name: str) -> tuple[Json, Json]:
    """The item and its subscription. Raises resource_missing."""
    link = world.store.find("_item", name)
    if link:
        row = world.get("subscription", link["subscription"])
        for one in items_of(row):
            if one["id"] == name:
                return one, row
    raise no_such("subscription_item", name)


def _passed_on(call: Call) -> Json:
    return {k: call[k] for k in ON_SUBSCRIPTION if k in call.params}


@route("get", "/v1/subscription_items", "SubscriptionItemListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of the items of one subscription."""
    row = world.given("subscription", call["subscription"], "subscription")
    return whole(items_of(row), call.params, "/v1/subscription_items")


@route("get", "/v1/subscription_items/*", "SubscriptionItemRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One item."""
    return _find(world, call.ids[0])[0]


@route("post", "/v1/subscription_items", "SubscriptionItemCreateParams")
def create(world: World, call: Call) -> Json:
    """The added item."""
    row = world.given("subscription", call["subscription"], "subscription")
    known = {one["id"] for one in items_of(row)}
    given = {k: v for k, v in call.params.items() if k not in (*ON_SUBSCRIPTION, "subscription")}
    _update(world, row["id"], given, call)
    return next(one for one in items_of(row) if one["id"] not in known)


@route("post", "/v1/subscription_items/*", "SubscriptionItemUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed item."""
    one, row = _find(world, call.ids[0])
    given = {k: v for k, v in call.params.items() if k not in ON_SUBSCRIPTION}
    _update(world, row["id"], {**given, "id": one["id"]}, call)
    return _find(world, one["id"])[0]


@route("delete", "/v1/subscription_items/*", "SubscriptionItemDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone."""
    one, row = _find(world, call.ids[0])
    _update(world, row["id"], {"id": one["id"], "deleted": True}, call)
    return {"id": one["id"], "object": "subscription_item", "deleted": True}


def _update(world: World, name: str, item: Json, call: Call) -> None:
    params = {"items": [item], **_passed_on(call)}
    subscriptions.update(world, Call(f"/v1/subscriptions/{name}", (name,), params))
