"""Subscriptions: what an account has, its states and the moves between them, and who charges for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.coupons import Discount
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken, ForbiddenMove
from billing_pipeline.domain.ids import AccountId, ItemId, SubscriptionId
from billing_pipeline.domain.periods import Cycle, Period
from billing_pipeline.domain.pricing import Price


class SubscriptionState(StrEnum):
    """Where a subscription stands. Suspended for non-payment is a flag on it, not a state."""

    TRIALING = "trialing"
    ACTIVE = "active"
    PAUSED = "paused"
    CANCELED = "canceled"


class SubscriptionFact(StrEnum):
    """What can happen to a subscription."""

    TRIAL_ENDED = "trial_ended"
    TRIAL_ENDED_WITHOUT_CARD = "trial_ended_without_card"
    PAUSED = "paused"
    RESUMED = "resumed"
    CANCELED = "canceled"
    RESTARTED = "restarted"


class Charger(StrEnum):
    """Who charges for a period: our engine, Stripe's billing cycle, or nobody (a pause)."""

    ENGINE = "engine"
    STRIPE = "stripe"
    NONE = "none"


class WithoutCard(StrEnum):
    """What becomes of a subscription whose trial ends while its account has no payment method: Stripe's three choices."""

    CREATE_INVOICE = "create_invoice"
    PAUSE = "pause"
    CANCEL = "cancel"


MOVES: Final = {
    (SubscriptionState.TRIALING, SubscriptionFact.TRIAL_ENDED): SubscriptionState.ACTIVE,
    (SubscriptionState.TRIALING, SubscriptionFact.TRIAL_ENDED_WITHOUT_CARD): SubscriptionState.PAUSED,
    (SubscriptionState.TRIALING, SubscriptionFact.CANCELED): SubscriptionState.CANCELED,
    (SubscriptionState.ACTIVE, SubscriptionFact.PAUSED): SubscriptionState.PAUSED,
    (SubscriptionState.ACTIVE, SubscriptionFact.CANCELED): SubscriptionState.CANCELED,
    (SubscriptionState.PAUSED, SubscriptionFact.RESUMED): SubscriptionState.ACTIVE,
    (SubscriptionState.PAUSED, SubscriptionFact.CANCELED): SubscriptionState.CANCELED,
    (SubscriptionState.CANCELED, SubscriptionFact.RESTARTED): SubscriptionState.ACTIVE,
}
"""The only moves there are."""


def move(state: SubscriptionState, fact: SubscriptionFact) -> SubscriptionState:
    """The state after the fact. Raises ForbiddenMove when the table does not know the move."""
    try:
        return MOVES[state, fact]
    except KeyError:
        raise ForbiddenMove(f"a subscription that is {state} cannot take {fact}") from None


@dataclass(frozen=True, slots=True)
class Item:
    """A price and how many of it. valid_to: from then on it is no longer part of the subscription."""

    item_id: ItemId
    price: Price
    quantity: int
    valid_from: datetime
    valid_to: datetime | None = None

    def __post_init__(self) -> None:
        if self.quantity < 0:
            raise Broken(f"item {self.item_id}: the quantity must be 0 or more, got {self.quantity}")

    def valid_at(self, instant: datetime) -> bool:
        """Whether it is part of the subscription at that moment."""
        return self.valid_from <= instant and (self.valid_to is None or instant < self.valid_to)

    def window(self, period: Period) -> Period | None:
        """The stretch of the period during which it was part of the subscription, or None."""
        start, end = max(self.valid_from, period.start), min(self.valid_to or period.end, period.end)
        return Period(start, end) if start < end else None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an account is billed for. next_period_start: the next boundary to bill; None when nothing more is to be.

    cycle: when it is billed. items: also former ones, while their usage is still to be billed. cancel_at: it ends then.
    """

    subscription_id: SubscriptionId
    account: AccountId
    currency: Currency
    state: SubscriptionState
    cycle: Cycle
    items: tuple[Item, ...]
    started_at: datetime
    next_period_start: datetime | None
    discounts: tuple[Discount, ...] = ()
    trial_end: datetime | None = None
    trial_without_card: WithoutCard = WithoutCard.CREATE_INVOICE
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    suspended_at: datetime | None = None
    charger: Charger = Charger.ENGINE

    @property
    def idle(self) -> bool:
        """Whether periods pass without anybody being charged."""
        return self.state is SubscriptionState.PAUSED or self.suspended_at is not None

    def items_at(self, instant: datetime) -> tuple[Item, ...]:
        """The items that are part of it at that moment."""
        return tuple([item for item in self.items if item.valid_at(instant)])


def item_fault(subscription: Subscription, item: Item) -> str:
    """Why the item cannot be billed with this subscription, in words; empty when it can."""
    price, cycle = item.price, subscription.cycle
    if price.currency != subscription.currency:
        return f"price {price.price_id} is in {price.currency}, the subscription in {subscription.currency}"
    if price.interval is not cycle.interval or price.interval_count != cycle.count:
        return (
            f"price {price.price_id} is per {price.interval_count} {price.interval}, "
            f"the subscription per {cycle.count} {cycle.interval}"
        )
    return ""


def fault(subscription: Subscription, at: datetime) -> str:
    """Why the subscription cannot be billed at that moment, in words; empty when it can."""
    items = subscription.items_at(at)
    if not items:
        return f"it has no items on {at:%Y-%m-%d}: give it one that is valid from then on"
    meters = [item.price.meter for item in items if item.price.meter is not None]
    if len(meters) > 1 and len(meters) != len(set(meters)):
        return f"two of its items count the same meter: {sorted(meters)}"
    for item in items:
        if words := item_fault(subscription, item):
            return words
    return ""
