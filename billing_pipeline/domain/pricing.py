"""Prices: what a quantity costs. Flat, per unit, graduated and volume tiers, licensed or metered.

Amounts are exact ratios of whole numbers until a line is made; then they are rounded once, half away from zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fractions import Fraction
from typing import assert_never

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PlanId, PriceId
from billing_pipeline.domain.periods import Interval


class Scheme(StrEnum):
    """How a price turns a quantity into an amount."""

    FLAT = "flat"
    PER_UNIT = "per_unit"
    GRADUATED = "graduated"
    VOLUME = "volume"


class UsageType(StrEnum):
    """Licensed: a quantity paid in advance. Metered: usage records paid in arrears."""

    LICENSED = "licensed"
    METERED = "metered"


class Aggregate(StrEnum):
    """What the usage of a period comes to."""

    SUM = "sum"
    MAX = "max"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Tier:
    """One step of a tiered price. up_to: the last unit in it, None for all further ones.

    unit_minor buys per_units units; flat_minor is added once when the tier is entered.
    """

    up_to: int | None
    unit_minor: int = 0
    flat_minor: int = 0
    per_units: int = 1


@dataclass(frozen=True, slots=True)
class Price:
    """What a plan costs in one currency. unit_minor: of the flat fee, or of per_units units.

    minimum_minor: commitment per period. setup_fee_minor: once, with the first period. name: what the customer reads.
    Raises Broken for tiers that overlap, have no end, or are missing.
    """

    price_id: PriceId
    plan_id: PlanId
    currency: Currency
    scheme: Scheme = Scheme.FLAT
    unit_minor: int = 0
    per_units: int = 1
    tiers: tuple[Tier, ...] = ()
    usage: UsageType = UsageType.LICENSED
    aggregate: Aggregate = Aggregate.SUM
    meter: str | None = None
    interval: Interval = Interval.MONTH
    interval_count: int = 1
    setup_fee_minor: int = 0
    minimum_minor: int = 0
    name: str = ""
    active: bool = True

    def __post_init__(self) -> None:
        tiered = self.scheme in (Scheme.GRADUATED, Scheme.VOLUME)
        if fault := tier_fault(self.tiers) if tiered else self.tiers and "a price without a tiered scheme has tiers":
            raise Broken(f"price {self.price_id}: {fault}")
        if (self.usage is UsageType.METERED) != (self.meter is not None):
            raise Broken(f"price {self.price_id}: a metered price names its meter, a licensed one has none")

    def __hash__(self) -> int:
        """By id: prices are what billing remembers lines by, and hashing seventeen fields each time shows."""
        return hash(self.price_id)

    @property
    def metered(self) -> bool:
        """Whether it is paid in arrears by usage."""
        return self.usage is UsageType.METERED


def tier_fault(tiers: tuple[Tier, ...]) -> str:
    """What is wrong with the tiers, in words; empty when they cover every quantity exactly once."""
    if not tiers:
        return "a tiered price needs tiers"
    if tiers[-1].up_to is not None:
        return f"the last tier must be without end, it stops at {tiers[-1].up_to}"
    last = 0
    for number, tier in enumerate(tiers[:-1], start=1):
        if tier.up_to is None or tier.up_to <= last:
            return f"tier {number} overlaps: it ends at {tier.up_to}, the one before it at {last}"
        last = tier.up_to
    return ""


def rounded(numerator: int, denominator: int) -> int:
    """numerator / denominator to the nearest whole number, a half away from zero. denominator > 0.

    The same as money.round_half_up without building a Fraction: it is called for every line.
    """
    magnitude = (abs(numerator) * 2 + denominator) // (denominator * 2)
    return -magnitude if numerator < 0 else magnitude


def exact_amount(price: Price, quantity: int) -> tuple[int, int]:
    """What the quantity costs for a whole period, in minor units, as (numerator, denominator).

    Raises Broken on a negative quantity.
    """
    if quantity < 0:
        raise Broken(f"price {price.price_id}: the quantity must be 0 or more, got {quantity}")
    match price.scheme:
        case Scheme.FLAT:
            return price.unit_minor, 1
        case Scheme.PER_UNIT:
            return price.unit_minor * quantity, price.per_units
        case Scheme.GRADUATED:
            return graduated(price.tiers, quantity).as_integer_ratio()
        case Scheme.VOLUME:
            return volume(price.tiers, quantity).as_integer_ratio()
        case _:
            assert_never(price.scheme)


def amount_of(price: Price, quantity: int, part: tuple[int, int] = (1, 1)) -> int:
    """What the quantity costs for that part of a period, in minor units, rounded once."""
    numerator, denominator = exact_amount(price, quantity)
    return rounded(numerator * part[0], denominator * part[1])


def graduated(tiers: Iterable[Tier], quantity: int) -> Fraction:
    """Each unit at the price of its own tier. The first tier's flat fee is due even for nothing."""
    due, below = Fraction(0), 0
    for tier in tiers:
        inside = (quantity if tier.up_to is None else min(quantity, tier.up_to)) - below
        due += tier.flat_minor + Fraction(tier.unit_minor * inside, tier.per_units)
        if tier.up_to is None or quantity <= tier.up_to:
            break
        below = tier.up_to
    return due


def volume(tiers: Iterable[Tier], quantity: int) -> Fraction:
    """All units at the price of the tier that the whole quantity falls into."""
    for tier in tiers:
        if tier.up_to is None or quantity <= tier.up_to:
            return tier.flat_minor + Fraction(tier.unit_minor * quantity, tier.per_units)
    raise Broken(f"no tier covers {quantity} units")


@dataclass(frozen=True, slots=True, order=True)
class UsageRecord:
    """Usage as it was sent. usage_key: the sender's own key; the same key is the same usage."""

    occurred_at: datetime
    usage_key: str
    quantity: int


def used(aggregate: Aggregate, records: Iterable[UsageRecord]) -> int:
    """What the records of a period come to; a key that comes twice counts once. No records are no usage."""
    distinct = sorted({record.usage_key: record for record in records}.values())
    match aggregate:
        case Aggregate.SUM:
            return sum(record.quantity for record in distinct)
        case Aggregate.MAX:
            return max((record.quantity for record in distinct), default=0)
        case Aggregate.LAST:
            return distinct[-1].quantity if distinct else 0
        case _:
            assert_never(aggregate)
