"""Prices: one-time and recurring, per unit, graduated and volume tiers, metered."""

from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from stripe_simulator.amounts import plain, rounded
from stripe_simulator.expand import included
from stripe_simulator.listing import page
from stripe_simulator.resources.fields import copied, currency_of, merged_metadata, with_metadata
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

INTERVALS_MAX: Final = {"day": 1_095, "week": 156, "month": 36, "year": 3}  # docs.stripe.com/api/prices/create
ITEM_DEFAULTS: Final[Json] = {"interval_count": 1, "meter": None, "usage_type": "licensed"}


def new_price(world: World, given: Json) -> Json:
    """The stored price, told by price.created. given: the create parameters. Raises Refused."""
    recurring = _recurring(given.get("recurring"))
    unit, exact = _unit(given)
    row: Json = {
        "id": world.ids.new("price_"),
        "object": "price",
        "active": given.get("active", True),
        "billing_scheme": given.get("billing_scheme") or "per_unit",
        "created": world.now(),
        "currency": currency_of(given["currency"]),
        "custom_unit_amount": None,
        "livemode": world.account.livemode,
        "lookup_key": _lookup_key(world, given),
        "metadata": merged_metadata({}, given.get("metadata")),
        "nickname": given.get("nickname"),
        "product": _product(world, given),
        "recurring": recurring,
        "tax_behavior": given.get("tax_behavior") or "unspecified",
        "tiers_mode": given.get("tiers_mode"),
        "transform_quantity": given.get("transform_quantity"),
        "type": "recurring" if recurring else "one_time",
        "unit_amount": unit,
        "unit_amount_decimal": exact,
    }
    if row["billing_scheme"] == "tiered":
        row[HIDDEN] = {"tiers": _tiers(given)}
    return world.add(row, "price.created")


def _recurring(given: Json | None) -> Json | None:
    if not given:
        return None
    recurring = ITEM_DEFAULTS | given
    if not 1 <= recurring["interval_count"] <= INTERVALS_MAX[recurring["interval"]]:
        raise invalid("The maximum interval is three years.", "recurring[interval_count]")
    return recurring


def _unit(given: Json) -> tuple[int | None, str | None]:
    """The unit amount as a whole number, when it is one, and as a decimal."""
    if given.get("billing_scheme") == "tiered":
        return None, None
    exact = given.get("unit_amount_decimal", given.get("unit_amount"))
    if exact is None:
        raise invalid("Missing required param: unit_amount.", "unit_amount", "parameter_missing")
    if exact < 0:
        raise invalid("This value must be greater than or equal to 0.", "unit_amount", "parameter_invalid_integer")
    whole = int(exact) if Decimal(exact) == int(exact) else None
    return whole, plain(exact)


def _tiers(given: Json) -> list[Json]:
    if not given.get("tiers") or not given.get("tiers_mode"):
        raise invalid("Tiered prices need tiers and tiers_mode.", "tiers", "parameter_missing")
    tiers = [_tier(t) for t in given["tiers"]]
    bounds = [t["up_to"] for t in tiers]
    if bounds[-1] is not None or None in bounds[:-1] or bounds[:-1] != sorted(set(bounds[:-1])):
        raise invalid("Tiers must rise, and the last one must be up_to `inf`.", "tiers")
    return tiers


def _tier(given: Json) -> Json:
    tier: Json = {"up_to": None if given["up_to"] == "inf" else given["up_to"]}
    for name in ("flat_amount", "unit_amount"):
        exact = given.get(f"{name}_decimal", given.get(name))
        tier[name] = int(exact) if exact is not None and Decimal(exact) == int(exact) else None
        tier[f"{name}_decimal"] = None if exact is None else plain(exact)
    return tier


