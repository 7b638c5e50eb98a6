"""Asking for a change to a subscription: written down now, applied when it takes effect."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from billing_pipeline.domain.boundaries import anchored_from
from billing_pipeline.domain.changes import Change, ChangeKind, Timing, wish_of
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.periods import period_at
from billing_pipeline.domain.subscriptions import Subscription, SubscriptionState
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import BillingStore


@dataclass(frozen=True, slots=True)
class Asked:
    """A change on the list. new: it was not there before under that name."""

    change: Change
    new: bool


# long because a wish has options, and each has a good default
def request_change(
    store: BillingStore, clock: Clock, subscription_id: SubscriptionId, kind: ChangeKind, wish: Mapping[str, Any], *,
    timing: Timing = "now", source: str = "", requested_by: str = "",
) -> Asked:  # fmt: skip
    """The change that was put on the list. source: its unique name; asking twice under one name changes nothing.

    timing 'period_end' takes effect at the next boundary, except that a cancellation is noted now and ends then.
    Raises Broken when the subscription does not exist, cannot be billed, or the wish cannot be read.
    """
    now = clock.now()
    effective_at = effect(subscription_named(store, subscription_id), kind, timing, now)
    name = source or source_of(subscription_id, kind, wish, timing, now)
    change = Change(subscription_id, name, kind, dict(wish), timing, effective_at, requested_by)
    wish_of(change)
    return Asked(change, store.request(change, now))


def source_of(
    subscription_id: SubscriptionId, kind: ChangeKind, wish: Mapping[str, Any], timing: Timing, now: datetime
) -> str:
    """A name for a wish that was given none: the same wish at the same moment is one, another wish is another."""
    said = hashlib.sha256(json.dumps([timing, dict(wish)], sort_keys=True, default=str).encode()).hexdigest()
    return f"{subscription_id}:{kind}:{now:%Y%m%dT%H%M%S.%f}:{said[:8]}"


def subscription_named(store: BillingStore, subscription_id: SubscriptionId) -> Subscription:
    """The subscription. Raises Broken when there is none or its rows make no sense."""
    account = store.one(subscription_id)
    if account is None:
        raise Broken(f"no subscription {subscription_id}: use the subscription_id that it was imported with")
    if account.unbillable:
        raise Broken(f"subscription {subscription_id} cannot be billed: {account.unbillable[0].reason}")
    return account.subscriptions[0].subscription


def effect(subscription: Subscription, kind: ChangeKind, timing: Timing, now: datetime) -> datetime:
    """When a change takes effect that is asked for now."""
    starts = subscription.next_period_start
    if timing == "now" or kind == "cancel" or starts is None:
        return now
    return starts if starts >= now else end_of_period(subscription, starts, now)


def end_of_period(subscription: Subscription, starts: datetime, now: datetime) -> datetime:
    """The end of the period that contains now and is not billed yet. starts: the first boundary still to be billed."""
    trial = subscription.state is SubscriptionState.TRIALING
    return period_at(anchored_from(subscription.cycle, starts) if trial else subscription.cycle, now).end
