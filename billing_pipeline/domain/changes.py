"""Changes to a subscription: what was wished, and when it takes effect."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, assert_never

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import ItemId, PriceId, SubscriptionId
from billing_pipeline.domain.intake import key
from billing_pipeline.domain.subscriptions import WithoutCard

Timing = Literal["now", "period_end"]
ChangeKind = Literal[
    "start", "add", "remove", "swap", "quantity", "trial", "convert", "pause", "resume", "cancel", "keep", "suspend",
    "reinstate",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Add:
    """One more item. Its setup fee is charged with it. item_id: made of the price's where none is given."""

    price_id: PriceId
    quantity: int = 1
    item_id: ItemId | None = None


@dataclass(frozen=True, slots=True)
class Remove:
    """One item less; what it used until then is still billed."""

    item_id: ItemId


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
    """Another end of the trial, another choice for an end without a card, or both."""

    trial_end: datetime | None = None
    without_card: WithoutCard | None = None


@dataclass(frozen=True, slots=True)
class Convert:
    """The trial ends now and billing begins."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Periods pass unbilled until it is resumed; resumes_at: by itself."""

    resumes_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resume:
    """The end of a pause. paused_at: of the one that began then, and of no other."""

    paused_at: datetime | None = None


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


Wish = (
    Add | Remove | Swap | ChangeQuantity | ChangeTrial | Convert | Pause | Resume | Cancel | Keep | Suspend | Reinstate
    | Start
)  # fmt: skip


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
    except KeyError as error:
        raise Broken(f"a change of kind {change.kind} needs {error.args[0]}, got {dict(change.wish)}") from None
    except (ValueError, TypeError) as error:
        raise Broken(f"a change of kind {change.kind} cannot read {dict(change.wish)}: {error}") from None
    if wish:
        raise Broken(f"a change of kind {change.kind} does not know {', '.join(sorted(wish))}")
    return made


def _wish(change: Change, wish: dict[str, Any]) -> Wish:
    """The same, taking what it knows out of wish."""
    match change.kind:
        case "add":
            quantity = _quantity(wish.pop("quantity", None))
            return Add(PriceId(wish.pop("price_id")), 1 if quantity is None else quantity, _new_item(wish))
        case "remove":
            return Remove(ItemId(wish.pop("item_id")))
        case "swap":
            return Swap(PriceId(wish.pop("price_id")), _item(wish), _quantity(wish.pop("quantity", None)))
        case "quantity":
            return ChangeQuantity(_whole(wish.pop("quantity")), _item(wish))
        case "trial":
            return _trial(wish)
        case "pause":
            return Pause(_instant(ends) if (ends := wish.pop("resumes_at", None)) else None)
        case "resume":
            return Resume(_instant(begun) if (begun := wish.pop("paused_at", None)) else None)
        case "cancel":
            return Cancel(change.timing == "period_end", bool(wish.pop("prorate", False)))
        case "convert" | "keep" | "suspend" | "reinstate" | "start":
            return PLAIN[change.kind]
        case _:
            assert_never(change.kind)


PLAIN: Mapping[str, Wish] = {
    "convert": Convert(), "keep": Keep(), "suspend": Suspend(), "reinstate": Reinstate(), "start": Start(),
}  # fmt: skip


def _item(wish: dict[str, Any]) -> ItemId | None:
    return ItemId(wish.pop("item_id")) if wish.get("item_id") else None


def _new_item(wish: dict[str, Any]) -> ItemId | None:
    return ItemId(key(wish.pop("item_id"))) if wish.get("item_id") else None


def _trial(wish: dict[str, Any]) -> ChangeTrial:
    choice = _choice(wish.pop("without_card")) if "without_card" in wish else None
    ends = _instant(wish.pop("trial_end")) if choice is None or "trial_end" in wish else None
    return ChangeTrial(ends, choice)


def _choice(word: Any) -> WithoutCard:
    if word not in list(WithoutCard):
        raise Broken(f"unknown without_card {word!r}: use {', '.join(WithoutCard)}")
    return WithoutCard(word)


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
