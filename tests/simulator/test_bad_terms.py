"""Subscriptions that cannot be made: each refusal names what is wrong, and leaves nothing behind."""

from decimal import Decimal
from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import payer
from tests.simulator.test_subscriptions import price, subscribe


@pytest.mark.behaviour("subscriptions", "what the simulator cannot do is refused, not ignored", source="simulator only")
@pytest.mark.parametrize(
    "params",
    [
        {"billing_thresholds": {"amount_gte": 5_000}},
        {"add_invoice_items": [{"price": "price_x"}]},
        {"application_fee_percent": 5.0},
    ],
)
def test_a_parameter_that_would_move_money_is_not_swallowed(client: stripe.StripeClient, params: Any) -> None:
    customer, _ = payer(client)

    with pytest.raises(stripe.InvalidRequestError, match="does not simulate"):
        subscribe(client, customer, price(client), **params)


@pytest.mark.behaviour(
    "subscriptions", "bad terms are refused by name", source="docs.stripe.com/api/subscriptions/create"
)
@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"items": []}, "items"),
        ({"trial_end": 5}, "trial_end"),
        ({"trial_period_days": 900}, "trial_end"),
        ({"trial_period_days": 5, "trial_end": 1_769_000_000}, "trial_period_days"),
        ({"collection_method": "send_invoice"}, "days_until_due"),
        ({"default_payment_method": "pm_nobody"}, "default_payment_method"),
        ({"cancel_at": 5}, "cancel_at"),
        ({"backdate_start_date": -99_999_999_999}, "backdate_start_date"),
    ],
)
def test_bad_terms_are_refused_by_name(sim: Simulator, client: stripe.StripeClient, params: Any, named: str) -> None:
    customer, _ = payer(client)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        subscribe(client, customer, price(client), **params)

    assert refused.value.param == named
    assert sim.objects("subscription") == []


def test_a_customer_without_a_card_is_told_so(sim: Simulator, client: stripe.StripeClient) -> None:
    customer = client.v1.customers.create({}).id

    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        subscribe(client, customer, price(client))

    assert sim.objects("subscription") == sim.objects("invoice") == []


def test_a_running_subscription_gets_no_trial_beyond_two_years(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    made = subscribe(client, customer, price(client))

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.subscriptions.update(made.id, {"trial_end": 99_999_999_999})

    assert refused.value.param == "trial_end"


@pytest.mark.behaviour("prices", "an interval is at most three years", source="docs.stripe.com/api/prices/create")
@pytest.mark.parametrize(
    ("interval", "count"), [("day", 1_096), ("week", 157), ("month", 37), ("year", 4), ("year", 0)]
)
def test_an_interval_is_at_most_three_years(client: stripe.StripeClient, interval: Any, count: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        price(client, recurring={"interval": interval, "interval_count": count})

    assert refused.value.param == "recurring[interval_count]"


@pytest.mark.parametrize(
    "wish", [{"sim_decline_times": "²"}, {"sim_decline_times": "-1"}, {"sim_decline_until": "soon"}]
)
def test_a_wish_that_cannot_be_read_is_refused_when_it_is_made(client: stripe.StripeClient, wish: Any) -> None:
    _, method = payer(client)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_methods.update(method, {"metadata": wish})

    assert refused.value.param == f"metadata[{next(iter(wish))}]"


@pytest.mark.parametrize("value", ["²", "-1", "1.5", "9" * 16, ""])
def test_a_meter_counts_whole_numbers(client: stripe.StripeClient, value: str) -> None:
    customer, _ = payer(client)
    meter: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    client.v1.billing.meters.create(meter)
    payload = {"stripe_customer_id": customer, "value": value}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.billing.meter_events.create({"event_name": "calls", "payload": payload})

    assert refused.value.param == "payload"


@pytest.mark.parametrize("frozen", [-5, 4_200_000_000, 999_999_999_999])
def test_a_test_clock_stands_in_this_century(client: stripe.StripeClient, frozen: int) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.test_helpers.test_clocks.create({"frozen_time": frozen})

    assert refused.value.param == "frozen_time"


def test_a_price_has_at_most_twelve_decimals(client: stripe.StripeClient) -> None:
    product = client.v1.products.create({"name": "Pro"}).id

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.prices.create({"product": product, "currency": "usd", "unit_amount_decimal": Decimal("1e-13")})

    assert refused.value.param == "unit_amount_decimal"


def test_a_renewal_is_billed_however_much_was_used(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    meter: Any = {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    counted = client.v1.billing.meters.create(meter)
    metered: Any = {"interval": "month", "usage_type": "metered", "meter": counted.id}
    subscribe(client, customer, price(client, recurring=metered))
    payload = {"stripe_customer_id": customer, "value": "9" * 15}
    client.v1.billing.meter_events.create({"event_name": "calls", "payload": payload})

    sim.advance(seconds=32 * 86_400)

    assert sim.objects("invoice")[-1]["total"] == 4_900 * 999_999_999_999_999


def test_a_preview_on_a_moment_must_name_it(client: stripe.StripeClient) -> None:
    customer, _ = payer(client)
    details: Any = {"items": [{"price": price(client)}], "billing_cycle_anchor": {"type": "timestamp"}}

    with pytest.raises(stripe.InvalidRequestError, match="timestamp"):
        client.v1.invoices.create_preview({"customer": customer, "subscription_details": details})
