"""Products: what is sold."""

from typing import Final

from stripe_simulator.listing import page
from stripe_simulator.resources.fields import copied, merged_metadata, with_metadata
from stripe_simulator.resources.prices import new_price
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

LISTS: Final = ("images", "marketing_features")
PLAIN: Final = (
    "active", "description", "images", "marketing_features", "name", "package_dimensions", "shippable",
    "statement_descriptor", "tax_code", "unit_label", "url",
)  # fmt: skip


@route("post", "/v1/products", "ProductCreateParams")
def create(world: World, call: Call) -> Json:
    """The new product, with a default price when its data was sent."""
    name = call.get("id") or world.ids.new("prod_")
    if world.store.find("product", name):
        raise invalid(f"Product already exists: {name}", "id", "resource_already_exists")
    row: Json = {
        "id": name,
        "object": "product",
        "active": True,
        "created": world.now(),
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": world.account.livemode,
        "marketing_features": [],
        "metadata": merged_metadata({}, call.get("metadata")),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": world.now(),
        "url": None,
    } | _copied(call)
    world.add(row, "product.created")
    if given := call.get("default_price_data"):
        price = new_price(world, {**given, "product": name})
        world.change(row, default_price=price["id"])
    return row


def _copied(call: Call) -> Json:
    found = copied(call, PLAIN)
    return found | {name: found[name] or [] for name in LISTS if name in found}


@route("get", "/v1/products/*", "ProductRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One product."""
    return world.get("product", call.ids[0])


@route("post", "/v1/products/*", "ProductUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed product."""
    row = world.get("product", call.ids[0])
    changes = with_metadata(call, row, _copied(call) | copied(call, ("default_price",)))
    world.change(row, "product.updated", **changes, updated=world.now())
    return row


@route("delete", "/v1/products/*", "ProductDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone; a product with prices cannot be deleted."""
    row = world.get("product", call.ids[0])
    if next(world.store.table("price").newest("product", row["id"]), None):
        raise invalid("This product cannot be deleted because it has one or more user-created prices.")
    world.emit("product.deleted", row)
    world.store.remove("product", row["id"])
    return {"id": row["id"], "object": "product", "deleted": True}


@route("get", "/v1/products", "ProductListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of products."""
    wanted, active = call.get("ids"), call.get("active")

    def keep(row: Json) -> bool:
        return (wanted is None or row["id"] in wanted) and (active is None or row["active"] == active)

    return page(world, "product", call.params, "/v1/products", None, keep)


@route("get", "/v1/products/search", "ProductSearchParams")
def find_products(world: World, call: Call) -> Json:
    """One page of products that match the query."""
    return search(world, "product", call.params, "/v1/products/search")