def _lookup_key(world: World, given: Json) -> str | None:
    key = given.get("lookup_key")
    holder = next(world.store.table("price").newest("lookup_key", key), None) if key else None
    if holder and not given.get("transfer_lookup_key"):
        raise invalid(
            f"A price ({holder['id']}) already uses that lookup key.", "lookup_key", "resource_already_exists"
        )
    if holder:
        world.change(holder, "price.updated", lookup_key=None)
    return str(key) if key else None


def _product(world: World, given: Json) -> str:
    if data := given.get("product_data"):
        from stripe_simulator.resources.products import create

        return str(create(world, Call("/v1/products", (), dict(data)))["id"])
    if "product" not in given:
        raise invalid("Missing required param: product.", "product", "parameter_missing")
    return str(world.given("product", given["product"], "product")["id"])


def parts(price: Json, quantity: int) -> list[tuple[int, int, str | None]]:
    """What a quantity costs, as (quantity, minor units, unit amount) per line; graduated tiers give one line each."""
    if by := price["transform_quantity"]:
        whole, rest = divmod(quantity, by["divide_by"])
        quantity = whole + (1 if rest and by["round"] == "up" else 0)
    if price["billing_scheme"] == "per_unit":
        exact = price["unit_amount_decimal"]
        return [(quantity, rounded(Fraction(exact) * quantity), exact)]
    if price["tiers_mode"] == "volume":
        return [_priced(_tier_of(price, quantity), quantity)]
    return _graduated(price[HIDDEN]["tiers"], quantity)


def _tier_of(price: Json, quantity: int) -> Json:
    tiers = price[HIDDEN]["tiers"]
    return next(t for t in tiers if t["up_to"] is None or quantity <= t["up_to"])


def _graduated(tiers: list[Json], quantity: int) -> list[tuple[int, int, str | None]]:
    found: list[tuple[int, int, str | None]] = []
    used = 0
    for tier in tiers:
        here = quantity - used if tier["up_to"] is None else min(quantity, tier["up_to"]) - used
        if here > 0 or not found:
            found.append(_priced(tier, max(here, 0)))
            used += max(here, 0)
    return found


def _priced(tier: Json, quantity: int) -> tuple[int, int, str | None]:
    unit = Fraction(tier["unit_amount_decimal"] or 0)
    flat = Fraction(tier["flat_amount_decimal"] or 0)
    return quantity, rounded(unit * quantity + flat), tier["unit_amount_decimal"]


def cost(price: Json, quantity: int) -> int:
    """What a quantity costs in minor units."""
    return sum(amount for _, amount, _ in parts(price, quantity))


@route("post", "/v1/prices", "PriceCreateParams")
def create(world: World, call: Call) -> Json:
    """The new price."""
    return new_price(world, call.params)


@route("get", "/v1/prices/*", "PriceRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One price."""
    return world.get("price", call.ids[0])


@route("post", "/v1/prices/*", "PriceUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed price; what it costs never changes."""
    row = world.get("price", call.ids[0])
    changes: dict[str, Any] = with_metadata(call, row, copied(call, ("active", "nickname", "tax_behavior")))
    if "lookup_key" in call.params:
        changes["lookup_key"] = _lookup_key(world, call.params)
    world.change(row, "price.updated", **changes)
    return row


@route("get", "/v1/prices", "PriceListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of prices."""
    wanted = {k: call[k] for k in ("active", "product", "type", "currency") if k in call.params}
    keys = call.get("lookup_keys")
    by = ("lookup_key", keys) if keys else ("product", [wanted["product"]]) if "product" in wanted else None
    return page(world, "price", call.params, "/v1/prices", by, lambda r: all(r[k] == v for k, v in wanted.items()))


@route("get", "/v1/prices/search", "PriceSearchParams")
def find_prices(world: World, call: Call) -> Json:
    """One page of prices that match the query."""
    return search(world, "price", call.params, "/v1/prices/search")


@included("price", "tiers")
def _shown_tiers(world: World, row: Json) -> list[Json]:
    return list(world.get("price", row["id"]).get(HIDDEN, {}).get("tiers", []))
