"""Meters and meter events: what metered prices count."""

import re
from typing import Final

from stripe_simulator.ids import digest
from stripe_simulator.listing import page
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

COUNTED: Final = re.compile(r"[0-9]{1,15}")  # what a meter event may count


@route("post", "/v1/billing/meters", "billing.MeterCreateParams")
def create(world: World, call: Call) -> Json:
    """The new meter."""
    mapping = {"event_payload_key": "stripe_customer_id", "type": "by_id"} | (call.get("customer_mapping") or {})
    row: Json = {
        "id": world.ids.new("mtr_"),
        "object": "billing.meter",
        "created": world.now(),
        "customer_mapping": mapping,
        "default_aggregation": call["default_aggregation"],
        "display_name": call["display_name"],
        "event_name": call["event_name"],
        "event_time_window": call.get("event_time_window"),
        "livemode": world.account.livemode,
        "status": "active",
        "status_transitions": {"deactivated_at": None},
        "updated": world.now(),
        "value_settings": {"event_payload_key": "value"} | (call.get("value_settings") or {}),
    }
    return world.add(row, "billing.meter.created")


@route("get", "/v1/billing/meters/*", "billing.MeterRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One meter."""
    return world.get("billing.meter", call.ids[0])


@route("get", "/v1/billing/meters", "billing.MeterListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of meters."""
    return page(world, "billing.meter", call.params, "/v1/billing/meters")


@route("post", "/v1/billing/meter_events", "billing.MeterEventCreateParams")
def report(world: World, call: Call) -> Json:
    """The recorded usage; the same identifier is taken once."""
    meter = next(
        (m for m in world.store.table("billing.meter").newest() if m["event_name"] == call["event_name"]), None
    )
    if meter is None:
        raise invalid(f"No active meter found for event name '{call['event_name']}'.", "event_name")
    name = call.get("identifier") or digest(world.ids.new("usage"))
    if world.store.find("billing.meter_event", name):
        raise invalid(f"An event already exists with identifier {name}.", "identifier", "resource_already_exists")
    if not COUNTED.fullmatch(call["payload"].get(meter["value_settings"]["event_payload_key"], "")):
        raise invalid("The payload's value must be a whole number.", "payload")
    row: Json = {
        "id": name,
        "object": "billing.meter_event",
        "created": world.now(),
        "event_name": call["event_name"],
        "identifier": name,
        "livemode": world.account.livemode,
        "payload": call["payload"],
        "timestamp": call.get("timestamp", world.now()),
        "_": {"meter": meter["id"]},
    }
    world.store.add(row)
    return {k: v for k, v in row.items() if k != "id"}


def usage(world: World, meter_id: str, customer: str, start: int, end: int) -> int:
    """What the meter counted for a customer in [start, end)."""
    meter = world.get("billing.meter", meter_id)
    who, value = meter["customer_mapping"]["event_payload_key"], meter["value_settings"]["event_payload_key"]
    found = [
        int(e["payload"][value])
        for e in world.store.table("billing.meter_event").oldest("_meter", meter_id)
        if e["payload"].get(who) == customer and start <= e["timestamp"] < end
    ]
    formula = meter["default_aggregation"]["formula"]
    return len(found) if formula == "count" else (found or [0])[-1] if formula == "last" else sum(found)
