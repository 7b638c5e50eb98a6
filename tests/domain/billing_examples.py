"""Records of the billing domain with sensible defaults, so that a test says only what it is about."""

from datetime import UTC, date, datetime
from typing import Any, Final

from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.coupons import Coupon, Discount, Duration
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, CouponId, CreditGrantId, ItemId, PlanId, PriceId, SubscriptionId
from billing_pipeline.domain.issuing import Issue
from billing_pipeline.domain.periods import Cycle, Period
from billing_pipeline.domain.pricing import Price, Scheme, UsageType
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState
from billing_pipeline.domain.taxes import TaxRate, TaxRateId

JAN: Final = datetime(2026, 1, 1, tzinfo=UTC)
FEB: Final = datetime(2026, 2, 1, tzinfo=UTC)
MAR: Final = datetime(2026, 3, 1, tzinfo=UTC)
APR: Final = datetime(2026, 4, 1, tzinfo=UTC)
JANUARY: Final = Period(JAN, FEB)
USD: Final = Currency("usd")
ACME: Final = AccountId("acme")
ISSUE: Final = Issue(JAN, date(2026, 1, 1))
BILLED_JANUARY: Final = Billed(JANUARY, Charger.ENGINE)


def flat(price_id: str = "basic", unit_minor: int = 1000, **values: Any) -> Price:
    return Price(PriceId(price_id), PlanId("plan"), USD, unit_minor=unit_minor, name=price_id.title(), **values)


def seats(price_id: str = "seats", unit_minor: int = 500, **values: Any) -> Price:
    return flat(price_id, unit_minor, scheme=Scheme.PER_UNIT, **values)


def metered(price_id: str = "calls", unit_minor: int = 1, **values: Any) -> Price:
    return flat(
        price_id, unit_minor, **{"scheme": Scheme.PER_UNIT, "usage": UsageType.METERED, "meter": price_id} | values
    )


def item(price: Price, quantity: int = 1, item_id: str = "", **values: Any) -> Item:
    return Item(ItemId(item_id or f"i-{price.price_id}"), price, quantity, **{"valid_from": JAN} | values)


def subscription(*items: Item, **values: Any) -> Subscription:
    """An active monthly subscription anchored on the first, with a flat item of 10.00 unless items say otherwise."""
    defaults: dict[str, Any] = {
        "state": SubscriptionState.ACTIVE,
        "cycle": Cycle(date(2026, 1, 1)),
        "started_at": JAN,
        "next_period_start": JAN,
    }
    return Subscription(SubscriptionId("s1"), ACME, USD, items=items or (item(flat()),), **(defaults | values))


def discount(percent_ppm: int | None = None, *, amount_minor: int | None = None, **values: Any) -> Discount:
    started = values.pop("started_at", JAN)
    ends = values.pop("ends_at", None)
    values = {"duration": Duration.FOREVER, "coupon_id": CouponId("c")} | values
    currency = USD if amount_minor is not None else None
    coupon = Coupon(percent_ppm=percent_ppm, amount_minor=amount_minor, currency=currency, **values)
    return Discount(coupon, started, ends)


def grant(name: str = "g", amount_minor: int = 100, **values: Any) -> CreditGrant:
    defaults: dict[str, Any] = {"kind": CreditKind.PURCHASED, "granted_at": JAN, "remaining_minor": amount_minor}
    return CreditGrant(CreditGrantId(name), ACME, USD, amount_minor=amount_minor, **(defaults | values))


def tax(rate_ppm: int = 200_000, *, inclusive: bool = False, **values: Any) -> TaxRate:
    return TaxRate(TaxRateId("vat"), rate_ppm, inclusive, **values)
