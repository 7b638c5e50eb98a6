"""The tries that a card has left. Card networks fine those who hammer a declined card, whoever asked for the try.

One budget per card fingerprint over all sources: first charges, retries, dunning, and the payment page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Limit:
    """At most that many declines of one card within that time."""

    declines_max: int
    within: timedelta


MONTH: Final = timedelta(days=30)
DEFAULT: Final = ""
ATTEMPTS_30_DAYS_MAX: Final = 15  # the stricter of Visa's figures in print: 15, and 20 since April 2026
CardLimits = Mapping[str, tuple[Limit, ...]]
"""By brand, as Stripe names it; DEFAULT for every other card and for bank accounts."""

LIMITS: Final[CardLimits] = {
    "visa": (Limit(ATTEMPTS_30_DAYS_MAX, MONTH),),
    "mastercard": (Limit(10, timedelta(hours=24)), Limit(35, MONTH)),
    DEFAULT: (Limit(ATTEMPTS_30_DAYS_MAX, MONTH),),
}
NETWORK_LIMITS: Final[CardLimits] = {
    "visa": (Limit(20, MONTH),),  # Visa Core Rules of April 2026; 15 before
    "mastercard": (Limit(10, timedelta(hours=24)), Limit(35, MONTH)),
}
"""What the networks fine. Ours may be stricter, never looser."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What a card has left under its tightest limit. free_at: when one more try is allowed, if none is left."""

    used: int
    left: int
    free_at: datetime | None


def too_loose(limits: CardLimits) -> list[str]:
    """The brands whose limits allow what their network fines; empty when all is well."""
    return [
        brand
        for brand, theirs in NETWORK_LIMITS.items()
        if not all(any(_covers(own, limit) for own in limits.get(brand, limits[DEFAULT])) for limit in theirs)
    ]


def budget_left(brand: str, declined_at: Sequence[datetime], now: datetime, limits: CardLimits = LIMITS) -> Budget:
    """The tightest of the brand's limits. declined_at: when this card was declined, for any invoice."""
    budgets = [_under(limit, declined_at, now) for limit in limits.get(brand, limits[DEFAULT])]
    return min(budgets, key=lambda budget: (budget.left, -_seconds(budget.free_at)))


def _covers(own: Limit, theirs: Limit) -> bool:
    return own.declines_max <= theirs.declines_max and own.within >= theirs.within


def _under(limit: Limit, declined_at: Sequence[datetime], now: datetime) -> Budget:
    recent = sorted(moment for moment in declined_at if moment > now - limit.within)
    left = limit.declines_max - len(recent)
    free_at = None if left > 0 else recent[-limit.declines_max] + limit.within
    return Budget(len(recent), max(0, left), free_at)


def _seconds(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0
