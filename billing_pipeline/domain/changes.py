"""Changes to a subscription: what was wished, and what the subscription is afterwards."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, assert_never, get_args

from billing_pipeline.domain.boundaries import anchored_from
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import ItemId, PriceId, SubscriptionId
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.subscriptions import (
    Item,
    Subscription,
    SubscriptionFact,
    SubscriptionState,
    item_fault,
    move,
)

Timing = Literal["now", "period_end"]
ChangeKind = Literal[
    "start", "swap", "quantity", "trial", "convert", "pause", "resume", "cancel", "keep", "suspend", "reinstate"
]


@dataclass(frozen=True, slots=True)
class Swap:
    """Another price on an item; the quantity stays unless one is given."""

    price_id: PriceId
    item_id: ItemId | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class ChangeQuantity:
    """Another quantity on an item."""

    quantity: int
    item_id: ItemId | None = None


@dataclass(frozen=True, slots=True)
class ChangeTrial:
    """Another end of the trial."""

    trial_end: datetime


@dataclass(frozen=True, slots=True)
class Convert:
    """The trial ends now and billing begins."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Periods pass unbilled until it is resumed; resumes_at: by itself."""

    resumes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """The end of a pause."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The end: now, or with the period that is paid. prorate: give unused time back (only now)."""

    at_period_end: bool = False
    prorate: bool = False


@dataclass(frozen=True, slots=True)
class Keep:
    """A cancellation at period end is taken back."""


@dataclass(frozen=True, slots=True)
class Suspend:
    """Not paid: periods pass unbilled."""


@dataclass(frozen=True, slots=True)
class Reinstate:
    """Paid after all: the end of a suspension."""


@dataclass(frozen=True, slots=True)
class Start:
    """A canceled subscription begins again."""


Wish = Swap | ChangeQuantity | ChangeTrial | Convert | Pause | Resume | Cancel | Keep | Suspend | Reinstate | Start


@dataclass(frozen=True, slots=True)
class Change:
    """A wish and when it takes effect. source: its unique name; asking twice changes nothing."""

    subscription_id: SubscriptionId
    source: str
    kind: ChangeKind
    wish: Mapping[str, Any]
    timing: Timing
    effective_at: datetime
    requested_by: str
    change_id: int = 0


def wish_of(change: Change) -> Wish:
    """What the change asks for. Raises Broken when its parameters are missing, unknown or of the wrong type."""
    wish = dict(change.wish)
    try:
        made = _wish(change, wish)
    except (KeyError, ValueError, TypeError) as error:
        raise Broken(f"a {change.kind} change cannot read {dict(change.wish)}: {error!r}") from None
    if wish:
        raise Broken(f"a {change.kind} change does not know {', '.join(sorted(wish))}")
    return made


def _wish(change: Change, wish: dict[str, Any]) -> Wish:
    """The same, taking what it knows out of wish."""
    match change.kind:
        case "swap":
            return Swap(PriceId(wish.pop("price_id")), _item(wish), _quantity(wish.pop("quantity", None)))
        case "quantity":
            return ChangeQuantity(_whole(wish.pop("quantity")), _item(wish))
        case "trial":
            return ChangeTrial(_instant(wish.pop("trial_end")))
        case "pause":
            return Pause(_instant(ends) if (ends := wish.pop("resumes_at", None)) else None)
        case "cancel":
            return Cancel(change.timing == "period_end", bool(wish.pop("prorate", False)))
        case "convert" | "resume" | "keep" | "suspend" | "reinstate" | "start":
            return PLAIN[change.kind]
        case _:
            assert_never(change.kind)


PLAIN: Mapping[str, Wish] = {
    "convert": Convert(), "resume": Resume(), "keep": Keep(), "suspend": Suspend(), "reinstate": Reinstate(),
    "start": Start(),
}  # fmt: skip


def _item(wish: dict[str, Any]) -> ItemId | None:
    return ItemId(wish.pop("item_id")) if wish.get("item_id") else None


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"{value!r} is not a whole number of 0 or more")
    return value


