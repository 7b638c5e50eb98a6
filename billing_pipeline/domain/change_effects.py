"""What a subscription is once a wish about it is granted, or why it cannot be."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import assert_never

from billing_pipeline.domain.boundaries import anchored_from
from billing_pipeline.domain.changes import (
    Add,
    Cancel,
    ChangeQuantity,
    ChangeTrial,
    Convert,
    Keep,
    Pause,
    Reinstate,
    Remove,
    Resume,
    Start,
    Suspend,
    Swap,
    Wish,
)
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import ItemId, PriceId
from billing_pipeline.domain.periods import period_from
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.subscriptions import (
    Charger,
    Item,
    Subscription,
    SubscriptionFact,
    SubscriptionState,
    fault,
    item_fault,
    move,
)


def applied(subscription: Subscription, wish: Wish, at: datetime, prices: Mapping[PriceId, Price]) -> Subscription:
    """The subscription after the wish. Raises ForbiddenMove or Broken where it cannot be granted.

    prices: at least those that the wish names, where they exist.
    """  # long because one function owns the branching over all wishes
    match wish:
        case Add():
            return item_added(subscription, wish, at, prices)
        case Remove():
            return item_removed(subscription, wish, at)
        case Swap():
            return swapped(subscription, wish, at, prices)
        case ChangeQuantity():
            return with_quantity(subscription, wish, at)
        case ChangeTrial():
            return trial_changed(subscription, wish, at)
        case Convert():
            return converted(subscription, at)
        case Pause():
            return paused(subscription, wish, at)
        case Resume():
            return resumed(subscription, wish, at)
        case Cancel():
            return canceled(subscription, wish, at)
        case Keep():
            return kept(subscription)
        case Suspend():
            return replace(subscription, suspended_at=subscription.suspended_at or at)
        case Reinstate():
            return replace(subscription, suspended_at=None)
        case Start():
            return restarted(subscription, at)
        case _:
            assert_never(wish)


def refuse_canceled(subscription: Subscription) -> None:
    """Nothing. Raises Broken when the subscription is over."""
    if subscription.state is SubscriptionState.CANCELED:
        raise Broken(f"subscription {subscription.subscription_id} is canceled: start it again first")


def price_named(price_id: PriceId, prices: Mapping[PriceId, Price]) -> Price:
    """The price of that id. Raises Broken when it cannot be sold."""
    if (price := prices.get(price_id)) is None or not price.active:
        raise Broken(f"price {price_id} does not exist, makes no sense or is not active")
    return price


def item_added(subscription: Subscription, wish: Add, at: datetime, prices: Mapping[PriceId, Price]) -> Subscription:
    """The subscription with one more item."""
    refuse_canceled(subscription)
    price = price_named(wish.price_id, prices)
    if price.setup_fee_minor and subscription.charger is Charger.STRIPE:
        raise Broken(f"price {price.price_id} has a setup fee, which Stripe would not charge: take a price without one")
    item = Item(new_item_id(subscription, wish), price, wish.quantity, at)
    added = replace(subscription, items=(*subscription.items, item))
    if words := fault(added, at):
        raise Broken(words)
    return added


def new_item_id(subscription: Subscription, wish: Add) -> ItemId:
    """The id of an added item. Made up, it is the price's within the subscription, numbered where that was used before."""
    taken = {item.item_id for item in subscription.items}
    if wish.item_id is not None:
        if wish.item_id in taken:
            raise Broken(f"item {wish.item_id} is there already, or was: give the new one another item_id")
        return wish.item_id
    plain = f"{subscription.subscription_id}-{wish.price_id}"
    numbered = (ItemId(f"{plain}-{number}" if number > 1 else plain) for number in count(1))
    return next(name for name in numbered if name not in taken)


def item_removed(subscription: Subscription, wish: Remove, at: datetime) -> Subscription:
    """The subscription without the item from then on."""
    item = item_named(subscription, wish.item_id, at)
    if len(subscription.items_at(at)) == 1:
        raise Broken(f"item {item.item_id} is the only one: cancel the subscription instead")
    items = (replace(one, valid_to=at) if one is item else one for one in subscription.items)
    return replace(subscription, items=tuple(items))


def item_named(subscription: Subscription, item_id: ItemId | None, at: datetime) -> Item:
    """The item of that id, or the only one there is. Raises Broken otherwise."""
    refuse_canceled(subscription)
    items = [item for item in subscription.items_at(at) if item_id in (None, item.item_id)]
    if len(items) != 1:
        raise Broken(f"name one item of {', '.join(i.item_id for i in subscription.items_at(at))}, got {item_id}")
    return items[0]


def swapped(subscription: Subscription, wish: Swap, at: datetime, prices: Mapping[PriceId, Price]) -> Subscription:
    """The subscription with another price on one item."""
    item = item_named(subscription, wish.item_id, at)
    quantity = item.quantity if wish.quantity is None else wish.quantity
    new = replace(item, price=price_named(wish.price_id, prices), quantity=quantity, valid_from=at)
    if words := item_fault(subscription, new):
        raise Broken(words)
    return with_item(subscription, item, new, at)


