"""Events: what happened, newest first, for thirty days."""

from typing import Final

from stripe_simulator.listing import page
from stripe_simulator.routes import Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid, no_such
from stripe_simulator.world import World

TYPES_MAX: Final = 20


@route("get", "/v1/events", "EventListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of events; one told to appear later stays unseen until then, though its `created` is older."""
    types = _types(call)
    exact = types is not None and not any("*" in t for t in types)
    now, delivered = world.clock.seconds, call.get("delivery_success")

    def keep(row: Json) -> bool:
        if row[HIDDEN]["shown_at"] > now:
            return False
        if types is not None and not exact and not any(_matches(row["type"], t) for t in types):
            return False
        return delivered is None or (row["pending_webhooks"] == 0) == delivered

    return page(world, "event", call.params, "/v1/events", ("type", types) if exact and types else None, keep)


def _types(call: Call) -> list[str] | None:
    if "type" in call.params and "types" in call.params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    types = call.get("types") or ([call["type"]] if call.get("type") else None)
    if types and len(types) > TYPES_MAX:
        raise invalid(f"You may pass at most {TYPES_MAX} types.", "types")
    return None if types == ["*"] else types


def _matches(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


@route("get", "/v1/events/*", "EventRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One event, while it is younger than thirty days."""
    row = world.store.find("event", call.ids[0])
    if row is None or row[HIDDEN]["shown_at"] > world.clock.seconds:
        raise no_such("event", call.ids[0])
    return row
