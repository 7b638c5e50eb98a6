"""Subscriptions: what Stripe says about a mirror, and what dunning or a person wishes. Only wishes are written here."""

from dataclasses import replace
from datetime import datetime
from typing import Final, Literal

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.stripe_objects import Mirror
from billing_pipeline.flows.books import Books, Errand, Outcome, applied, dead, ignored
from billing_pipeline.flows.ports.event_rows import SubscriptionRow, WishRow

ENDED: Final = frozenset({"canceled", "incomplete_expired"})
OWN_OPERATIONS: Final = (Operation.MIRROR, Operation.UNHOLD)


def apply_mirror(mirror: Mirror, idempotency_key: str, at: datetime, books: Books) -> Outcome:
    """A mirror that ended in Stripe ends our subscription too, unless we ended it ourselves.

    Any other change that was not ours has the sync look at the mirror: it applies, proposes or takes back by its policy.
    """
    ours = mirrored(mirror, books)
    if ours is None:
        return ignored("not ours: no subscription has this mirror")
    if is_own_call(idempotency_key, ours.subscription_id):
        return ignored("the echo of our own call")
    loose = Errand("hold", SubscriptionId(ours.subscription_id), mirror.id) if could_charge(mirror, ours) else None
    if ours.stripe_subscription_id not in (None, mirror.id):
        return Outcome("ignored", "an earlier mirror: there is another one by now", errand=loose)
    if mirror.status not in ENDED:
        return Outcome("applied", changes=(replace(ours, touched=True),), errand=loose)
    if ours.mirror_state == "canceled":
        return ignored("we ended it ourselves")
    ended = replace(ours, mirror_state="canceled")
    if ours.state == "canceled":
        return applied(ended)
    wish = WishRow(f"stripe:{mirror.id}:deleted", ours.subscription_id, "cancel", mirror.ended_at or at, "stripe")
    return applied(ended, wish)


def could_charge(mirror: Mirror, ours: SubscriptionRow) -> bool:
    """Whether the mirror collects although it must be held: it bills what the engine bills, or what stands still."""
    must_be_held = ours.charger != "stripe" or ours.suspended or ours.state == "paused"
    other = ours.stripe_subscription_id not in (None, mirror.id)
    return not mirror.held and mirror.status not in ENDED and (must_be_held or other)


def is_own_call(idempotency_key: str, subscription_id: str) -> bool:
    """Whether the key is one that only our calls about this subscription carry."""
    return any(idempotency_key.startswith(f"{operation}:{subscription_id}:") for operation in OWN_OPERATIONS)


def mirrored(mirror: Mirror, books: Books) -> SubscriptionRow | None:
    """Our subscription behind the mirror: by our own id in its metadata, else by its id in our row."""
    if (row := books.find(SubscriptionRow, mirror.subscription)) is not None:
        return row
    return next((one for one in books.all(SubscriptionRow) if one.stripe_subscription_id == mirror.id), None)


def apply_wish(
    subscription: SubscriptionRow | None,
    kind: Literal["cancel", "suspend", "reinstate"],
    name: str,
    by: str,
    at: datetime,
) -> Outcome:
    """A wish to suspend, reinstate or cancel becomes a change that change_subscriptions fulfils."""
    if subscription is None:
        return dead("no such subscription")
    if subscription.state == "canceled":
        return ignored("the subscription is canceled already")
    return applied(WishRow(name, subscription.subscription_id, kind, at, by))
