"""Tax rates, inclusive and exclusive."""

from typing import Final

from stripe_simulator.listing import page
from stripe_simulator.resources.fields import copied, merged_metadata, with_metadata
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

PLAIN: Final = ("active", "country", "description", "display_name", "jurisdiction", "state", "tax_type")


@route("post", "/v1/tax_rates", "TaxRateCreateParams")
def create(world: World, call: Call) -> Json:
    """The new tax rate."""
    if not 0 <= call["percentage"] <= 100:
        raise invalid("A percentage lies between 0 and 100.", "percentage")
    row: Json = {
        "id": world.ids.new("txr_"),
        "object": "tax_rate",
        "active": True,
        "country": None,
        "created": world.now(),
        "description": None,
        "effective_percentage": float(call["percentage"]),
        "flat_amount": None,
        "inclusive": call["inclusive"],
        "jurisdiction": None,
        "jurisdiction_level": None,
        "livemode": world.account.livemode,
        "metadata": merged_metadata({}, call.get("metadata")),
        "percentage": float(call["percentage"]),
        "rate_type": "percentage",
        "state": None,
        "tax_type": None,
    } | copied(call, PLAIN)
    return world.add(row, "tax_rate.created")


@route("get", "/v1/tax_rates/*", "TaxRateRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One tax rate."""
    return world.get("tax_rate", call.ids[0])


@route("post", "/v1/tax_rates/*", "TaxRateUpdateParams")
def update(world: World, call: Call) -> Json:
    """The tax rate; its percentage never changes."""
    row = world.get("tax_rate", call.ids[0])
    world.change(row, "tax_rate.updated", **with_metadata(call, row, copied(call, PLAIN)))
    return row


@route("get", "/v1/tax_rates", "TaxRateListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of tax rates."""
    wanted = {k: call[k] for k in ("active", "inclusive") if k in call.params}
    return page(
        world, "tax_rate", call.params, "/v1/tax_rates", None, lambda r: all(r[k] == v for k, v in wanted.items())
    )


def rates(world: World, names: list[str] | str | None, param: str) -> list[Json]:
    """Copies of the named rates, as objects embed them. Raises resource_missing."""
    from stripe_simulator.render import public

    return [public(world.given("tax_rate", n, param)) for n in names or [] if n]
