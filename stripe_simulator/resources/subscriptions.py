"""Subscriptions: the routes."""

from typing import Any, Final

from stripe_simulator.listing import page
from stripe_simulator.resources import beginnings, changes, cycles, pauses
from stripe_simulator.resources.coupons import discounts
from stripe_simulator.resources.fields import copied, merged_metadata, owner, with_metadata
from stripe_simulator.resources.periods import (
    currency_of_items,
    items_of,
    link_items,
    listed,
    new_item,
    period_after,
    period_of,
    with_period,
)
from stripe_simulator.resources.subscription_terms import (
    BLANK,
    ENDED,
    anchor_terms,
    check_method,
    check_terms,
    end_behavior_of,
    mode_of,
    trial_end_of,
)
from stripe_simulator.resources.tax_rates import rates
from stripe_simulator.routes import Call, route
from stripe_simulator.search import search
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

PLAIN: Final = ("days_until_due", "default_payment_method", "description")


@route("post", "/v1/subscriptions", "SubscriptionCreateParams")
def create(world: World, call: Call) -> Json:
    """The new subscription. What is due now is invoiced and charged inside this request."""
    customer = owner(world, call)
    check_terms(world, call, customer)
    name = world.ids.new("sub_")
    items = [new_item(world, name, one, f"items[{n}]") for n, one in enumerate(call["items"])]
    now, trial_end = world.now(), trial_end_of(world, call)
    start = call.get("backdate_start_date", now)
    config, anchor, base = anchor_terms(world, call, items, start, trial_end)
    begin, end = (now, trial_end) if trial_end else period_after(items, base, now)
    row: Json = BLANK | copied(call, PLAIN)
    row |= {
        "id": name,
        "billing_cycle_anchor": anchor,
        "billing_cycle_anchor_config": config,
        "billing_mode": mode_of(call),
        "cancel_at_period_end": call.get("cancel_at_period_end", False),
        "collection_method": call.get("collection_method", "charge_automatically"),
        "created": now,
        "currency": currency_of_items(items),
        "customer": customer["id"],
        "default_tax_rates": rates(world, call.get("default_tax_rates"), "default_tax_rates"),
        "items": listed(name, with_period(items, begin, end)),
        "livemode": world.account.livemode,
        "metadata": merged_metadata({}, call.get("metadata")),
        "start_date": start,
        "status": "trialing" if trial_end else "active",
        "test_clock": customer["test_clock"],
        "trial_end": trial_end,
        "trial_settings": {"end_behavior": end_behavior_of(call)},
        "trial_start": now if trial_end else None,
        HIDDEN: {"counted_from": base, "cycle_at": end, "debited": {}, "resume_invoice": None},
    }
    world.store.add(row)
    link_items(world, row)
    world.change(row, discounts=discounts(world, call.get("discounts"), {"subscription": name}))
    if row["cancel_at_period_end"]:
        world.change(row, canceled_at=now, cancel_at=end, cancellation_details=_asked())
    _schedule_cancel(world, row, call.get("cancel_at"))
    beginnings.begin(world, row, call, start)
    return row


def _asked(given: Json | None = None) -> Json:
    details = {"comment": None, "feedback": None, "reason": "cancellation_requested"}
    return details | {k: v or None for k, v in (given or {}).items() if k in details}


def _schedule_cancel(world: World, row: Json, at: Any) -> None:
    if at in (None, ""):
        return
    end = period_of(row)[1]
    moment = at if isinstance(at, int) else end
    if moment <= world.now():
        raise invalid("cancel_at must lie in the future.", "cancel_at")
    world.change(row, cancel_at=moment, canceled_at=world.now(), cancellation_details=_asked())
    world.at(moment, "subscription.cancel_at", row["id"])


@route("get", "/v1/subscriptions/*", "SubscriptionRetrieveParams")
def retrieve(world: World, call: Call) -> Json:
    """One subscription."""
    return world.get("subscription", call.ids[0])


@route("post", "/v1/subscriptions/*", "SubscriptionUpdateParams")
def update(world: World, call: Call) -> Json:
    """The changed subscription, with what its change costs or credits."""
    row = alive(world, call.ids[0])
    if row["status"] == "incomplete" and call.params.keys() - {"metadata", "default_source"}:
        raise invalid("Only metadata and default_source of an incomplete subscription can change.", None)
    if method := call.get("default_payment_method"):
        check_method(world, method, row["customer"])
    before = dict(row)
    world.change(row, **_settings(world, row, call))
    _schedule_cancel(world, row, call.get("cancel_at"))
    if "pause_collection" in call.params:
        pauses.pause_collection(world, row, call["pause_collection"])
    collected = changes.apply(world, row, call)
    differs = {k: before.get(k) for k in row if k != HIDDEN and row[k] != before.get(k)}
    if differs:
        world.emit("customer.subscription.updated", row, differs)
    changes.charge(world, row, collected, call)
    return row


