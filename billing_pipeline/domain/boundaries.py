"""What happens when a subscription reaches a boundary: it is billed, passes unbilled, or ends."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, assert_never

from billing_pipeline.domain.coupons import Duration
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import Cycle, Period, local_day, period_from
from billing_pipeline.domain.subscriptions import (
    Charger,
    Item,
    Subscription,
    SubscriptionFact,
    SubscriptionState,
    WithoutCard,
    fault,
    move,
)

INVOICES_PER_RUN_MAX: Final = 400
"""A subscription that is due more often than a daily one that was forgotten for a year is a mistake: it is parked."""


@dataclass(frozen=True, slots=True)
class Billed:
    """A period that the books know: who charged for it. The tiles of a subscription's time line.

    none_yet: nobody charged for it, nor for any before it: the first period that is billed is yet to come. shared: what the
    coupons of its invoice were shared by, line by line: the amount, and whether it is of an item that is paid in advance.
    """

    period: Period
    charger: Charger
    none_yet: bool = False
    shared: tuple[tuple[int, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """What is due at one boundary. subscription: as it is from then on, but for its next boundary, which is next_at.

    tile: the period that starts there and who charges for it; None when the subscription has ended or its trial ended
    and nothing is billed for want of a card. last: the tile before it. arrears: the metered items and the stretches of
    usage to bill.
    """

    subscription: Subscription
    at: datetime
    tile: Billed | None
    last: Billed | None
    arrears: tuple[tuple[Item, Period], ...] = ()

    @property
    def first(self) -> bool:
        """Whether nothing was billed before it."""
        return self.last is None or self.last.none_yet

    @property
    def next_at(self) -> datetime | None:
        """The boundary after this one; None when there is none."""
        return self.tile.period.end if self.tile else None

    @property
    def after(self) -> Subscription:
        """The subscription as it is to be kept."""
        return replace(self.subscription, next_period_start=self.next_at)

    @property
    def billable(self) -> bool:
        """Whether an invoice comes of it."""
        return bool(self.arrears) or (self.tile is not None and self.tile.charger is Charger.ENGINE)

    @property
    def charging(self) -> bool:
        """Whether its invoice has lines: not the first one of metered items alone."""
        if self.arrears or not self.billable:
            return self.billable
        items = self.subscription.items_at(self.at)
        return any(item.price.meter is None or (self.first and item.price.setup_fee_minor) for item in items)


def steps_due(subscription: Subscription, last: Billed | None, has_card: bool, until: datetime) -> Iterator[Step]:
    """Every boundary up to and including until, in order. last: the tile before the first of them.

    Raises Broken when the subscription cannot be billed, or is due more often than INVOICES_PER_RUN_MAX.
    """
    at = subscription.next_period_start
    for _ in range(INVOICES_PER_RUN_MAX):
        if at is None or at > until:
            return
        step = step_at(subscription, at, last, has_card)
        yield step
        subscription, last, at = coupons_used_up(step), step.tile or last, step.next_at
    if at is not None and at <= until:
        raise Broken(f"more than {INVOICES_PER_RUN_MAX} periods are due at once: check anchor_on and next_period_start")


def step_at(subscription: Subscription, at: datetime, last: Billed | None, has_card: bool) -> Step:
    """What is due at the subscription's boundary. Raises Broken when it cannot be billed."""
    arrears = usage_due(subscription, last)
    if subscription.cancel_at is not None and subscription.cancel_at <= at:
        return Step(ended(subscription, subscription.cancel_at), at, None, last, arrears)
    if subscription.state is SubscriptionState.TRIALING:
        subscription = trial_over(subscription, at, has_card)
        if subscription.state is not SubscriptionState.ACTIVE:
            return Step(subscription, at, None, last)
    tile = tile_from(subscription, at, last)
    if tile.charger is Charger.ENGINE and (words := fault(subscription, at)):
        raise Broken(words)
    return Step(subscription, at, tile, last, arrears)


