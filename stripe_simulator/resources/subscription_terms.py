"""The terms of a new subscription: what may be asked for, and what an object without anything asked looks like."""

from typing import Final

from stripe_simulator.intervals import DAY
from stripe_simulator.resources.anchors import anchored, checked
from stripe_simulator.resources.periods import cycle_of, one_interval_after
from stripe_simulator.routes import Call
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World

ITEMS_MAX: Final = 20
SUBSCRIPTIONS_MAX: Final = 500
TRIAL_DAYS_MAX: Final = 730
ENDED: Final = ("canceled", "incomplete_expired")
BLANK: Final[Json] = {
    "object": "subscription",
    "application": None,
    "application_fee_percent": None,
    "automatic_tax": {"disabled_reason": None, "enabled": False, "liability": None},
    "billing_cycle_anchor_config": None,
    "billing_schedules": [],
    "billing_thresholds": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "cancellation_details": {"comment": None, "feedback": None, "reason": None},
    "customer_account": None,
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "description": None,
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
    "latest_invoice": None,
    "managed_payments": None,
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "status_details": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_start": None,
}


def check_terms(world: World, call: Call, customer: Json) -> None:
    """Nothing. Raises Refused when a subscription cannot be made this way."""
    if not 1 <= len(call.get("items") or []) <= ITEMS_MAX:
        raise invalid(f"A subscription has 1 to {ITEMS_MAX} items.", "items", "parameter_missing")
    running = world.store.table("subscription").newest("customer", customer["id"])
    if sum(s["status"] not in ENDED for s in running) >= SUBSCRIPTIONS_MAX:
        raise invalid(f"A customer has at most {SUBSCRIPTIONS_MAX} subscriptions.", "customer")
    if call.get("collection_method") == "send_invoice" and "days_until_due" not in call.params:
        raise invalid("send_invoice needs days_until_due.", "days_until_due", "parameter_missing")
    if method := call.get("default_payment_method"):
        check_method(world, method, customer["id"])


def check_method(world: World, name: str, customer: str) -> None:
    """Nothing. Raises resource_missing when the payment method is not the customer's."""
    if world.given("payment_method", name, "default_payment_method")["customer"] != customer:
        raise invalid(
            f"The customer does not have a payment method with the ID {name}. The payment method must be attached to "
            "the customer.",
            "default_payment_method",
            "resource_missing",
        )


def config_of(call: Call, items: list[Json]) -> Json | None:
    """The wished day of the cycle; None when none is wished. Raises Refused."""
    given = call.get("billing_cycle_anchor_config")
    if not given:
        return None
    if "billing_cycle_anchor" in call.params:
        raise invalid(
            "You cannot use both billing_cycle_anchor and billing_cycle_anchor_config.", "billing_cycle_anchor_config"
        )
    return checked(given, cycle_of(items)[0])


def mode_of(call: Call) -> Json:
    """The billing mode; flexible unless asked otherwise."""
    mode = (call.get("billing_mode") or {}).get("type", "flexible")
    return {"type": mode, "flexible": {"proration_discounts": "included"} if mode == "flexible" else None}


def end_behavior_of(call: Call) -> Json:
    """What happens when the trial ends."""
    given = (call.get("trial_settings") or {}).get("end_behavior") or {}
    return {"missing_payment_method": "create_invoice", "billing_cycle_anchor": "now"} | given


def trial_end_of(world: World, call: Call) -> int | None:
    """When the trial ends, in unix seconds; None when there is none."""
    now, end = world.now(), call.get("trial_end")
    if "trial_period_days" in call.params:
        if end is not None:
            raise invalid("You cannot use both trial_end and trial_period_days.", "trial_period_days")
        end = now + call["trial_period_days"] * DAY
    return None if end in (None, "now") else check_trial_end(now, end)


def check_trial_end(now: int, end: int) -> int:
    """The end. Raises Refused when it lies in the past or too far away."""
    if not now < end <= now + (TRIAL_DAYS_MAX + 2) * DAY:
        raise invalid("trial_end must lie in the future, at most 730 days away.", "trial_end")
    return end


def anchor_terms(
    world: World, call: Call, items: list[Json], start: int, trial_end: int | None
) -> tuple[Json | None, int, int]:
    """The wished day of the cycle, the anchor, and from where periods are counted. Raises Refused."""
    anchor, config = anchor_of(world, call, items, start, trial_end), config_of(call, items)
    if config is None:
        return None, anchor, anchor
    return config, *anchored(config, *cycle_of(items), trial_end or world.now())


def anchor_of(world: World, call: Call, items: list[Json], start: int, trial_end: int | None) -> int:
    """The billing cycle anchor. Raises Refused when it lies beyond the next natural billing date."""
    now, given = world.now(), call.get("billing_cycle_anchor")
    if not 0 <= start <= now:
        raise invalid("backdate_start_date must lie in the past.", "backdate_start_date")
    if given is None:
        return trial_end or start
    if given <= now or given > one_interval_after(items, max(trial_end or 0, now)):
        raise invalid(
            "billing_cycle_anchor must be in the future and cannot be later than the next natural billing date "
            f"({one_interval_after(items, now)}) for the subscription.",
            "billing_cycle_anchor",
        )
    return int(given)
