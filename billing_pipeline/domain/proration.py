"""Proration: what a change in the middle of a period gives back and charges, to the second.

Each line is rounded half-up on its own, as Stripe does: going from 10.00 to 5.00 with two thirds left is -6.67 + 3.33. Its
discount is a part of that rounded amount, as it was of the amount on the invoice: so no line gives back more than one charged.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.coupons import discounts_on, without_others
from billing_pipeline.domain.ids import ItemId, PriceId
from billing_pipeline.domain.invoice_drafts import Line, LineKind
from billing_pipeline.domain.issuing import coupons_at, described, item_charges
from billing_pipeline.domain.periods import Cycle, Period, paid_in_full, share
from billing_pipeline.domain.pricing import Price, exact_amount, rounded
from billing_pipeline.domain.subscriptions import Item, Subscription
from billing_pipeline.domain.taxes import TaxRate, tax_on


@dataclass(frozen=True, slots=True)
class Taxes:
    """Rates of tax. now: of what is charged from now on. before: by price, of what was charged of the tile already; None for
    all of it, at the same rate.

    Time is given back with the tax that was paid for it, whatever the account's rate has become, and only if it was charged.
    """

    now: TaxRate | None
    before: Mapping[PriceId, TaxRate | None] | None = None

    def charged(self, price: PriceId) -> bool:
        """Whether that price was charged."""
        return self.before is None or price in self.before

    def of(self, price: PriceId) -> TaxRate | None:
        """The rate at which that price was charged last."""
        return (self.before or {}).get(price, self.now)

    def after(self, lines: Iterable[Line]) -> "Taxes":
        """The rates once these lines are charged."""
        if self.before is None:
            return self
        charged = {line.price_id: self.now for line in lines if line.price_id and line.kind is LineKind.REMAINING_TIME}
        return Taxes(self.now, {**self.before, **charged})


@dataclass(frozen=True, slots=True)
class Worth:
    """What an item costs for a whole period: an exact amount as a ratio. discount: which part of it is taken off."""

    price: Price
    quantity: int
    amount: tuple[int, int]
    discount: tuple[int, int]


def worth(items: tuple[Item, ...], subscription: Subscription, last: Billed) -> dict[ItemId, Worth]:
    """What each licensed item costs for a whole period, with the coupons that cover the billed one.

    A coupon takes its amount off what is billed, be that a whole period or a part of one. What it took off usage and setup
    fees stays with them.
    """
    part = share(subscription.cycle, last.period)
    charges = [
        (item, charge)
        for item in items
        if item.price.meter is None
        for charge in item_charges(item.price, item.quantity, last.period, part)
    ]
    coupons = coupons_at(subscription, last.period.start)
    own = list(without_others(coupons, last.shared, subscription.currency))
    discounts = discounts_on([charge.amount_minor for _, charge in charges], own, subscription.currency)
    found: dict[ItemId, Worth] = {}
    for (item, charge), off in zip(charges, discounts, strict=True):
        before = found[item.item_id].discount if item.item_id in found else (0, 0)
        discount = before[0] + off, before[1] + charge.amount_minor
        found[item.item_id] = Worth(item.price, item.quantity, with_minimum(item), discount)
    return found


def with_minimum(item: Item) -> tuple[int, int]:
    """The exact amount of an item for a whole period, at least its minimum commitment."""
    numerator, denominator = exact_amount(item.price, item.quantity)
    return max((numerator, denominator), (item.price.minimum_minor * denominator, denominator))


def remaining(cycle: Cycle, billed: Period, at: datetime) -> tuple[int, int]:
    """How much of what was paid for is left at that moment, in seconds: (part, whole)."""
    return Period(at, billed.end).seconds, paid_in_full(cycle, billed).seconds


def change_lines(
    before: dict[ItemId, Worth], after: dict[ItemId, Worth], part: tuple[int, int], period: Period, taxes: Taxes
) -> tuple[Line, ...]:
    """The lines of a change: unused time given back if it was charged, remaining time charged, for each item that changes.

    part: what is left of the period. period: from the change to the end of what was billed.
    """
    lines: list[Line] = []
    for item_id in before | after:
        old, new = before.get(item_id), after.get(item_id)
        if old == new:
            continue
        if old and taxes.charged(old.price.price_id):
            lines.append(prorated(LineKind.UNUSED_TIME, old, part, period, taxes.of(old.price.price_id)))
        if new:
            lines.append(prorated(LineKind.REMAINING_TIME, new, part, period, taxes.now))
    return tuple(lines)


def prorated(kind: LineKind, of: Worth, part: tuple[int, int], period: Period, tax: TaxRate | None) -> Line:
    """One line of a change: that part of what the item is worth, negative for unused time."""
    sign = -1 if kind is LineKind.UNUSED_TIME else 1
    amount = rounded(sign * of.amount[0] * part[0], of.amount[1] * part[1])
    discount = rounded(amount * of.discount[0], of.discount[1]) if of.discount[1] else 0
    words = "Unused time on" if sign < 0 else "Remaining time on"
    return Line(
        kind, f"{words} {described(of.price, of.quantity)}", amount, period, of.price.price_id, of.quantity, discount,
        tax_on(tax, amount - discount), tax.tax_rate_id if tax else None, tax is not None and tax.inclusive,
    )  # fmt: skip
