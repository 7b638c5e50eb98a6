"""Events: what happened, newest first, for thirty days."""

from typing import Any, Final

from stripe_simulator.listing import page
from stripe_simulator.routes import Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid, no_such
from stripe_simulator.world import World

TYPES_MAX: Final = 20


@route("get", "/v1/events", "EventListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of events; one told to appear later stays unseen until then, though its `created` is older."""
    types, delivered, now = _types(world, call), call.get("delivery_success"), world.clock.seconds
    by = None if types is None else ("type", types)
    if delivered is not None and by is None:
        by = ("pending_webhooks", [n for n in _known(world, "pending_webhooks") if (n == 0) == delivered])

    def keep(row: Json) -> bool:
        return row[HIDDEN]["shown_at"] <= now and delivered in (None, row["pending_webhooks"] == 0)

    return page(world, "event", call.params, "/v1/events", by, keep)


def _known(world: World, field: str) -> list[Any]:
    """The values of the field that events have."""
    return list(world.store.table("event").by[field])


def _types(world: World, call: Call) -> list[str] | None:
    """The exact types wanted; None for all. A `*` stands for the types that have happened."""
    if "type" in call.params and "types" in call.params:
        raise invalid("You may only specify one of these parameters: type, types.", "types")
    types = call.get("types") or ([call["type"]] if call.get("type") else None)
    if types and len(types) > TYPES_MAX:
        raise invalid(f"You may pass at most {TYPES_MAX} types.", "types")
    if types is None or types == ["*"]:
        return None
    return [kind for kind in _known(world, "type") if any(_matches(kind, wanted) for wanted in types)]


def _matches(kind: str, wanted: str) -> bool:
    return kind.startswith(wanted[:-1]) if wanted.endswith("*") else kind == wanted


@route("get", "/v1/events/*", "EventRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One event, while it is younger than thirty days."""
    row = world.store.find("event", call.ids[0])
    if row is None or row[HIDDEN]["shown_at"] > world.clock.seconds:
        raise no_such("event", call.ids[0])
    return row