def tile_from(subscription: Subscription, at: datetime, last: Billed | None) -> Billed:
    """The tile that starts there. last: the one before it."""
    none_yet = subscription.idle and (last is None or last.none_yet)
    return Billed(stretch(subscription, at), Charger.NONE if subscription.idle else subscription.charger, none_yet)


def coupons_used_up(step: Step) -> Subscription:
    """The subscription after the step: a coupon for one period ends with the first one whose invoice has lines."""
    subscription, tile = step.subscription, step.tile
    if not subscription.discounts or tile is None or not step.charging:
        return subscription
    return once_only(subscription, tile.period)


def once_only(subscription: Subscription, period: Period) -> Subscription:
    """The subscription whose coupons for one period end with this one, if it is the one that they were for."""
    zone = subscription.cycle.zone
    return replace(
        subscription,
        discounts=tuple(
            replace(discount, ends_at=period.end)
            if discount.coupon.duration is Duration.ONCE and discount.covers(period.start, zone)
            else discount
            for discount in subscription.discounts
        ),
    )


def stretch(subscription: Subscription, start: datetime) -> Period:
    """What is billed from start on: up to the next boundary, or up to the end of the subscription if that is sooner."""
    period = period_from(subscription.cycle, start)
    if subscription.cancel_at is not None and start < subscription.cancel_at < period.end:
        return Period(start, subscription.cancel_at)
    return period


def usage_due(subscription: Subscription, last: Billed | None) -> tuple[tuple[Item, Period], ...]:
    """The metered items that were part of the last period, each with its stretch; none if we did not charge for it.

    Stretches of one price that follow each other are one: its tiers begin anew with another price and nowhere else.
    """
    if last is None:
        return ()
    metered = ((item, item.window(last.period)) for item in subscription.items if counted(item, subscription, last))
    due: list[tuple[Item, Period]] = []
    for item, window in sorted(((i, w) for i, w in metered if w), key=lambda each: (each[0].price.meter, each[1])):
        before = due[-1] if due else None
        if before and before[0].price.price_id == item.price.price_id and before[1].end == window.start:
            due[-1] = item, Period(before[1].start, window.end)
        else:
            due.append((item, window))
    return tuple(due)


def counted(item: Item, subscription: Subscription, last: Billed) -> bool:
    """Whether usage of the item in the last period is billed.

    In one that began unbilled only from the end of the pause or suspension on: since then its metered items are valid.
    """
    if item.price.meter is None or last.charger is Charger.STRIPE:
        return False
    if last.charger is Charger.ENGINE:
        return True
    idle = [moment for moment in (subscription.paused_at, subscription.suspended_at) if moment is not None]
    return last.period.start < item.valid_from and (not idle or item.valid_from < min(idle))


def ended(subscription: Subscription, at: datetime) -> Subscription:
    """The subscription once it is over."""
    state = move(subscription.state, SubscriptionFact.CANCELED)
    return replace(subscription, state=state, ended_at=at)


def trial_over(subscription: Subscription, at: datetime, has_card: bool) -> Subscription:
    """The subscription at the end of its trial: billed from then on, or for want of a card what was chosen for that."""
    match WithoutCard.CREATE_INVOICE if has_card else subscription.trial_without_card:
        case WithoutCard.CREATE_INVOICE:
            active = move(subscription.state, SubscriptionFact.TRIAL_ENDED)
            return replace(subscription, state=active, cycle=anchored_from(subscription.cycle, at))
        case WithoutCard.PAUSE:
            paused = move(subscription.state, SubscriptionFact.TRIAL_ENDED_WITHOUT_CARD)
            return replace(subscription, state=paused, paused_at=at)
        case WithoutCard.CANCEL:
            return replace(ended(subscription, at), canceled_at=at)
        case unknown:
            assert_never(unknown)


def anchored_from(cycle: Cycle, start: datetime) -> Cycle:
    """The cycle of a subscription that is first billed at start: anchored there, unless its anchor is yet to come."""
    day = local_day(start, cycle.zone)
    return cycle if cycle.anchor_on >= day else replace(cycle, anchor_on=day)
