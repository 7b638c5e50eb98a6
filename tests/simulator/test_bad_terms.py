"""Subscriptions that cannot be made: each refusal names what is wrong, and leaves nothing behind."""

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
        {"billing_cycle_anchor_config": {"day_of_month": 1}},
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
