"""Invoice lines and what they add up to: discounts first, then taxes, each line rounded on its own."""

from fractions import Fraction
from typing import Any, Final

from stripe_simulator.amounts import included_in, percent_of, rounded, shared
from stripe_simulator.resources.fields import bounded
from stripe_simulator.resources.meters import usage
from stripe_simulator.resources.prices import cost, parts
from stripe_simulator.wire import Json
from stripe_simulator.world import World

TIMES: Final = "\u00d7"


def line(world: World, amount: int, currency: str, description: str | None, **more: Any) -> Json:
    """One line item. amount: minor units before discounts and taxes. more: any attribute."""
    quantity = more.get("quantity", 1)
    if world.asked.request_id:  # a renewal cannot be refused
        bounded(amount)
    row: Json = {
        "id": world.ids.new("il_"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": world.account.livemode,
        "metadata": {},
        "parent": None,
        "period": {"start": world.now(), "end": world.now()},
        "pretax_credit_amounts": [],
        "pricing": None,
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
    }
    return row | more


def pricing(price: Json, unit: str | None = None) -> Json:
    """What a line says about its price."""
    details = {"price": price["id"], "product": price["product"]}
    return {
        "price_details": details,
        "type": "price_details",
        "unit_amount_decimal": unit or price["unit_amount_decimal"],
    }


def item_parent(subscription: Json, item: Json, *, proration: bool = False, **more: Any) -> Json:
    """The parent of a line that a subscription item caused. more: invoice_item, credited_items."""
    details = {
        "invoice_item": more.get("invoice_item"),
        "proration": proration,
        "proration_details": {"credited_items": more.get("credited_items")},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    kind = "subscription_item_details"
    return {"invoice_item_details": None, "subscription_item_details": details, "type": kind}


def item_lines(
    world: World, subscription: Json, item: Json, start: int, end: int, past: tuple[int, int] | None = None
) -> list[Json]:
    """The lines of one item for a whole period; metered items are billed for the `past` period, once it ended."""
    price = world.get("price", item["price"]["id"])
    name = world.get("product", price["product"])["name"]
    common = {
        "parent": item_parent(subscription, item),
        "period": {"start": start, "end": end},
        "subscription": subscription["id"],
        "discounts": item["discounts"],
        "metadata": item["metadata"] or subscription["metadata"],
    }
    found = []
    for quantity, amount, unit in parts(price, _quantity(world, subscription, item, price, past)):
        text = f"{quantity} {TIMES} {name}"
        more = {"quantity": quantity, "pricing": pricing(price, unit), **common}
        found.append(line(world, amount, price["currency"], text, **more))
    return found


def _quantity(world: World, subscription: Json, item: Json, price: Json, past: tuple[int, int] | None) -> int:
    if price["recurring"]["usage_type"] != "metered":
        return int(item["quantity"])
    return usage(world, price["recurring"]["meter"], subscription["customer"], *past) if past else 0


def share_of(world: World, item: Json, at: int, start: int, end: int) -> int:
    """What the rest of a period from `at` costs, to the second, in minor units."""
    price = world.get("price", item["price"]["id"])
    if price["recurring"]["usage_type"] == "metered":
        return 0
    return rounded(cost(price, item["quantity"]) * Fraction(end - at, end - start))


def totals(world: World, invoice: Json, lines: list[Json]) -> Json:
    """The invoice's lines and sums with discounts and taxes worked in."""
    remaining = [max(one["amount"], 0) if one["discountable"] else 0 for one in lines]
    granted: list[list[Json]] = [[] for _ in lines]
    sums = []
    for name in invoice["discounts"]:
        amounts = _discounted(world, name, remaining, invoice["currency"])
        remaining = [r - a for r, a in zip(remaining, amounts, strict=True)]
        sums.append({"amount": sum(amounts), "discount": name})
        for entry, amount in zip(granted, amounts, strict=True):
            entry.append({"amount": amount, "discount": name})
    done = [_taxed(world, invoice, one, given) for one, given in zip(lines, granted, strict=True)]
    return _summed(invoice, done, sums)


def _discounted(world: World, name: str, amounts: list[int], currency: str) -> list[int]:
    coupon = world.get("coupon", world.get("discount", name)["source"]["coupon"])
    if coupon["percent_off"] is not None:
        return [percent_of(a, coupon["percent_off"]) for a in amounts]
    off = min(coupon["amount_off"], sum(amounts)) if coupon["currency"] == currency else 0
    return shared(off, amounts)


def _taxed(world: World, invoice: Json, one: Json, discounts: list[Json]) -> Json:
    base = one["amount"] - sum(d["amount"] for d in discounts)
    rates = invoice["_"]["rates"].get(one["id"]) or [r["id"] for r in invoice["default_tax_rates"]]
    taxes = [_tax(world.get("tax_rate", name), base) for name in rates]
    shown = [d for d in discounts if d["amount"]]
    return {**one, "invoice": invoice["id"], "discount_amounts": shown, "taxes": taxes}


def _tax(rate: Json, base: int) -> Json:
    inclusive, percent = rate["inclusive"], rate["percentage"]
    amount = included_in(base, percent) if inclusive else percent_of(base, percent)
    return {
        "amount": amount,
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": "standard_rated",
        "taxable_amount": base - amount if inclusive else base,
        "type": "tax_rate_details",
    }


def _summed(invoice: Json, lines: list[Json], discounts: list[Json]) -> Json:
    subtotal = sum(one["amount"] for one in lines)
    taxes = _by_rate([tax for one in lines for tax in one["taxes"]])
    exclusive = sum(t["amount"] for t in taxes if t["tax_behavior"] == "exclusive")
    inclusive = sum(t["amount"] for t in taxes if t["tax_behavior"] == "inclusive")
    total = subtotal - sum(d["amount"] for d in discounts) + exclusive
    due = max(total, 0)
    return {
        "lines": {**invoice["lines"], "data": lines},
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - inclusive,
        "total": total,
        "total_excluding_tax": total - exclusive - inclusive,
        "total_discount_amounts": discounts,
        "total_taxes": taxes,
        "amount_due": due,
        "amount_remaining": due,
    }


def _by_rate(taxes: list[Json]) -> list[Json]:
    merged: dict[str, Json] = {}
    for tax in taxes:
        name = tax["tax_rate_details"]["tax_rate"]
        known = merged.get(name, {"amount": 0, "taxable_amount": 0})
        sums = {k: known[k] + tax[k] for k in ("amount", "taxable_amount")}
        merged[name] = {**tax, **sums}
    return list(merged.values())