def _quantity(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _instant(value: Any) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError(f"{value!r} has no zone: write 2026-03-01T00:00:00+00:00")
    return moment


def change_kind(word: str) -> ChangeKind:
    """The kind of that name. Raises Broken for a word that is none."""
    kind: ChangeKind
    for kind in get_args(ChangeKind):
        if kind == word:
            return kind
    raise Broken(f"unknown change {word!r}: use one of {', '.join(get_args(ChangeKind))}")


def applied(subscription: Subscription, wish: Wish, at: datetime, prices: Mapping[PriceId, Price]) -> Subscription:
    """The subscription after the wish. Raises ForbiddenMove or Broken where it cannot be granted.

    prices: at least those that the wish names, where they exist.
    """  # long because one function owns the branching over all wishes
    match wish:
        case Swap():
            return swapped(subscription, wish, at, prices)
        case ChangeQuantity():
            item = item_named(subscription, wish.item_id, at)
            return with_item(subscription, item, replace(item, quantity=wish.quantity, valid_from=at), at)
        case ChangeTrial():
            return trial_moved(subscription, wish.trial_end, at)
        case Convert():
            return trial_moved(subscription, at, at)
        case Pause():
            state = move(subscription.state, SubscriptionFact.PAUSED)
            return replace(subscription, state=state, paused_at=at, resumes_at=wish.resumes_at)
        case Resume():
            return resumed(subscription, at)
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


def item_named(subscription: Subscription, item_id: ItemId | None, at: datetime) -> Item:
    """The item of that id, or the only one there is. Raises Broken otherwise."""
    if subscription.state is SubscriptionState.CANCELED:
        raise Broken(f"subscription {subscription.subscription_id} is canceled: start it again first")
    items = [item for item in subscription.items_at(at) if item_id in (None, item.item_id)]
    if len(items) != 1:
        raise Broken(f"name one item of {', '.join(i.item_id for i in subscription.items_at(at))}, got {item_id}")
    return items[0]


def swapped(subscription: Subscription, wish: Swap, at: datetime, prices: Mapping[PriceId, Price]) -> Subscription:
    """The subscription with another price on one item."""
    item = item_named(subscription, wish.item_id, at)
    if (price := prices.get(wish.price_id)) is None or not price.active:
        raise Broken(f"price {wish.price_id} does not exist, makes no sense or is not active")
    quantity = item.quantity if wish.quantity is None else wish.quantity
    new = replace(item, price=price, quantity=quantity, valid_from=at)
    if words := item_fault(subscription, new):
        raise Broken(words)
    return with_item(subscription, item, new, at)


def with_item(subscription: Subscription, old: Item, new: Item, at: datetime) -> Subscription:
    """The subscription with one item replaced. The former version stays, under a name of its own, while it was ever valid."""
    others = tuple(item for item in subscription.items if item is not old)
    former = (former_version(old, at),) if old.valid_from < at else ()
    return replace(subscription, items=(*others, *former, new))


def former_version(item: Item, at: datetime) -> Item:
    """What the item was until then. The item keeps its id, because Stripe's id hangs on it; the past gets a new one."""
    return replace(item, item_id=ItemId(f"{item.item_id}~{at:%Y%m%dT%H%M%S}"), valid_to=at)


def trial_moved(subscription: Subscription, trial_end: datetime, at: datetime) -> Subscription:
    """The subscription with another end of its trial."""
    if subscription.state is not SubscriptionState.TRIALING:
        raise Broken(f"subscription {subscription.subscription_id} is {subscription.state}, not on trial")
    if trial_end < at:
        raise Broken(f"a trial cannot end in the past ({trial_end.isoformat()})")
    return replace(subscription, trial_end=trial_end, next_period_start=trial_end)


def resumed(subscription: Subscription, at: datetime) -> Subscription:
    """The subscription after its pause. One that was never billed (its trial ended without a card) begins now."""
    state = move(subscription.state, SubscriptionFact.RESUMED)
    active = replace(subscription, state=state, paused_at=None, resumes_at=None)
    if subscription.next_period_start is not None:
        return active
    return replace(active, next_period_start=at, cycle=anchored_from(active.cycle, at))


def canceled(subscription: Subscription, wish: Cancel, at: datetime) -> Subscription:
    """The subscription after its cancellation: over, or to end with the period that is paid."""
    state = move(subscription.state, SubscriptionFact.CANCELED)
    if wish.at_period_end and subscription.next_period_start is not None:
        return replace(subscription, cancel_at=subscription.next_period_start, canceled_at=at)
    return replace(subscription, state=state, canceled_at=at, ended_at=at, cancel_at=None, next_period_start=None)


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
