"""Test clocks: customers whose time is moved by Stripe's own API."""

from typing import Final

from stripe_simulator.clock import GLOBAL
from stripe_simulator.intervals import DAY, boundary
from stripe_simulator.listing import page
from stripe_simulator.resources.customers import bury
from stripe_simulator.routes import TIMED, Call, route
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import CLOCK_KIND, World

LIFE_DAYS: Final = 30
FROZEN_MAX: Final = 4_102_444_800  # 2100: a calendar beyond it is of no use to anybody
INTERVALS_MAX: Final = 2
YEARS_MAX: Final = 2


@route("post", "/v1/test_helpers/test_clocks", "test_helpers.TestClockCreateParams")
def create(world: World, call: Call) -> Json:
    """The new clock."""
    if not 0 < call["frozen_time"] <= FROZEN_MAX:
        raise invalid("frozen_time must lie between 1970 and 2100.", "frozen_time")
    row: Json = {
        "id": world.ids.new("clock_"),
        "object": CLOCK_KIND,
        "created": world.clock.seconds,
        "deletes_after": world.clock.seconds + LIFE_DAYS * DAY,
        "frozen_time": call["frozen_time"],
        "livemode": False,
        "name": call.get("name"),
        "status": "ready",
        "status_details": {},
        HIDDEN: {"now": call["frozen_time"]},
    }
    return world.add(row, "test_helpers.test_clock.created")


@route("post", "/v1/test_helpers/test_clocks/*/advance", "test_helpers.TestClockAdvanceParams")
def advance(world: World, call: Call) -> Json:
    """The clock while it advances; the next reading of it says ready."""
    row, target = world.get(CLOCK_KIND, call.ids[0]), call["frozen_time"]
    if target <= row["frozen_time"]:
        raise invalid("frozen_time must be after the current frozen time.", "frozen_time")
    if target > _furthest(world, row):
        raise invalid(
            f"You can advance at most {INTERVALS_MAX} intervals of the shortest subscription on the clock.",
            "frozen_time",
            "test_clock_advance_too_far",
        )
    details = {"advancing": {"target_frozen_time": target}}
    previous = world.change(row, status="advancing", status_details=details)
    world.emit("test_helpers.test_clock.advancing", row, previous)
    shown = dict(row)
    _run(world, row, target)
    world.change(row, status="ready", status_details={}, frozen_time=target)
    world.emit("test_helpers.test_clock.ready", row)
    return shown


def _run(world: World, row: Json, target: int) -> None:
    world.on = row["id"]
    while timer := world.timers.pop_due(row["id"], target):
        world.hide(row, now=max(timer[0], row[HIDDEN]["now"]))
        world.on = row["id"]
        TIMED[timer[2]](world, timer[3])
    world.hide(row, now=target)
    world.on = GLOBAL


def _furthest(world: World, row: Json) -> int:
    ends = [
        boundary(row["frozen_time"], one["price"]["recurring"]["interval"], one["price"]["recurring"]["interval_count"],
                 INTERVALS_MAX)
        for subscription in world.store.table("subscription").newest()
        if subscription["test_clock"] == row["id"] and subscription["status"] not in ("canceled", "incomplete_expired")
        for one in subscription["items"]["data"]
    ]  # fmt: skip
    return min(ends, default=boundary(row["frozen_time"], "year", 1, YEARS_MAX))


@route("get", "/v1/test_helpers/test_clocks/*", "test_helpers.TestClockRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One clock."""
    return world.get(CLOCK_KIND, call.ids[0])


@route("delete", "/v1/test_helpers/test_clocks/*", "test_helpers.TestClockDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone; the clock's customers are gone with it."""
    row = world.get(CLOCK_KIND, call.ids[0])
    for customer in list(world.store.table("customer").newest()):
        if customer.get("test_clock") == row["id"]:
            bury(world, customer)
    world.timers.forget_clock(row["id"])
    world.emit("test_helpers.test_clock.deleted", row)
    world.store.remove(CLOCK_KIND, row["id"])
    return {"id": row["id"], "object": CLOCK_KIND, "deleted": True}


@route("get", "/v1/test_helpers/test_clocks", "test_helpers.TestClockListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of clocks."""
    return page(world, CLOCK_KIND, call.params, "/v1/test_helpers/test_clocks")
