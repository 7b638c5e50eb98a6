"""What Stripe should hold for a subscription, and when it can: never a mirror that would leave our periods."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from billing_pipeline.domain.coupons import Coupon, Discount
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import (
    AccountId,
    CouponId,
    CustomerId,
    ItemId,
    PlanId,
    PriceId,
    StripeSubscriptionId,
    SubscriptionId,
)
from billing_pipeline.domain.mirror import (
    Goal,
    Inexpressible,
    Later,
    Links,
    Mirrored,
    NoMirror,
    Sold,
    Wanted,
    goal,
)
from billing_pipeline.domain.mirror_anchor import PROVEN_BOUNDARIES, off_anchor, stripe_boundary
from billing_pipeline.domain.periods import Cycle, Interval, boundary
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.subscriptions import Charger, Item, Subscription, SubscriptionState

JANUARY, FEBRUARY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 10, tzinfo=UTC)
FLAT = Price(PriceId("flat"), PlanId("p"), Currency("usd"), unit_minor=4900)
LINKS = Links(CustomerId("cus_1"), {FLAT.price_id: Sold("price_1")}, {CouponId("c"): "co_1"}, {})
PLAIN = Subscription(
    SubscriptionId("s"), AccountId("a"), Currency("usd"), SubscriptionState.ACTIVE, Cycle(date(2026, 1, 1)),
    (Item(ItemId("i"), FLAT, 7, JANUARY),), JANUARY, FEBRUARY,
)  # fmt: skip
NONE = Mirrored(None, "none")
HELD = Mirrored(StripeSubscriptionId("sub_1"), "held")


def want(
    subscription: Subscription = PLAIN, links: Links = LINKS, mirrored: Mirrored = NONE, now: datetime = NOW
) -> Goal:
    return goal(subscription, links, mirrored, None, now, "test")


def test_a_mirror_is_anchored_at_the_next_boundary_and_held() -> None:
    found = want()

    assert isinstance(found, Wanted)
    assert (found.boundary, found.held, found.trial_end, found.ends) == (FEBRUARY, True, None, False)
    assert (found.items[0].price, found.items[0].quantity) == ("price_1", 1)  # a flat price costs the same for seven


@pytest.mark.parametrize(
    ("subscription", "expected"),
    [
        (replace(PLAIN, state=SubscriptionState.CANCELED, next_period_start=None), NoMirror),
        (replace(PLAIN, state=SubscriptionState.PAUSED, next_period_start=None), NoMirror),
        (replace(PLAIN, next_period_start=NOW + timedelta(hours=23)), Later),
        (replace(PLAIN, next_period_start=NOW - timedelta(days=1)), Later),
        (replace(PLAIN, next_period_start=datetime(2026, 1, 20, tzinfo=UTC)), Later),
        (replace(PLAIN, items=()), Inexpressible),
    ],
)
def test_a_subscription_that_cannot_have_one_now_says_why(subscription: Subscription, expected: type) -> None:
    assert isinstance(want(subscription), expected)


def test_a_mirror_that_is_there_stays_wanted_within_the_margin() -> None:
    late = FEBRUARY - timedelta(minutes=5)

    assert isinstance(want(now=late), Later)
    assert isinstance(want(mirrored=HELD, now=late), Wanted)


@pytest.mark.parametrize(
    ("links", "words"),
    [
        (replace(LINKS, customer=None), "no customer"),
        (replace(LINKS, prices={}), "catalogue yet: flat"),
        (replace(LINKS, tax_missing=True), "its tax rate"),
    ],
)
def test_what_is_missing_in_stripe_is_waited_for(links: Links, words: str) -> None:
    found = want(links=links)

    assert isinstance(found, Later)
    assert words in found.why


def test_stripe_holds_nothing_only_where_it_charges_and_nothing_stands_still() -> None:
    charged = replace(PLAIN, charger=Charger.STRIPE)
    found = [want(one, mirrored=HELD) for one in (PLAIN, charged, replace(charged, suspended_at=NOW))]

    assert [one.held for one in found if isinstance(one, Wanted)] == [True, False, True]


def test_a_coupon_is_wanted_only_while_it_covers_the_next_period() -> None:
    off = Coupon(CouponId("c"), percent_ppm=100_000)
    covers = want(replace(PLAIN, discounts=(Discount(off, JANUARY),)))
    over = want(replace(PLAIN, discounts=(Discount(off, JANUARY, FEBRUARY),)))

    assert [one.coupons for one in (covers, over) if isinstance(one, Wanted)] == [("co_1",), ()]


@settings(max_examples=100)
@given(
    anchor=st.dates(date(2024, 1, 1), date(2027, 12, 31)),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Pacific/Apia"]),
    interval=st.sampled_from([Interval.WEEK, Interval.MONTH, Interval.YEAR]),
    count=st.integers(1, 4),
    number=st.integers(0, 14),
)
def test_a_mirror_that_may_be_made_never_leaves_our_periods(
    anchor: date, zone: str, interval: Interval, count: int, number: int
) -> None:
    cycle = Cycle(anchor, zone, interval, count)
    starts = boundary(cycle, number)

    refused = off_anchor(cycle, starts)

    following = range(number + 1, number + PROVEN_BOUNDARIES)
    stays = all(boundary(cycle, n) == stripe_boundary(cycle, number, n) for n in following)
    assert stays if refused is None else True
    assert refused is None or not isinstance(refused, Inexpressible) or zone != "UTC"


@pytest.mark.parametrize("day", range(1, 32))
def test_in_utc_every_anchor_day_is_mirrored_within_two_months(day: int) -> None:
    cycle = Cycle(date(2026, 1, day))

    tried = [off_anchor(cycle, boundary(cycle, number)) for number in range(1, 4)]

    assert None in tried
