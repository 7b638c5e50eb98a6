"""Comparing what we would bill with what Stripe would bill: line by line, to the cent, with the reason of a difference."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from billing_pipeline.domain.ids import InvoiceId, PriceId
from billing_pipeline.domain.invoice_drafts import Draft, Line, LineKind
from billing_pipeline.domain.mirror_requests import moment

SWITCH_FROM: Final = timedelta(hours=24)  # before the boundary: what was compared still holds
SWITCH_UNTIL: Final = timedelta(minutes=10)  # after that nothing moves any more: the next boundary is the next chance
DRAFTED_FOR: Final = timedelta(hours=2)  # Stripe's drafts live for an hour: until then nothing is given back
LATE_AFTER: Final = timedelta(minutes=15)  # Stripe drafts at the boundary; later than that is an alarm
FALLBACK_AFTER: Final = timedelta(hours=20)  # then the engine bills it: within 25 hours of the boundary

ITEM: Final = "item"
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Side:
    """What one side bills under one name, in minor units. lines: on how many, each rounded by itself."""

    amount: int = 0
    discount: int = 0
    tax: int = 0
    quantity: int = 0
    lines: int = 0

    def __add__(self, other: "Side") -> "Side":
        return Side(
            self.amount + other.amount,
            self.discount + other.discount,
            self.tax + other.tax,
            self.quantity + other.quantity,
            self.lines + other.lines,
        )


@dataclass(frozen=True, slots=True)
class PastLine:
    """A line of an invoice that the engine issued. price: Stripe's id of its price."""

    invoice_id: InvoiceId
    period_start: datetime
    kind: str
    description: str
    price: str
    side: Side


@dataclass(frozen=True, slots=True)
class Difference:
    """One line on which the two sides do not agree. ours, theirs: minor units. why: in words."""

    line: str
    what: str
    ours: int
    theirs: int
    why: str


Sides = dict[str, Side]


def sides_of_draft(draft: Draft | None, sold: Mapping[PriceId, str]) -> Sides:
    """What our next invoice bills, by line. Nothing where nothing is billed."""
    return summed((name_of(line, sold), side_of(line)) for line in draft.lines) if draft else {}


def side_of(line: Line) -> Side:
    """One of our lines."""
    return Side(line.amount_minor, line.discount_minor, line.tax_minor, line.quantity)


def name_of(line: Line, sold: Mapping[PriceId, str]) -> str:
    """Items go by Stripe's price, everything else by what it is."""
    return sold.get(line.price_id or PriceId(""), line.description) if line.kind is LineKind.ITEM else line.description


def sides_of_past(lines: Iterable[PastLine]) -> Sides:
    """What an invoice of ours billed, by line."""
    return summed(
        (one.price if one.kind == LineKind.ITEM and one.price else one.description, one.side) for one in lines
    )


def sides_of_stripe(raw: Json) -> Sides:
    """What an invoice or a preview of Stripe's bills, by line; tiers of one price are one line. Raises KeyError."""
    return summed((stripe_name(line), stripe_side(line)) for line in raw["lines"]["data"])


def stripe_name(line: Json) -> str:
    """Items go by their price, everything else by what the customer reads."""
    details = (line.get("parent") or {}).get("subscription_item_details")
    price = ((line.get("pricing") or {}).get("price_details") or {}).get("price")
    return (
        str(price) if details and not details.get("proration") and price else str(line.get("description") or line["id"])
    )


def stripe_side(line: Json) -> Side:
    """One of Stripe's lines."""
    discount = sum(one["amount"] for one in line.get("discount_amounts") or ())
    tax = sum(one["amount"] for one in line.get("taxes") or ())
    return Side(line["amount"], discount, tax, line.get("quantity") or 0, 1)


def summed(named: Iterable[tuple[str, Side]]) -> Sides:
    """The sides by name, those of one name added up."""
    sums: Sides = {}
    for name, side in named:
        sums[name] = sums.get(name, Side()) + side
    return sums


def stripe_period(raw: Json) -> datetime:
    """When the period begins that Stripe's invoice bills: its lines say so, the invoice itself bounds something else."""
    return moment(max(line["period"]["start"] for line in raw["lines"]["data"]))


def compared(ours: Sides, theirs: Sides) -> list[Difference]:
    """Every line on which the two do not agree, by name; an empty list means that they agree to the cent."""
    found: list[Difference] = []
    for name in sorted(ours.keys() | theirs.keys()):
        one, other = ours.get(name), theirs.get(name)
        if one is None or other is None:
            amount = (
                (one or Side()).amount - (one or Side()).discount,
                (other or Side()).amount - (other or Side()).discount,
            )
            if amount != (0, 0):
                found.append(Difference(name, "line", *amount, only_on_one_side(one is None)))
            continue
        parts = (
            ("amount", one.amount, other.amount),
            ("discount", one.discount, other.discount),
            ("tax", one.tax, other.tax),
        )
        found += [Difference(name, what, a, b, reason(what, one, other)) for what, a, b in parts if a != b]
    return found


def only_on_one_side(missing_here: bool) -> str:
    """Why a line stands on one side alone."""
    if missing_here:
        return "only Stripe bills it: a pending invoice item, or an item that was added there"
    return "only we bill it: Stripe knows no setup fee, and bills no usage that is counted here"


def reason(what: str, one: Side, other: Side) -> str:
    """Why the same line costs something else there, as far as the numbers tell."""
    if what == "amount" and one.quantity != other.quantity:
        return f"quantity {one.quantity} here, {other.quantity} there"
    if what != "amount" and one.amount != other.amount:
        return "it follows from the amount"
    if what == "tax" and one.discount != other.discount:
        return "it follows from the discount"
    if abs(getattr(one, what) - getattr(other, what)) <= max(other.lines, 1):
        return "rounding: Stripe rounds each tier by itself" if other.lines > 1 else "rounding"
    return {"amount": "another price", "discount": "another coupon", "tax": "another tax rate"}[what]


def renamed(found: Iterable[Difference], prices: Mapping[str, PriceId]) -> tuple[Difference, ...]:
    """The differences with our prices for Stripe's, which a person can read."""
    return tuple(replace(one, line=prices.get(one.line, one.line)) for one in found)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One period compared. past: Stripe made its invoice and voided it; else it is a preview."""

    period_start: datetime
    past: bool
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal of one subscription found. blockers: why it cannot be switched now, in words."""

    subscription_id: str
    boundary: datetime
    cycles: tuple[Cycle, ...]
    blockers: tuple[str, ...]

    @property
    def differences(self) -> tuple[Difference, ...]:
        """All differences of all cycles."""
        return tuple(one for cycle in self.cycles for one in cycle.differences)

    @property
    def reasons(self) -> list[str]:
        """Why it is not ready, one line each."""
        told = (f"{one.line}: {one.what} {one.ours} here, {one.theirs} there ({one.why})" for one in self.differences)
        return [*self.blockers, *told]

    @property
    def ready(self) -> bool:
        """Whether Stripe would bill the same and nothing stands in the way."""
        return not self.blockers and not self.differences


def in_window(boundary: datetime, now: datetime) -> bool:
    """Whether hands may change now, for that boundary."""
    return boundary - SWITCH_FROM <= now <= boundary - SWITCH_UNTIL
