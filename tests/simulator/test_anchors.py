"""billing_cycle_anchor_config: a cycle on a day of the month, also where months are too short for it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_simulator import Simulator
from stripe_simulator.intervals import next_boundary
from stripe_simulator.resources.anchors import MONTHS, base_of, next_anchor
from tests.simulator.stories import payer
from tests.simulator.test_subscriptions import moment, price, subscribe

CYCLE = "docs.stripe.com/billing/subscriptions/billing-cycle"
SDK = "SDK 16.1 subscription create params"
HOURS = {"hour": 8, "minute": 0, "second": 0}


def _at(stamp: int) -> datetime:
    return datetime.fromtimestamp(stamp, UTC)


@pytest.mark.behaviour("subscriptions", "an anchor by day of the month bills the share up to it", source=CYCLE)
def test_a_cycle_on_a_day_of_the_month_bills_the_share_up_to_it(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    made = subscribe(
        client, customer, price(client, 3_100), expand=["latest_invoice"],
        billing_cycle_anchor_config={"day_of_month": 16, "hour": 0, "minute": 0, "second": 0},
    )  # fmt: skip

    assert _at(made.billing_cycle_anchor) == moment(2026, 1, 16)
    assert made.billing_cycle_anchor_config.to_dict() == {  # type: ignore[union-attr]
        "day_of_month": 16, "hour": 0, "minute": 0, "month": None, "second": 0,
    }  # fmt: skip
    assert made.latest_invoice.total == 1_500  # type: ignore[union-attr]
    sim.advance(to=moment(2026, 2, 17))
    assert [i["total"] for i in sim.objects("invoice")] == [1_500, 3_100, 3_100]


@pytest.mark.behaviour("subscriptions", "the 31st is the last day of short months, and the 31st again", source=CYCLE)
def test_a_cycle_on_the_31st_that_begins_in_february_comes_back_to_the_31st(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    sim.advance(to=moment(2026, 2, 10))
    customer, _ = payer(client)

    made = subscribe(
        client, customer, price(client), billing_cycle_anchor_config={"day_of_month": 31, **HOURS},
        proration_behavior="none",
    )  # fmt: skip

    sim.advance(to=moment(2026, 7, 1))
    renewed = [_at(i["created"]) for i in sim.objects("invoice") if i["billing_reason"] == "subscription_cycle"]
    assert _at(made.billing_cycle_anchor) == moment(2026, 2, 28, 8)
    assert renewed == [moment(2026, month, day, 8) for month, day in ((2, 28), (3, 31), (4, 30), (5, 31), (6, 30))]


@pytest.mark.behaviour("subscriptions", "a yearly cycle begins in the wished month", source=SDK)
def test_a_yearly_cycle_begins_in_the_wished_month(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    yearly = price(client, recurring={"interval": "year"})
    quarterly = price(client, recurring={"interval": "month", "interval_count": 3})
    wish: Any = {"day_of_month": 1, "month": 4, **HOURS}

    anchors = [
        _at(subscribe(client, customer, one, billing_cycle_anchor_config=wish).billing_cycle_anchor)
        for one in (yearly, quarterly)
    ]

    assert anchors == [moment(2026, 4, 1, 8), moment(2026, 1, 1, 8)]


@pytest.mark.behaviour("subscriptions", "the configured day is the first after a trial", source=CYCLE)
def test_a_trial_goes_before_the_configured_day(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)

    made = subscribe(
        client, customer, price(client), trial_period_days=20, billing_cycle_anchor_config={"day_of_month": 15, **HOURS}
    )

    assert (made.status, _at(made.billing_cycle_anchor)) == ("trialing", moment(2026, 2, 15, 8))


@pytest.mark.behaviour("subscriptions", "a bad anchor configuration is refused by name", source=SDK)
@pytest.mark.parametrize(
    ("interval", "wish", "named"),
    [
        ("month", {"day_of_month": 32}, "billing_cycle_anchor_config[day_of_month]"),
        ("month", {"day_of_month": 0}, "billing_cycle_anchor_config[day_of_month]"),
        ("month", {"day_of_month": 1, "hour": 24}, "billing_cycle_anchor_config[hour]"),
        ("week", {"day_of_month": 1}, "billing_cycle_anchor_config"),
    ],
)
def test_a_bad_anchor_configuration_is_refused_by_name(
    client: stripe.StripeClient, interval: str, wish: Any, named: str
) -> None:
    customer, _ = payer(client)
    one = price(client, recurring={"interval": interval})

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer, one, billing_cycle_anchor_config=wish)

    assert refused.value.param == named


def test_an_anchor_is_either_a_moment_or_a_configuration(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    both: Any = {"billing_cycle_anchor": int(moment(2026, 1, 5).timestamp())}

    with pytest.raises(stripe.InvalidRequestError, match="both"):
        subscribe(client, customer, price(client), billing_cycle_anchor_config={"day_of_month": 5}, **both)


def test_a_new_cycle_forgets_the_configured_day(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client), billing_cycle_anchor_config={"day_of_month": 16, **HOURS})
    sim.advance(to=moment(2026, 1, 11))

    after = client.v1.subscriptions.update(made.id, {"billing_cycle_anchor": {"type": "now"}})

    sim.advance(to=moment(2026, 2, 12))
    assert (after.billing_cycle_anchor_config, _at(after.billing_cycle_anchor)) == (None, moment(2026, 1, 11))
    assert _at(sim.objects("invoice")[-1]["created"]) == moment(2026, 2, 11)


@settings(max_examples=60, deadline=None)
@given(
    now=st.integers(1_704_067_200, 1_893_456_000),
    day=st.integers(1, 31),
    interval=st.sampled_from(["month", "year"]),
    count=st.sampled_from([1, 2, 3]),
)
def test_every_boundary_lies_on_the_day_or_at_the_end_of_a_month_too_short_for_it(
    now: int, day: int, interval: str, count: int
) -> None:
    config = {"day_of_month": day, "month": None, "hour": 8, "minute": 0, "second": 0}

    anchor = next_anchor(config, interval, count, now)
    base = base_of(config, interval, count, anchor)

    assert now <= anchor < now + 32 * 86_400
    assert next_boundary(base, interval, count, anchor - 1) == anchor
    at = anchor
    for _ in range(5):
        at = next_boundary(base, interval, count, at)
        found = _at(at)
        last = (found + timedelta(days=1)).month != found.month
        assert found.day == day or (last and found.day < day)
        assert (found.year * 12 + found.month - _at(anchor).year * 12 - _at(anchor).month) % (
            MONTHS[interval] * count
        ) == 0
