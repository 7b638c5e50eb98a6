"""What becomes of a change that somebody made in Stripe's dashboard or portal: applied, proposed, or taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from billing_pipeline.domain.changes import Change, ChangeKind, Timing
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PriceId, SubscriptionId
from billing_pipeline.domain.mirror import Wanted
from billing_pipeline.domain.mirror_requests import Aspect, Seen, differences


class Answer(StrEnum):
    """What to do about a change of that aspect."""

    APPLY = "apply"
    PROPOSE = "propose"
    REVERT = "revert"


EDITABLE: Final = (Aspect.PRICE, Aspect.QUANTITY, Aspect.ITEMS, Aspect.CANCEL, Aspect.TRIAL, Aspect.COUPONS, Aspect.TAX)
"""What the policy speaks of. A released hold is always put back, and a moved period is always mended."""

INEXPRESSIBLE: Final = frozenset({Aspect.COUPONS, Aspect.TAX})
"""No change of ours says that, so it cannot be applied: a person decides, or it is taken back."""


@dataclass(frozen=True, slots=True)
class MirrorPolicy:
    """The answers of policies/subscriptions.toml. Raises Broken for one that cannot be given."""

    answers: Mapping[Aspect, Answer] = field(
        default_factory=lambda: {
            Aspect.PRICE: Answer.PROPOSE, Aspect.QUANTITY: Answer.APPLY, Aspect.ITEMS: Answer.PROPOSE,
            Aspect.CANCEL: Answer.APPLY, Aspect.TRIAL: Answer.PROPOSE, Aspect.COUPONS: Answer.PROPOSE,
            Aspect.TAX: Answer.REVERT,
        }
    )  # fmt: skip

    def __post_init__(self) -> None:
        for aspect, answer in self.answers.items():
            if aspect not in EDITABLE:
                raise Broken(f"subscriptions.toml: {aspect} is always mended: leave it out")
            if answer is Answer.APPLY and aspect in INEXPRESSIBLE:
                raise Broken(f"subscriptions.toml: {aspect} cannot be applied by itself: use propose or revert")

    def answer(self, aspect: Aspect) -> Answer:
        """What to do about it; what the policy does not name is taken back."""
        return self.answers.get(aspect, Answer.REVERT)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A change that was made in Stripe, as a change of ours. kind: None where nothing of ours can express it."""

    source: str
    subscription_id: SubscriptionId
    aspect: Aspect
    words: str
    kind: ChangeKind | None
    wish: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of the differences: changes to apply, proposals to keep, and aspects to take back."""

    apply: tuple[Proposal, ...]
    propose: tuple[Proposal, ...]
    revert: Mapping[Aspect, str]


def decided(
    there: Seen, wanted: Wanted, prices: Mapping[str, PriceId], subscription_id: SubscriptionId, policy: MirrorPolicy
) -> Decided:
    """What becomes of everything in which the mirror differs. prices: ours by Stripe's."""
    found = differences(there, wanted)
    made = [
        one
        for aspect, words in found.items()
        for one in proposals(aspect, words, there, wanted, prices, subscription_id)
    ]
    apply = tuple(one for one in made if answer_to(one, policy) is Answer.APPLY)
    propose = tuple(one for one in made if answer_to(one, policy) is Answer.PROPOSE)
    kept = {one.aspect for one in (*apply, *propose)}
    return Decided(apply, propose, {aspect: words for aspect, words in found.items() if aspect not in kept})


def answer_to(made: Proposal, policy: MirrorPolicy) -> Answer:
    """The policy's answer; what cannot be applied is proposed instead."""
    answer = policy.answer(made.aspect)
    return Answer.PROPOSE if answer is Answer.APPLY and made.kind is None else answer


def proposals(
    aspect: Aspect,
    words: str,
    there: Seen,
    wanted: Wanted,
    prices: Mapping[str, PriceId],
    subscription_id: SubscriptionId,
) -> list[Proposal]:
    """The changes of ours that would follow the difference; none for what is never followed."""  # long because it lists all
    if aspect not in EDITABLE:
        return []

    def made(kind: ChangeKind | None, wish: Mapping[str, Any], shown: str = words) -> Proposal:
        source = f"stripe:{subscription_id}:{aspect}:{shown}:{there.period_end:%Y%m%d}"
        return Proposal(source, subscription_id, aspect, shown, kind, wish)

    match aspect:
        case Aspect.QUANTITY | Aspect.PRICE:
            return [made(kind, wish, shown) for kind, wish, shown in item_wishes(aspect, there, wanted, prices)]
        case Aspect.ITEMS:
            return [made(kind, wish, shown) for kind, wish, shown in item_edits(there, wanted, prices)]
        case Aspect.CANCEL:
            return [made("cancel" if there.ends else "keep", {})]
        case Aspect.TRIAL:
            ends = there.trial_end
            trial = {"trial_end": ends.isoformat(), "without_card": there.trial_without_card} if ends else {}
            return [made("trial" if ends else "convert", trial)]
        case _:
            return [made(None, {})]


ItemEdit = tuple[ChangeKind | None, dict[str, Any], str]
"""A change of an item: its kind, its wish, and what it shows."""


def item_edits(there: Seen, wanted: Wanted, prices: Mapping[str, PriceId]) -> list[ItemEdit]:
    """The changes that add what somebody added in Stripe, and remove what is no longer there.

    An added item becomes ours under an id of our own, which the mirror's item is then marked with.
    """
    ours, theirs = {item.item_id for item in wanted.items}, {item.item_id for item in there.items}
    found: list[ItemEdit] = []
    for item in there.items:
        if item.item_id not in ours:
            price = prices.get(item.price)
            wish = {"price_id": price, "quantity": item.quantity} if price else {}
            found.append(("add" if price else None, wish, f"{item.stripe_id}: none -> {item.price}"))
    found += [("remove", {"item_id": name}, f"{name}: removed") for name in sorted(ours - theirs)]
    return found


def item_wishes(aspect: Aspect, there: Seen, wanted: Wanted, prices: Mapping[str, PriceId]) -> list[ItemEdit]:
    """The changes of items that differ in that aspect. An item whose price was changed brings its quantity along."""
    ours = {item.item_id: item for item in wanted.items}
    found: list[ItemEdit] = []
    for item in there.items:
        old = next((one for name, one in ours.items() if name == item.item_id), None)
        if old is None:
            continue
        if aspect is Aspect.PRICE and item.price != old.price:
            price = prices.get(item.price)
            wish = {"item_id": item.item_id, "price_id": price, "quantity": item.quantity}
            found.append(
                ("swap" if price else None, wish if price else {}, f"{item.item_id}: {old.price} -> {item.price}")
            )
        if aspect is Aspect.QUANTITY and item.price == old.price and item.quantity != old.quantity:
            shown = f"{item.item_id}: {old.quantity} -> {item.quantity}"
            found.append(("quantity", {"item_id": item.item_id, "quantity": item.quantity}, shown))
    return found


def change_for(made: Proposal, at: datetime, by: str) -> Change:
    """The proposal as a change on the list. Raises Broken where nothing of ours can express it."""
    if made.kind is None:
        raise Broken(
            f"{made.aspect} ({made.words}) has no change of ours: change the subscription itself, then reject this"
        )
    timing: Timing = "period_end" if made.kind == "cancel" else "now"
    return Change(made.subscription_id, made.source, made.kind, dict(made.wish), timing, at, by)
