"""What Stripe should hold for a subscription of ours: its mirror, or why there is none.

While the engine bills, the mirror is held (pause_collection void): it runs through the same periods and charges nobody.
A mirror is anchored at a boundary that is still to come, so that nothing is due when it is made.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.boundaries import Billed, anchored_from
from billing_pipeline.domain.change_effects import applied
from billing_pipeline.domain.changes import Change, wish_of
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CouponId, CustomerId, ItemId, PriceId, StripeSubscriptionId
from billing_pipeline.domain.issuing import coupons_at
from billing_pipeline.domain.mirror_anchor import Inexpressible as Inexpressible
from billing_pipeline.domain.mirror_anchor import Later as Later
from billing_pipeline.domain.mirror_anchor import off_anchor, one_interval_after
from billing_pipeline.domain.periods import Cycle, Interval
from billing_pipeline.domain.pricing import Price, Scheme
from billing_pipeline.domain.stripe_catalog import coupon_fault, price_fault
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState, WithoutCard, fault

ITEMS_MAX: Final = 20  # Stripe's, of one subscription
MARGIN: Final = timedelta(hours=24)  # a mirror that cannot be held at once must still be far from charging
SHORTEST: Final = timedelta(hours=25)  # a period must leave time outside of the margin


@dataclass(frozen=True, slots=True)
class Sold:
    """A price as Stripe has it. active: it may be given to new subscriptions."""

    stripe_id: str
    active: bool = True


@dataclass(frozen=True, slots=True)
class Links:
    """Stripe's ids of what a mirror is made of. items: of the mirror as it stands. tax: '' for no tax."""

    customer: CustomerId | None
    prices: Mapping[PriceId, Sold]
    coupons: Mapping[CouponId, str]
    items: Mapping[ItemId, str]
    tax: str = ""
    tax_missing: bool = False
    net_terms: bool = False


@dataclass(frozen=True, slots=True)
class Mirrored:
    """The mirror that there is: its id and how far it is made. charger: who charges for the period that runs."""

    stripe_id: StripeSubscriptionId | None
    state: str

    @property
    def alive(self) -> bool:
        """Whether there is one that has not ended."""
        return self.stripe_id is not None and self.state in ("created", "held", "taken_over")


@dataclass(frozen=True, slots=True)
class WantedItem:
    """An item of the mirror. price, tax: Stripe's ids. changed_at: since when it is like that."""

    item_id: ItemId
    price: str
    quantity: int
    tax: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Wanted:
    """The mirror as it should be. boundary: the next one. held: nothing may be collected.

    ends: with the period that runs. coupons: Stripe's ids, in order. prorates: Stripe charges for the period that runs,
    so it prorates changes too. gone: since when items that a mirror may still have are no longer part of it.
    """

    customer: CustomerId
    currency: str
    items: tuple[WantedItem, ...]
    boundary: datetime
    trial_end: datetime | None
    trial_without_card: WithoutCard
    ends: bool
    held: bool
    coupons: tuple[str, ...]
    metadata: Mapping[str, str]
    prorates: bool = False
    gone: Mapping[ItemId, datetime] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoMirror:
    """There should be none: the subscription is over, or stands still without a next boundary."""

    why: str


Goal = Wanted | NoMirror | Later | Inexpressible


def goal(
    subscription: Subscription, links: Links, mirrored: Mirrored, last: Billed | None, now: datetime, environment: str
) -> Goal:
    """The mirror that the subscription should have at that moment. last: the tile before its next boundary."""
    starts = subscription.next_period_start
    if subscription.state is SubscriptionState.CANCELED:
        return NoMirror("the subscription is over")
    if starts is None:
        return NoMirror("the subscription stands still: its next period begins when it is resumed")
    if part := inexpressible(subscription, links, max(now, starts)):
        return Inexpressible(part)
    if links.customer is None:
        return Later(
            "the account is no customer in Stripe: `billing-pipeline collect customers`, or `collect new-customer` where that "
            "was deleted"
        )
    if missing := unlinked(subscription, links, now):
        return Later(missing)
    if not mirrored.alive and (why := too_early(subscription, starts, now)):
        return why
    return wanted(subscription, links, links.customer, starts, last, environment)


def inexpressible(subscription: Subscription, links: Links, at: datetime) -> str:
    """The part that Stripe cannot express, in words; empty when it can express all of it."""
    items = subscription.items_at(at)
    if words := fault(subscription, at):
        return words
    if len(items) > ITEMS_MAX:
        return f"{len(items)} items: a subscription in Stripe has at most {ITEMS_MAX}"
    if len({item.price.price_id for item in items}) < len(items):
        return "two of its items have the same price: Stripe takes each price once"
    if links.net_terms:
        return "net terms: Stripe would charge a card on the day instead of waiting for a transfer"
    if words := next((words for item in items if (words := price_fault(item.price))), ""):
        return words
    if words := next((words for one in coupons_at(subscription, at) if (words := coupon_fault(one))), ""):
        return words
    if subscription.cycle.interval is Interval.DAY and timedelta(days=subscription.cycle.count) < SHORTEST:
        return "it is billed every day: no mirror is made within 24 hours before its boundary"
    return ""