def _settings(world: World, row: Json, call: Call) -> Json:
    """The changes that cost nothing."""
    found = with_metadata(call, row, copied(call, (*PLAIN, "collection_method")))
    if "default_tax_rates" in call.params:
        found["default_tax_rates"] = rates(world, call["default_tax_rates"], "default_tax_rates")
    if "discounts" in call.params:
        found["discounts"] = discounts(world, call["discounts"], {"subscription": row["id"]})
    if "trial_settings" in call.params:
        found["trial_settings"] = {"end_behavior": row["trial_settings"]["end_behavior"] | end_behavior_of(call)}
    if "cancel_at_period_end" in call.params:
        ends = call["cancel_at_period_end"]
        end = period_of(row)[1]
        found |= {"cancel_at_period_end": ends, "cancel_at": end if ends else None}
        found |= {"canceled_at": world.now() if ends else None}
        details = _asked(call.get("cancellation_details")) if ends else BLANK["cancellation_details"]
        found["cancellation_details"] = details
    if call.get("cancel_at") == "":
        found |= {"cancel_at": None, "canceled_at": None, "cancellation_details": BLANK["cancellation_details"]}
    return found


def alive(world: World, name: str) -> Json:
    """The subscription. Raises Refused when it has ended."""
    row = world.get("subscription", name)
    if row["status"] in ENDED:
        raise invalid(f"No such subscription: '{name}'", "id", "resource_missing", 404)
    return row


@route("delete", "/v1/subscriptions/*", "SubscriptionCancelParams")
def cancel(world: World, call: Call) -> Json:
    """The canceled subscription; unused time is credited and pending items invoiced only when asked."""
    row = alive(world, call.ids[0])
    if call.get("prorate"):
        changes.credit_unused(world, row, items_of(row), world.now())
    if call.get("invoice_now"):
        changes.invoice_pending(world, row, "subscription_update")
    world.change(row, canceled_at=world.now(), cancellation_details=_asked(call.get("cancellation_details")))
    cycles.end(world, row, "canceled")
    return row


@route("post", "/v1/subscriptions/*/pause", "SubscriptionPauseParams")
def pause(world: World, call: Call) -> Json:
    """The paused subscription; unused time is credited unless told otherwise."""
    row = alive(world, call.ids[0])
    pauses.pause(world, row, call)
    return row


@route("post", "/v1/subscriptions/*/resume", "SubscriptionResumeParams")
def resume(world: World, call: Call) -> Json:
    """The subscription, active again once its resumption invoice is settled."""
    row = alive(world, call.ids[0])
    pauses.resume(world, row, call)
    return row


@route("post", "/v1/subscriptions/*/migrate", "SubscriptionMigrateParams")
def migrate(world: World, call: Call) -> Json:
    """The subscription in flexible billing mode; there is no way back."""
    row = alive(world, call.ids[0])
    mode = {"type": "flexible", "flexible": {"proration_discounts": "included"}, "updated_at": world.now()}
    world.change(row, "customer.subscription.updated", billing_mode=mode)
    return row


@route("get", "/v1/subscriptions", "SubscriptionListParams")
def list_all(world: World, call: Call) -> Json:
    """A page of subscriptions; without a status all that are not canceled, without a customer none on a test clock."""
    wanted, clock, customer = call.get("status"), call.get("test_clock"), call.get("customer")
    price = call.get("price")

    def keep(row: Json) -> bool:
        if customer is None and row["test_clock"] != clock:
            return False
        if price and price not in [i["price"]["id"] for i in row["items"]["data"]]:
            return False
        return _listed(row["status"], wanted)

    by = ("customer", [customer]) if customer else None
    return page(world, "subscription", call.params, "/v1/subscriptions", by, keep)


def _listed(status: str, wanted: str | None) -> bool:
    if wanted == "all":
        return True
    if wanted == "ended":
        return status in ENDED
    return status not in ENDED if wanted is None else status == wanted


@route("get", "/v1/subscriptions/search", "SubscriptionSearchParams")
def find_subscriptions(world: World, call: Call) -> Json:
    """One page of subscriptions that match the query."""
    return search(world, "subscription", call.params, "/v1/subscriptions/search")


def cancel_all_of(world: World, customer: Json) -> None:
    """Nothing; the customer's subscriptions end at once."""
    for row in list(world.store.table("subscription").newest("customer", customer["id"])):
        if row["status"] not in ENDED:
            world.change(row, canceled_at=world.now())
            cycles.end(world, row, "canceled")
