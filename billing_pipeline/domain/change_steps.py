"""A group of changes that take effect at one instant: what the subscription is afterwards and what that costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from billing_pipeline.domain.boundaries import Billed, Step, counted, once_only, stretch, usage_due
from billing_pipeline.domain.change_effects import applied
from billing_pipeline.domain.changes import (
    Add,
    Cancel,
    Change,
    ChangeQuantity,
    Pause,
    Reinstate,
    Remove,
    Resume,
    Start,
    Swap,
    Wish,
    wish_of,
)
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import ItemId, PriceId
from billing_pipeline.domain.invoice_drafts import Line
from billing_pipeline.domain.issuing import setup_charge, taxed
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.proration import Taxes, Worth, change_lines, remaining, worth
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState
from billing_pipeline.domain.taxes import TaxRate


@dataclass(frozen=True, slots=True)
class Changed:
    """What a group of changes came to. refused: with the reason. bridge: the unbilled tile that a new start follows.

    usage: the metered stretch that a cancellation ends, as a step that bills it.
    """

    subscription: Subscription
    lines: tuple[Line, ...]
    granted: tuple[Change, ...]
    refused: tuple[tuple[Change, str], ...]
    usage: Step | None = None
    bridge: Step | None = None


def changed(
    subscription: Subscription, last: Billed | None, changes: Sequence[Change], at: datetime,
    prices: Mapping[PriceId, Price], taxes: Taxes,
) -> Changed:  # fmt: skip
    """Apply changes in order, each if it can be granted. last: the last tile of the time line. at: to the second."""
    lines: list[Line] = []
    granted: list[Change] = []
    refused: list[tuple[Change, str]] = []
    usage = bridge = None
    current = subscription
    for change in changes:
        try:
            wish = wish_of(change)
            after = applied(current, wish, at, prices)
            prorated = lines_between(current, after, wish, last, at, taxes)
            lines += (*prorated, *setup_fee(after, wish, last, at, taxes.now))
        except Broken as error:
            refused.append((change, str(error)))
            continue
        taxes = taxes.after(prorated)
        usage = usage or ended_usage(current, after, last, at)
        after = usage_resumed(current, coupons_taken(after, last, prorated), last, at)
        if isinstance(wish, Start):
            after, bridge = bridged(current, after, last, at)
        current = after
        granted.append(change)
    return Changed(current, tuple(lines), tuple(granted), tuple(refused), usage, bridge)


def priced(wish: Wish) -> bool:
    """Whether the wish gives time back or charges for it. A suspension takes nothing back, an end only if asked.

    A new start charges for what is left of a period if that was given back, or never paid.
    """
    match wish:
        case Add() | Remove() | Swap() | ChangeQuantity() | Pause() | Resume() | Reinstate() | Start():
            return True
        case Cancel():
            return wish.prorate and not wish.at_period_end
        case _:
            return False


def lines_between(
    before: Subscription, after: Subscription, wish: Wish, last: Billed | None, at: datetime, taxes: Taxes
) -> tuple[Line, ...]:
    """What one wish gives back and charges for the rest of the current tile; nothing where Stripe charges for it."""
    if last is None or not last.period.start <= at < last.period.end or last.charger is Charger.STRIPE:
        return ()
    if not priced(wish):
        return ()
    part = remaining(before.cycle, last.period, at)
    after = replace(after, cycle=before.cycle)  # the tile was billed on it, even if a new start moves the anchor
    return change_lines(paid(before, last, at), paid(after, last, at), part, Period(at, last.period.end), taxes)


def coupons_taken(after: Subscription, last: Billed | None, lines: tuple[Line, ...]) -> Subscription:
    """The subscription after these lines: a coupon for one period ends with a tile in which it took something off."""
    if last is None or not any(line.discount_minor > 0 for line in lines):
        return after
    return once_only(after, last.period)


def setup_fee(
    after: Subscription, wish: Wish, last: Billed | None, at: datetime, tax: TaxRate | None
) -> tuple[Line, ...]:
    """The setup fee of an added item, without discount. Before the first billed period there is none: that one has it."""
    price = after.items[-1].price
    if not isinstance(wish, Add) or last is None or last.none_yet or not price.setup_fee_minor:
        return ()
    rest = Period(at, last.period.end) if at < last.period.end else stretch(after, at)
    return (taxed(setup_charge(price, rest), 0, tax),)


def paid(subscription: Subscription, last: Billed, at: datetime) -> dict[ItemId, Worth]:
    """What is to be paid for the current tile: nothing while paused, or if it passes unbilled for a suspension.

    A suspension that came after the tile had begun takes nothing back of what was paid for it until then, and neither does
    an end, unless it was asked to.
    """
    if subscription.state is SubscriptionState.TRIALING or given_back(subscription, last):
        return {}
    suspended_at = subscription.suspended_at
    if last.charger is Charger.NONE and suspended_at is not None and suspended_at <= last.period.start:
        return {}
    return worth(subscription.items_at(at), subscription, last)


def given_back(subscription: Subscription, last: Billed) -> bool:
    """Whether unused time of the current tile was given back, by a pause or by an end that was asked to do so."""
    if subscription.state is not SubscriptionState.CANCELED:
        return subscription.state is SubscriptionState.PAUSED
    ends = subscription.cancel_at
    return subscription.paused_at is not None or (ends is not None and ends < last.period.end)


def ended_usage(before: Subscription, after: Subscription, last: Billed | None, at: datetime) -> Step | None:
    """The usage up to an end in mid-period, as a step without a tile; None when there is nothing to bill.

    It has the coupons of the boundary that would have billed it: those of the period were taken off with that.
    """
    if after.ended_at is None or before.ended_at is not None or last is None or last.period.start >= at:
        return None
    cut = Billed(Period(last.period.start, min(at, last.period.end)), last.charger)
    arrears = usage_due(before, cut)
    return Step(after, last.period.end, None, last, arrears) if arrears else None


def bridged(
    before: Subscription, after: Subscription, last: Billed | None, at: datetime
) -> tuple[Subscription, Step | None]:
    """A subscription that starts again, joined to its time line.

    Within the last tile it goes on where that ends, on its old cycle; after it, an unbilled tile fills the gap. Usage of the
    last tile was billed at the end.
    """
    if last is None:
        return after, None
    if at <= last.period.end:
        after = replace(after, items=tuple(metered_from(item, last.period, at) for item in after.items))
    if at < last.period.end:
        return replace(after, next_period_start=last.period.end, cycle=before.cycle), None
    if at == last.period.end:
        return after, None
    tile = Billed(Period(last.period.end, at), Charger.NONE, last.none_yet)
    return after, Step(after, last.period.end, tile, last)


def usage_resumed(before: Subscription, after: Subscription, last: Billed | None, at: datetime) -> Subscription:
    """The subscription whose usage counts again, from now on, in a tile that began unbilled; what was counted stays."""
    if last is None or last.charger is not Charger.NONE or not before.idle:
        return after
    if after.idle or after.state is not SubscriptionState.ACTIVE:
        return after
    items = (item if counted(item, before, last) else metered_from(item, last.period, at) for item in after.items)
    return replace(after, items=tuple(items))


def metered_from(item: Item, period: Period, at: datetime) -> Item:
    """The item with its usage of that period counted from then on only: what came before is billed, or free."""
    over = item.valid_to is not None and item.valid_to <= period.start
    if item.price.meter is None or item.valid_from >= at or over:
        return item
    return replace(item, valid_from=min(at, item.valid_to or at))


def simultaneous(changes: Sequence[Change], last: Billed | None = None) -> list[tuple[datetime, list[Change]]]:
    """The changes by the second in which they take effect, in order.

    last: the last tile; what should have come before it, but was told after it was billed, takes effect as it starts.
    """
    groups: dict[datetime, list[Change]] = {}
    for change in sorted(changes, key=lambda c: (c.effective_at, c.change_id)):
        at = change.effective_at.replace(microsecond=0)
        groups.setdefault(max(at, last.period.start) if last else at, []).append(change)
    return list(groups.items())