def unlinked(subscription: Subscription, links: Links, now: datetime) -> str:
    """What of the subscription is not in Stripe's catalogue yet, in words; empty when all is."""
    at = max(now, subscription.next_period_start or now)
    missing: list[str] = [i.price.price_id for i in subscription.items_at(at) if i.price.price_id not in links.prices]
    missing += [one.coupon_id for one in coupons_at(subscription, at) if one.coupon_id not in links.coupons]
    missing += ["its tax rate"] if links.tax_missing else []
    return f"not in Stripe's catalogue yet: {', '.join(missing)}" if missing else ""


def too_early(subscription: Subscription, starts: datetime, now: datetime) -> Later | Inexpressible | None:
    """Why no mirror can be made at this moment; None when one can."""
    if starts - now < MARGIN:
        return Later(f"its boundary {starts:%Y-%m-%d %H:%M} is less than 24 hours away: the mirror is made after it")
    cycle = anchor_cycle(subscription, starts)
    if subscription.state is not SubscriptionState.TRIALING and starts > one_interval_after(now, cycle):
        return Later(f"its boundary {starts:%Y-%m-%d} is more than a period away: Stripe anchors no further ahead")
    return off_anchor(cycle, starts)


def anchor_cycle(subscription: Subscription, starts: datetime) -> Cycle:
    """The cycle as it is from its next boundary on: a trial's end anchors it anew."""
    trial = subscription.state is SubscriptionState.TRIALING
    return anchored_from(subscription.cycle, starts) if trial else subscription.cycle


def wanted(
    subscription: Subscription,
    links: Links,
    customer: CustomerId,
    starts: datetime,
    last: Billed | None,
    environment: str,
) -> Wanted:
    """The mirror that bills what we would bill. All its parts must be in the catalogue."""
    tax = links.tax
    return Wanted(
        customer=customer,
        currency=subscription.currency,
        items=tuple(wanted_item(item, links, tax) for item in items_ahead(subscription, starts)),
        boundary=starts,
        trial_end=starts if subscription.state is SubscriptionState.TRIALING else None,
        trial_without_card=subscription.trial_without_card,
        ends=subscription.cancel_at is not None and subscription.cancel_at <= starts,
        held=subscription.charger is not Charger.STRIPE or subscription.idle,
        coupons=tuple(links.coupons[one.coupon_id] for one in coupons_at(subscription, starts)),
        metadata={
            "subscription_id": subscription.subscription_id, "account_id": subscription.account, "mirror": "1",
            "environment": environment,
        },
        prorates=last is not None and last.charger is Charger.STRIPE,
        gone={item.item_id: item.valid_to for item in subscription.items if item.valid_to and item.valid_to <= starts},
    )  # fmt: skip


def items_ahead(subscription: Subscription, starts: datetime) -> tuple[Item, ...]:
    """The items that the next boundary bills, by id."""
    return tuple(sorted(subscription.items_at(starts), key=lambda item: item.item_id))


def wanted_item(item: Item, links: Links, tax: str) -> WantedItem:
    """One item of the mirror. A flat price costs the same for any quantity, so its quantity is always one there."""
    quantity = 1 if item.price.scheme is Scheme.FLAT else item.quantity
    return WantedItem(item.item_id, links.prices[item.price.price_id].stripe_id, quantity, tax, item.valid_from)


def refuse_archived(goal_: Wanted, links: Links, items: Mapping[str, str]) -> Inexpressible | None:
    """Why the mirror cannot get a price that is archived in Stripe; None when it asks for none.

    items: Stripe's price of each item that the mirror has, by our id: an item keeps an archived price that it has.
    """
    archived = {one.stripe_id: price_id for price_id, one in links.prices.items() if not one.active}
    asked = [item for item in goal_.items if item.price in archived and items.get(item.item_id) != item.price]
    if not asked:
        return None
    return Inexpressible(
        f"price {archived[asked[0].price]} is archived: activate it or move the subscription to another"
    )


def refuse_currency(goal_: Wanted, theirs: str) -> Inexpressible | None:
    """Why the mirror cannot follow a change of currency; None when there was none."""
    if goal_.currency == theirs:
        return None
    return Inexpressible(
        f"the mirror is in {theirs}, the subscription in {goal_.currency}: a subscription in Stripe never changes its currency"
    )


def as_of_boundary(
    subscription: Subscription, changes: Sequence[Change], prices: Mapping[PriceId, Price]
) -> Subscription:
    """The subscription with the changes that take effect at its next boundary; one that will be refused changes nothing.

    The mirror has them before the boundary: told afterwards, Stripe would prorate a period that has just begun.
    """
    starts = subscription.next_period_start
    for change in changes if starts is not None else ():
        with suppress(Broken):
            subscription = applied(subscription, wish_of(change), change.effective_at, prices)
    return subscription


def boundary_of(subscription: Subscription) -> datetime:
    """The next boundary. Raises Broken where nothing more is to be billed."""
    if subscription.next_period_start is None:
        raise Broken(f"subscription {subscription.subscription_id} has no next boundary")
    return subscription.next_period_start
