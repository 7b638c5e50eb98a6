"""What a change of a running subscription costs: credits for unused time, debits for the rest, to the second."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from stripe_simulator.amounts import rounded
from stripe_simulator.render import public
from stripe_simulator.resources import collecting, cycles, invoicing
from stripe_simulator.resources.anchors import counted_from
from stripe_simulator.resources.fields import merged_metadata
from stripe_simulator.resources.invoiceitems import new_item as pending_item
from stripe_simulator.resources.lines import TIMES, item_lines, pricing, share_of
from stripe_simulator.resources.periods import (
    currency_of_items,
    cycle_of,
    items_of,
    listed,
    new_item,
    period_after,
    period_of,
    plan,
    price_of,
    whole_period,
    with_period,
)
from stripe_simulator.resources.subscription_terms import check_trial_end
from stripe_simulator.resources.tax_rates import rates
from stripe_simulator.routes import Call
from stripe_simulator.store import HIDDEN
from stripe_simulator.wire import Json, invalid
from stripe_simulator.world import World


def apply(world: World, row: Json, call: Call) -> Json | None:
    """The invoice that the change makes due at once, still uncollected; None when nothing is."""
    if call.get("payment_behavior") == "pending_if_incomplete":
        raise invalid("The simulator does not know pending_if_incomplete; use allow_incomplete.", "payment_behavior")
    behavior = call.get("proration_behavior", "create_prorations")
    at = _moment(world, row, call)
    old = items_of(row)
    new = _items(world, row, call)
    if "trial_end" in call.params:
        return _move_trial(world, row, call["trial_end"], new, behavior)
    anchor = (call.get("billing_cycle_anchor") or {}).get("type")
    if cycle_of(new) != cycle_of(old) or anchor == "now":
        return _restart(world, row, new, behavior, at)
    if new == old:
        return None
    world.change(row, items=listed(row["id"], new))
    if behavior == "none" or row["status"] in ("trialing", "paused"):
        return None
    _prorate(world, row, old, new, at)
    return invoice_pending(world, row, "subscription_update") if behavior == "always_invoice" else None


def charge(world: World, row: Json, invoice: Json | None, call: Call) -> None:
    """Nothing; the invoice is finalized and collected. Raises Refused 402 only when the caller wants all or nothing."""
    if invoice is None:
        return
    if invoice["status"] == "draft":
        invoicing.finalize(world, invoice)
    if invoice["status"] != "open" or invoice["collection_method"] != "charge_automatically":
        return
    refused = collecting.collect(world, invoice, off_session=bool(call.get("off_session")))
    if refused and call.get("payment_behavior") == "error_if_incomplete":
        refused.keeps_effects = False
        raise refused


def _moment(world: World, row: Json, call: Call) -> int:
    at = call.get("proration_date", world.now())
    start, end = period_of(row)
    if "proration_date" in call.params and not start <= at <= end:
        raise invalid("proration_date must lie inside the current billing period.", "proration_date")
    return int(at)


def _items(world: World, row: Json, call: Call) -> list[Json]:
    """The items after the change; one without an id is added, a changed price without a quantity means one."""
    kept = {one["id"]: one for one in items_of(row)}
    start, end = period_of(row)
    for n, given in enumerate(call.get("items") or []):
        param = f"items[{n}]"
        if "id" not in given:
            added = new_item(world, row["id"], given, param)
            if added["price"]["id"] in [one["price"]["id"] for one in kept.values()]:
                raise invalid(
                    f"Cannot add multiple items with the same price: {added['price']['id']}", f"{param}[price]"
                )
            kept[added["id"]] = with_period([added], start, end)[0]
            world.store.add({"id": added["id"], "object": "_item", "created": world.now(), "subscription": row["id"]})
        elif given["id"] not in kept:
            raise invalid(f"No such subscription item: '{given['id']}'", f"{param}[id]", "resource_missing")
        elif given.get("deleted"):
            del kept[given["id"]]
        else:
            kept[given["id"]] = _changed(world, kept[given["id"]], given, param)
    if not kept:
        raise invalid("A subscription must have at least one item.", "items")
    currency_of_items(list(kept.values()))
    return list(kept.values())


def _changed(world: World, one: Json, given: Json, param: str) -> Json:
    changes: dict[str, Any] = {}
    if "price" in given or "price_data" in given:
        price = price_of(world, given, param)
        changes |= {"price": public(price), "plan": plan(price)}
        if price["id"] != one["price"]["id"] and price["recurring"]["usage_type"] == "licensed":
            changes["quantity"] = 1  # docs.stripe.com/billing/subscriptions/change-price: not passing it resets it
    if "quantity" in given:
        changes["quantity"] = given["quantity"]
    if "metadata" in given:
        changes["metadata"] = merged_metadata(one["metadata"], given["metadata"])
    if "tax_rates" in given:
        changes["tax_rates"] = rates(world, given["tax_rates"], f"{param}[tax_rates]")
    return {**one, **changes}


def _prorate(world: World, row: Json, old: list[Json], new: list[Json], at: int) -> None:
    before = {one["id"]: one for one in old}
    after = {one["id"]: one for one in new}
    names = [n for n in {**before, **after} if _costs(before.get(n)) != _costs(after.get(n))]
    credit_unused(world, row, [before[n] for n in names if n in before], at)
    for name in names:
        if name in after:
            debit_rest(world, row, after[name], at)


def _costs(one: Json | None) -> tuple[str, int] | None:
    return (one["price"]["id"], one.get("quantity", 0)) if one else None


def credit_unused(world: World, row: Json, items: list[Json], at: int) -> None:
    """Nothing; what was paid for the time after `at` waits as a negative item on the next invoice."""
    debited = dict(row[HIDDEN]["debited"])
    for one in items:
        for amount, credited in _credits(world, row, one, at):
            product = world.get("product", one["price"]["product"])["name"]
            text = f"Unused time on {_count(one)}{product}"
            _pend(world, row, one, Owed(-amount, at, text, credited))
        debited[one["id"]] = []
    world.hide(row, debited=debited)


def _credits(world: World, row: Json, one: Json, at: int) -> list[tuple[int, Json | None]]:
    """Amounts to give back with what they were debited on: in flexible mode one per real debit."""
    if row["billing_mode"]["type"] == "classic":
        start, end = whole_period(items_of(row), counted_from(row), period_of(row)[1])
        return [(share_of(world, one, at, start, end), None)]
    found: list[tuple[int, Json | None]] = []
    for debit in row[HIDDEN]["debited"].get(one["id"], []):
        left, length = debit["end"] - max(at, debit["start"]), debit["end"] - debit["start"]
        if left > 0:
            credited = (
                {"invoice": debit["invoice"], "invoice_line_items": [debit["line"]]} if debit["invoice"] else None
            )
            found.append((rounded(debit["amount"] * Fraction(left, length)), credited))
    return found


def debit_rest(world: World, row: Json, one: Json, at: int) -> None:
    """Nothing; what the item costs from `at` to the end of its period waits for the next invoice."""
    start, end = whole_period(items_of(row), counted_from(row), period_of(row)[1])
    amount = share_of(world, one, at, start, end)
    if not amount:
        return
    product = world.get("product", one["price"]["product"])["name"]
    item = _pend(world, row, one, Owed(amount, at, f"Remaining time on {_count(one)}{product}"))
    debit = {"amount": amount, "start": at, "end": end, "invoice": None, "line": None, "item": item["id"]}
    world.hide(row, debited={**row[HIDDEN]["debited"], one["id"]: [debit]})


def _count(one: Json) -> str:
    return f"{one['quantity']} {TIMES} " if one.get("quantity", 1) != 1 else ""


@dataclass(frozen=True, slots=True)
class Owed:
    """What a change costs (or gives back, below zero) from a moment to the end of the period. amount: minor units."""

    amount: int
    at: int
    text: str
    credited: Json | None = None


def _pend(world: World, row: Json, one: Json, owed: Owed) -> Json:
    return pending_item(
        world,
        row["customer"],
        owed.amount,
        row["currency"],
        description=owed.text,
        discountable=owed.amount > 0,
        line_parent={"subscription": row["id"], "item": one["id"], "credited": owed.credited},
        parent={
            "subscription_details": {"subscription": row["id"], "subscription_item": one["id"]},
            "type": "subscription_details",
        },
        period={"start": owed.at, "end": period_of(row)[1]},
        pricing=pricing(one["price"]),
        proration=True,
        quantity=one.get("quantity", 1),
        tax_rates=one["tax_rates"],
        test_clock=row["test_clock"],
        waits_for=row["id"],
    )


def invoice_pending(world: World, row: Json, reason: str) -> Json | None:
    """The draft of everything that waits for the subscription; None when nothing does."""
    if next(world.store.table("invoiceitem").oldest("_pending", row["id"]), None) is None:
        return None
    return cycles.bill(world, row, [], reason)


def _restart(world: World, row: Json, new: list[Json], behavior: str, at: int) -> Json:
    """The invoice of a new cycle that begins now, with unused time of the old one credited."""
    if behavior != "none" and row["status"] not in ("trialing", "paused"):
        credit_unused(world, row, items_of(row), at)
    status = {"status": "active"} if row["status"] == "trialing" else {}
    return begin_cycle(world, row, new, world.now(), **status)


def begin_cycle(world: World, row: Json, items: list[Json], anchor: int, **more: Any) -> Json:
    """The invoice of a full period that begins now, uncollected. more: other changes of the subscription."""
    begin, end = period_after(items, anchor, world.now())
    items = with_period(items, begin, end)
    world.hide(row, debited={}, billed_from=begin, counted_from=None)
    more |= {"billing_cycle_anchor": anchor, "billing_cycle_anchor_config": None}
    world.change(row, items=listed(row["id"], items), **more)
    cycles.schedule(world, row)
    lines = [entry for one in items for entry in item_lines(world, row, one, begin, end)]
    return cycles.bill(world, row, lines, "subscription_update")


def _move_trial(world: World, row: Json, trial_end: int | str, new: list[Json], behavior: str) -> Json | None:
    """The first paid invoice when the trial ends now; None when it ends later."""
    now = world.now()
    if trial_end == "now":
        if row["status"] != "trialing":
            return None
        return begin_cycle(world, row, new, now, status="active", trial_end=now)
    end = check_trial_end(now, int(trial_end))
    if behavior != "none" and row["status"] == "active":
        credit_unused(world, row, items_of(row), now)
    start = row["trial_start"] or now
    items = listed(row["id"], with_period(new, now, end))
    moved: Json = {"billing_cycle_anchor": end, "billing_cycle_anchor_config": None}
    world.change(row, status="trialing", trial_start=start, trial_end=end, items=items, **moved)
    world.hide(row, debited={}, counted_from=None)
    cycles.schedule(world, row)
    return None