def with_quantity(subscription: Subscription, wish: ChangeQuantity, at: datetime) -> Subscription:
    """The subscription with another quantity of one item."""
    item = item_named(subscription, wish.item_id, at)
    if item.price.metered:
        raise Broken(f"price {item.price.price_id} is metered: its quantity is what is used")
    return with_item(subscription, item, replace(item, quantity=wish.quantity, valid_from=at), at)


def with_item(subscription: Subscription, old: Item, new: Item, at: datetime) -> Subscription:
    """The subscription with one item replaced. The former version stays, under a name of its own, while it was ever valid."""
    others = tuple(item for item in subscription.items if item is not old)
    former = (former_version(old, at),) if old.valid_from < at else ()
    return replace(subscription, items=(*others, *former, new))


def former_version(item: Item, at: datetime) -> Item:
    """What the item was until then. The item keeps its id, because Stripe's id hangs on it; the past gets a new one."""
    return replace(item, item_id=ItemId(f"{item.item_id}~{at:%Y%m%dT%H%M%S}"), valid_to=at)


def trial_changed(subscription: Subscription, wish: ChangeTrial, at: datetime) -> Subscription:
    """The subscription with another trial."""
    moved = trial_moved(subscription, wish.trial_end or subscription.trial_end or at, at)
    return replace(moved, trial_without_card=wish.without_card or subscription.trial_without_card)


def trial_moved(subscription: Subscription, trial_end: datetime, at: datetime) -> Subscription:
    """The subscription with another end of its trial; where it was to end with that, this moves too."""
    if subscription.state is not SubscriptionState.TRIALING:
        raise Broken(f"subscription {subscription.subscription_id} is {subscription.state}, not on trial")
    if trial_end < at:
        raise Broken(f"a trial cannot end in the past ({trial_end.isoformat()})")
    with_it = subscription.cancel_at is not None and subscription.cancel_at == subscription.next_period_start
    cancel_at = trial_end if with_it else subscription.cancel_at
    return replace(subscription, trial_end=trial_end, next_period_start=trial_end, cancel_at=cancel_at)


def converted(subscription: Subscription, at: datetime) -> Subscription:
    """The subscription whose trial ends now. Where it was to end with that, it ends with the period that begins."""
    moved = trial_moved(subscription, at, at)
    if moved.cancel_at != at:
        return moved
    return replace(moved, cancel_at=period_from(anchored_from(moved.cycle, at), at).end)


def paused(subscription: Subscription, wish: Pause, at: datetime) -> Subscription:
    """The subscription that stands still from then on."""
    state = move(subscription.state, SubscriptionFact.PAUSED)
    if wish.resumes_at is not None and wish.resumes_at <= at:
        raise Broken(f"a pause from {at:%Y-%m-%d %H:%M %Z} on cannot end at {wish.resumes_at:%Y-%m-%d %H:%M %Z}")
    return replace(subscription, state=state, paused_at=at, resumes_at=wish.resumes_at)


def resumed(subscription: Subscription, wish: Resume, at: datetime) -> Subscription:
    """The subscription after its pause. One that was never billed (its trial ended without a card) begins now."""
    if wish.paused_at is not None and wish.paused_at != subscription.paused_at:
        raise Broken(f"the pause since {wish.paused_at:%Y-%m-%d %H:%M %Z} is over already")
    state = move(subscription.state, SubscriptionFact.RESUMED)
    active = replace(subscription, state=state, paused_at=None, resumes_at=None)
    if subscription.next_period_start is not None:
        return active
    return replace(active, next_period_start=at, cycle=anchored_from(active.cycle, at))


def canceled(subscription: Subscription, wish: Cancel, at: datetime) -> Subscription:
    """The subscription after its cancellation: over, or to end with the period that is paid.

    cancel_at of one whose unused time is given back: up to then it is paid, should it start again.
    """
    state = move(subscription.state, SubscriptionFact.CANCELED)
    if wish.at_period_end and subscription.next_period_start is not None:
        return replace(subscription, cancel_at=subscription.next_period_start, canceled_at=at)
    ends = at if wish.prorate else None
    return replace(subscription, state=state, canceled_at=at, ended_at=at, cancel_at=ends, next_period_start=None)


def kept(subscription: Subscription) -> Subscription:
    """The subscription whose end was taken back."""
    if subscription.state is SubscriptionState.CANCELED or subscription.cancel_at is None:
        raise Broken(f"subscription {subscription.subscription_id} is not about to end")
    return replace(subscription, cancel_at=None, canceled_at=None)


def restarted(subscription: Subscription, at: datetime) -> Subscription:
    """A canceled subscription that begins again, anchored on that day."""
    state = move(subscription.state, SubscriptionFact.RESTARTED)
    return replace(
        subscription, state=state, canceled_at=None, ended_at=None, cancel_at=None, paused_at=None, suspended_at=None,
        trial_end=None, next_period_start=at, cycle=anchored_from(subscription.cycle, at),
    )  # fmt: skip
