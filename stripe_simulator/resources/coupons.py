"""Coupons, promotion codes, and the discounts they become."""

from typing import Final

from stripe_simulator.ids import digest
from stripe_simulator.intervals import boundary
from stripe_simulator.listing import page
from stripe_simulator.resources.fields import copied, currency_of, merged_metadata, with_metadata
from stripe_simulator.routes import Call, route
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

PLAIN: Final = ("max_redemptions", "name", "redeem_by")


@route("post", "/v1/coupons", "CouponCreateParams")
def create(world: World, call: Call) -> Json:
    """The new coupon."""
    name = call.get("id") or digest(world.ids.new("coupon"), chars=8).upper()
    if world.store.find("coupon", name):
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    percent, amount = call.get("percent_off"), call.get("amount_off")
    if (percent is None) == (amount is None):
        raise invalid("A coupon has either percent_off or amount_off.", "percent_off")
    if amount is not None and "currency" not in call.params:
        raise invalid("You must pass currency when passing amount_off.", "currency", "parameter_missing")
    if (percent is not None and not 0 < percent <= 100) or (amount is not None and amount < 1):
        raise invalid("A discount must be above zero and at most 100 percent.", "percent_off")
    row: Json = {
        "id": name,
        "object": "coupon",
        "amount_off": amount,
        "created": world.now(),
        "currency": currency_of(call["currency"]) if amount is not None else None,
        "duration": call.get("duration", "once"),
        "duration_in_months": call.get("duration_in_months"),
        "livemode": world.account.livemode,
        "max_redemptions": None,
        "metadata": merged_metadata({}, call.get("metadata")),
        "name": None,
        "percent_off": None if percent is None else float(percent),
        "redeem_by": None,
        "times_redeemed": 0,
        "valid": True,
    } | copied(call, PLAIN)
    if (row["duration"] == "repeating") != bool(row["duration_in_months"]):
        raise invalid("duration_in_months belongs to duration repeating, and to no other.", "duration_in_months")
    return world.add(row, "coupon.created")


@route("get", "/v1/coupons/*", "CouponRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One coupon."""
    return world.get("coupon", call.ids[0])


@route("post", "/v1/coupons/*", "CouponUpdateParams")
def update(world: World, call: Call) -> Json:
    """The coupon with another name or metadata."""
    row = world.get("coupon", call.ids[0])
    world.change(row, "coupon.updated", **with_metadata(call, row, copied(call, ("name",))))
    return row


@route("delete", "/v1/coupons/*", "CouponDeleteParams")
def delete(world: World, call: Call) -> Json:
    """The tombstone; discounts already given stay."""
    row = world.get("coupon", call.ids[0])
    world.emit("coupon.deleted", row)
    world.hide(row, deleted=True)
    world.change(row, valid=False)
    return {"id": row["id"], "object": "coupon", "deleted": True}


@route("get", "/v1/coupons", "CouponListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of coupons."""
    return page(world, "coupon", call.params, "/v1/coupons", None, lambda r: not r.get("_", {}).get("deleted"))


@route("post", "/v1/promotion_codes", "PromotionCodeCreateParams")
def create_code(world: World, call: Call) -> Json:
    """The new promotion code for a coupon."""
    coupon = world.given("coupon", call["promotion"].get("coupon", ""), "promotion[coupon]")
    row: Json = {
        "id": world.ids.new("promo_"),
        "object": "promotion_code",
        "active": call.get("active", True),
        "code": call.get("code") or digest(world.ids.new("code"), chars=8).upper(),
        "created": world.now(),
        "customer": call.get("customer"),
        "customer_account": None,
        "expires_at": call.get("expires_at"),
        "livemode": world.account.livemode,
        "max_redemptions": call.get("max_redemptions"),
        "metadata": merged_metadata({}, call.get("metadata")),
        "promotion": {"coupon": coupon["id"], "type": "coupon"},
        "restrictions": {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None},
        "times_redeemed": 0,
    }
    return world.add(row, "promotion_code.created")


@route("get", "/v1/promotion_codes", "PromotionCodeListParams")
def list_codes(world: World, call: Call) -> Json:
    """A page of promotion codes."""
    by = ("code", [call["code"]]) if "code" in call.params else None
    return page(world, "promotion_code", call.params, "/v1/promotion_codes", by)


@route("get", "/v1/promotion_codes/*", "PromotionCodeRetrieveParams")
def retrieve_code(world: World, call: Call) -> Json:
    """One promotion code."""
    return world.get("promotion_code", call.ids[0])


def discounts(world: World, given: list[Json] | str | None, owner: Json) -> list[str]:
    """The ids of new discounts for what the `discounts` parameter asks. owner: {"subscription": id} and the like."""
    if not given or isinstance(given, str):
        return []
    return [_discount(world, one, owner) for one in given]


def _discount(world: World, one: Json, owner: Json) -> str:
    if "discount" in one:
        return str(world.given("discount", one["discount"], "discounts[discount]")["id"])
    code = world.given("promotion_code", one["promotion_code"], "discounts") if "promotion_code" in one else None
    name = code["promotion"]["coupon"] if code else one.get("coupon", "")
    coupon = world.given("coupon", name, "discounts[coupon]")
    _redeem(world, coupon)
    months = coupon["duration_in_months"]
    row: Json = {
        "id": world.ids.new("di_"),
        "object": "discount",
        "checkout_session": None,
        "customer": None,
        "customer_account": None,
        "end": boundary(world.now(), "month", 1, months) if months else None,
        "invoice": None,
        "invoice_item": None,
        "promotion_code": code["id"] if code else None,
        "source": {"coupon": coupon["id"], "type": "coupon"},
        "start": world.now(),
        "subscription": None,
        "subscription_item": None,
    } | owner
    return str(world.add(row)["id"])


def _redeem(world: World, coupon: Json) -> None:
    expired = coupon["redeem_by"] is not None and world.now() >= coupon["redeem_by"]
    if not coupon["valid"] or expired:
        raise invalid("This coupon has expired.", "discounts[coupon]", "coupon_expired")
    times = coupon["times_redeemed"] + 1
    valid = coupon["max_redemptions"] is None or times < coupon["max_redemptions"]
    world.change(coupon, times_redeemed=times, valid=valid)


def running(world: World, names: list[str], at: int) -> list[str]:
    """The discounts that still count at a time: those that have not ended, and `once` only until it was used."""
    rows = [world.get("discount", n) for n in names]
    return [r["id"] for r in rows if (r["end"] is None or at < r["end"]) and not r.get("_", {}).get("used")]


def mark_used(world: World, names: list[str]) -> None:
    """Nothing; discounts of duration `once` are used up."""
    for name in names:
        row = world.get("discount", name)
        if world.get("coupon", row["source"]["coupon"])["duration"] == "once":
            world.hide(row, used=True)
