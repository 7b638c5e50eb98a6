"""Webhook endpoints: who is told about events, and the deliveries that wait to be sent."""

from typing import Final

from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.render import public
from stripe_simulator.resources.fields import copied, merged_metadata, with_metadata
from stripe_simulator.routes import Call, route, timed
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

ENDPOINTS_MAX: Final = 16
DELIVERY: Final = "webhook_delivery"
GIVEN_UP_AFTER_SECONDS: Final = 3 * 86_400
WAITS: Final = (300, 1_800, 7_200, 18_000, 36_000, 43_200)  # seconds before each next try; the last one repeats


@route("post", "/v1/webhook_endpoints", "WebhookEndpointCreateParams")
def create(world: World, call: Call) -> Json:
    """The new endpoint with its secret, which is shown this once."""
    if len(world.store.table("webhook_endpoint").rows) >= ENDPOINTS_MAX:
        raise invalid(f"An account has at most {ENDPOINTS_MAX} webhook endpoints.", None)
    _check_url(call["url"])
    secret = new_secret(world)
    row: Json = {
        "id": world.ids.new("we_"),
        "object": "webhook_endpoint",
        "api_version": call.get("api_version"),
        "application": None,
        "created": world.clock.seconds,
        "description": call.get("description"),
        "enabled_events": call["enabled_events"],
        "livemode": world.account.livemode,
        "metadata": merged_metadata({}, call.get("metadata")),
        "status": "enabled",
        "url": call["url"],
        HIDDEN: {"secrets": [{"secret": secret, "until": None}]},
    }
    world.store.add(row)
    return {**public(row), "secret": secret}


def _check_url(url: str) -> None:
    if not url.startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")


def new_secret(world: World) -> str:
    """A signing secret."""
    return "whsec_" + digest(world.ids.seed, world.ids.new("secret"), chars=32)


@route("get", "/v1/webhook_endpoints/*", "WebhookEndpointRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One endpoint, without its secret."""
    return world.get("webhook_endpoint", call.ids[0])


@route("post", "/v1/webhook_endpoints/*", "WebhookEndpointUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed endpoint; a disabled one is told nothing, and its retries stop."""
    row = world.get("webhook_endpoint", call.ids[0])
    changes = with_metadata(call, row, copied(call, ("description", "enabled_events", "url")))
    if "url" in changes:
        _check_url(str(changes["url"]))
    if "disabled" in call.params:
        changes["status"] = "disabled" if call["disabled"] else "enabled"
    world.change(row, **changes)
    return row


@route("delete", "/v1/webhook_endpoints/*", "WebhookEndpointDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone."""
    row = world.get("webhook_endpoint", call.ids[0])
    world.store.remove("webhook_endpoint", row["id"])
    return {"id": row["id"], "object": "webhook_endpoint", "deleted": True}


@route("get", "/v1/webhook_endpoints", "WebhookEndpointListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of endpoints."""
    return page(world, "webhook_endpoint", call.params, "/v1/webhook_endpoints")


def enqueue(world: World, event: Json) -> int:
    """How many deliveries of the event now wait."""
    table = world.store.tables.get("webhook_endpoint")
    if table is None or not table.rows:
        return 0
    wanted = [e for e in table.oldest() if e["status"] == "enabled" and _wants(e, event["type"])]
    for endpoint in wanted:
        world.store.add(
            {
                "id": world.ids.new("whd_"),
                "object": DELIVERY,
                "attempts": 0,
                "created": world.clock.seconds,
                "endpoint": endpoint["id"],
                "event": event["id"],
                "last_status": None,
                "state": "due",
                "type": event["type"],
            }
        )
    return len(wanted)


def _wants(endpoint: Json, kind: str) -> bool:
    return "*" in endpoint["enabled_events"] or kind in endpoint["enabled_events"]


def record(world: World, delivery: Json, status: int) -> None:
    """Nothing; the delivery arrived, or is tried again later for three days."""
    attempts = delivery["attempts"] + 1
    good = 200 <= status < 300
    wait = WAITS[min(attempts, len(WAITS)) - 1]
    over = world.clock.seconds + wait > delivery["created"] + GIVEN_UP_AFTER_SECONDS
    state = "delivered" if good else "failed" if over else "waiting"
    world.store.change(delivery, {"attempts": attempts, "last_status": status, "state": state})
    if state == "waiting":
        world.timers.add(world.clock.seconds + wait, "webhook.retry", delivery["id"], "")
    elif good:
        event = world.store.find("event", delivery["event"])
        if event:
            world.store.change(event, {"pending_webhooks": max(event["pending_webhooks"] - 1, 0)})


@timed("webhook.retry")
def retry(world: World, name: str) -> None:
    """Nothing; a failed delivery is due again, unless its endpoint is gone or disabled."""
    delivery = world.store.find(DELIVERY, name)
    if delivery is None or delivery["state"] != "waiting":
        return
    endpoint = world.store.find("webhook_endpoint", delivery["endpoint"])
    active = endpoint is not None and endpoint["status"] == "enabled"
    world.store.change(delivery, {"state": "due" if active else "failed"})
