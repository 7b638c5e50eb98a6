"""Rows of the billing tables as records of the domain, and back. Rows that make no sense are refused with a reason."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final

from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.coupons import Coupon, Discount, Duration
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.periods import Cycle, Interval, Period
from billing_pipeline.domain.pricing import Aggregate, Price, Scheme, Tier, UsageType
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState, WithoutCard
from billing_pipeline.domain.taxes import TaxRate

INTERVALS: Final = {interval.value: interval for interval in Interval}
STATES: Final = {state.value: state for state in SubscriptionState}
CHARGERS: Final = {charger.value: charger for charger in Charger}
WITHOUT_CARD: Final = {choice.value: choice for choice in WithoutCard}


def grouped(rows: Iterable[Any], key: str) -> dict[str, list[Any]]:
    """The rows by the column of that name."""
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(getattr(row, key), []).append(row)
    return groups


def price_of(row: Any) -> Price:
    """The price of a row. Raises Broken when its tiers overlap or leave a gap."""
    tiers = tuple(Tier(up_to, unit, flat, per) for up_to, unit, flat, per in row.tiers)
    return Price(
        row.price_id, row.plan_id, row.currency, Scheme(row.scheme), row.unit_minor, row.per_units, tiers,
        UsageType(row.usage), Aggregate(row.aggregate), row.meter, INTERVALS[row.interval], row.interval_count,
        row.setup_fee_minor, row.minimum_minor, row.name, row.active,
    )  # fmt: skip


def tax_rate_of(row: Any) -> TaxRate:
    """The tax rate of a row."""
    return TaxRate(row.tax_rate_id, row.rate_ppm, row.inclusive, row.active)


@lru_cache(maxsize=4096)
def cycle(anchor_on: date, zone: str, interval: str, count: int) -> Cycle:
    """How often a subscription is billed: few distinct ones for many subscriptions."""
    return Cycle(anchor_on, zone, INTERVALS[interval], count)


def grant_of(row: Any) -> CreditGrant:
    """The credit grant of a row."""
    return CreditGrant(
        row.credit_grant_id, row.account_id, row.currency, CreditKind(row.kind), row.amount_minor, row.remaining_minor,
        row.granted_at, row.expires_at, row.priority,
    )  # fmt: skip


def discount_of(row: Any) -> Discount:
    """The coupon of a row on its subscription. Raises Broken when the coupon makes no sense or was taken too late."""
    coupon = Coupon(
        row.coupon_id, Duration(row.duration), row.percent_ppm, row.amount_minor, row.currency, row.duration_months,
        row.redeem_by,
    )  # fmt: skip
    return Discount(coupon, row.started_at, row.ends_at)


def change_of(row: Any) -> Change:
    """The change of a row."""
    return Change(
        row.subscription_id, row.source, row.kind, row.wish, row.timing, row.effective_at, row.requested_by,
        row.change_id,
    )  # fmt: skip


def item_of(row: Any, price: Callable[[str], Price]) -> Item:
    """The item of a row of items_of. Raises Broken when its price makes no sense."""
    item_id, _, price_id, quantity, valid_from, valid_to = row
    return Item(item_id, price(price_id), quantity, valid_from, valid_to)


def subscription_of(
    row: Any, items: tuple[Item, ...], discounts: Sequence[Any]
) -> tuple[Subscription, Billed | None, bool, datetime | None]:
    """The subscription of a row with items and coupons; its last tile, whether it has a card, its first open change.

    row: as subscriptions_to_bill gives it; taken apart at once, because column by column costs twice as much.
    Raises Broken when it makes no sense.
    """
    (
        name, account, currency, state, interval, count, anchor_on, zone, started_at, trial_end, without_card, next_start,
        cancel_at, canceled_at, ended_at, paused_at, resumes_at, suspended_at, charger, last_start, last_end,
        last_charger, none_yet, change_at, has_card,
    ) = row  # fmt: skip
    off = tuple(map(discount_of, discounts)) if discounts else ()
    subscription = Subscription(
        name, account, currency, STATES[state], cycle(anchor_on, zone, interval, count), items, started_at, next_start,
        off, trial_end, WITHOUT_CARD[without_card], cancel_at, canceled_at, ended_at, paused_at, resumes_at, suspended_at,
        CHARGERS[charger],
    )  # fmt: skip
    last = Billed(Period(last_start, last_end), CHARGERS[last_charger], none_yet) if last_start else None
    return subscription, last, has_card, change_at


def price_finder(found: Mapping[str, Price | Broken]) -> Callable[[str], Price]:
    """A function that gives the price of an id, or raises what is wrong with it."""

    def find(price_id: str) -> Price:
        price = found[price_id]
        if isinstance(price, Broken):
            raise price
        return price

    return find


INVOICE_COLUMNS: Final = (
    "invoice_id", "account_id", "subscription_id", "legal_entity_id", "number", "kind", "state", "currency",
    "subtotal_minor", "discount_minor", "tax_minor", "total_minor", "previous_balance_minor", "credits_minor",
    "carried_minor", "due_minor", "collection_method", "period_start", "period_end", "issued_at", "issued_on", "due_on",
    "paid_at", "run_id",
)  # fmt: skip
LINE_COLUMNS: Final = (
    "invoice_id", "line_no", "kind", "description", "price_id", "quantity", "amount_minor", "discount_minor",
    "tax_minor", "tax_rate_id", "period_start", "period_end",
)  # fmt: skip
TILE_COLUMNS: Final = ("subscription_id", "period_start", "period_end", "previous_end", "charger", "invoice_id")
GRANT_COLUMNS: Final = (
    "credit_grant_id", "account_id", "currency", "kind", "priority", "amount_minor", "remaining_minor", "granted_at",
    "source", "note",
)  # fmt: skip
USE_COLUMNS: Final = ("credit_grant_id", "invoice_id", "amount_minor", "used_at")


def moved_row(subscription: Subscription) -> dict[str, object]:
    """What move_subscription writes."""
    return {
        "subscription_id": subscription.subscription_id,
        "state": subscription.state.value,
        "anchor_on": subscription.cycle.anchor_on,
        "next_period_start": subscription.next_period_start,
        "trial_end": subscription.trial_end,
        "trial_without_card": subscription.trial_without_card.value,
        "cancel_at": subscription.cancel_at,
        "canceled_at": subscription.canceled_at,
        "ended_at": subscription.ended_at,
        "paused_at": subscription.paused_at,
        "resumes_at": subscription.resumes_at,
        "suspended_at": subscription.suspended_at,
    }


def item_row(item: Item) -> dict[str, object]:
    """What change_item and keep_former_item write."""
    return {
        "item_id": item.item_id,
        "price_id": item.price.price_id,
        "quantity": item.quantity,
        "valid_from": item.valid_from,
        "valid_to": item.valid_to,
    }
