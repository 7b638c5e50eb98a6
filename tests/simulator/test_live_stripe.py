"""The same stories on the simulator and, when a sandbox key is set, on Stripe itself."""

import os
import uuid
from typing import Any

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.spec import complaints
from tests.simulator.stories import CARD_ONLY, charge, payer

KEY = os.environ.get("STRIPE_SECRET_KEY", "")
LIVE = pytest.mark.skipif(not KEY.startswith("sk_test_"), reason="STRIPE_SECRET_KEY holds no sk_test_ key")
BOTH = ["simulator", pytest.param("stripe", marks=[pytest.mark.live_stripe, LIVE])]


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest) -> stripe.StripeClient:
    """A client of the simulator, then of Stripe."""
    return Simulator().client(check_types=False) if request.param == "simulator" else stripe.StripeClient(KEY)


def _key() -> str:
    return f"scenario:{uuid.uuid4()}"


def test_a_payment_and_its_resend(either: stripe.StripeClient) -> None:
    customer, method = payer(either)
    key = _key()

    first, again = (charge(either, customer, method, key=key, expand=["latest_charge"], **CARD_ONLY) for _ in range(2))

    assert (first.status, first.id) == ("succeeded", again.id)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"  # type: ignore[union-attr]
    assert first.latest_charge.outcome.network_status == "approved_by_network"  # type: ignore[union-attr]


def test_a_declined_payment_holds_its_intent(either: stripe.StripeClient) -> None:
    customer, method = payer(either, "pm_card_chargeCustomerFail")

    with pytest.raises(stripe.CardError) as refused:
        charge(either, customer, method, key=_key())

    error = refused.value.error
    assert error is not None
    assert (error.code, error.payment_intent.status) == ("card_declined", "requires_payment_method")
    assert error.payment_intent.payment_method is None


def test_authentication_off_session_is_a_decline(either: stripe.StripeClient) -> None:
    customer, method = payer(either, "pm_card_authenticationRequired")

    with pytest.raises(stripe.CardError) as refused:
        charge(either, customer, method, key=_key())

    assert refused.value.code in ("authentication_required", "card_declined")
    assert refused.value.error.payment_intent.status == "requires_payment_method"  # type: ignore[union-attr]


def test_a_removed_parameter_is_refused(either: stripe.StripeClient) -> None:
    params: Any = {"amount": 500, "currency": "usd", "payment_method_types": ["card"]}

    with pytest.raises(stripe.InvalidRequestError) as refused:
        either.v1.payment_intents.create(params)

    assert refused.value.code == "payment_method_types_no_longer_supported"


def test_a_mirror_subscription_owes_nothing_before_its_anchor(either: stripe.StripeClient) -> None:
    customer, _ = payer(either)
    product = either.v1.products.create({"name": "Scenario"})
    price: Any = {"product": product.id, "currency": "usd", "unit_amount": 900, "recurring": {"interval": "month"}}
    made_price = either.v1.prices.create(price)
    now = either.v1.customers.retrieve(customer).created

    made = either.v1.subscriptions.create(
        {
            "customer": customer, "items": [{"price": made_price.id, "quantity": 1}],
            "billing_cycle_anchor": now + 20 * 86_400, "proration_behavior": "none",
        }
    )  # fmt: skip
    held = either.v1.subscriptions.update(made.id, {"pause_collection": {"behavior": "void"}})
    charges = either.v1.payment_intents.list({"customer": customer}).data
    either.v1.subscriptions.cancel(made.id, {"prorate": False, "invoice_now": False})

    assert (made.status, held.pause_collection.behavior, charges) == ("active", "void", [])  # type: ignore[union-attr]
    assert either.v1.subscriptions.retrieve(made.id).status == "canceled"


def test_lists_are_newest_first_and_judged(either: stripe.StripeClient) -> None:
    customer, method = payer(either)
    names = [charge(either, customer, method, key=_key()).id for _ in range(3)]

    page = either.raw_request("get", "/v1/payment_intents", customer=customer, limit=2)

    listed = page.data
    assert [i["id"] for i in listed["data"]] == names[:0:-1]
    assert listed["has_more"] is True
    assert [c for c in complaints(listed) if "is not in the specification" not in c] == []


def test_deleting_a_customer_leaves_a_tombstone(either: stripe.StripeClient) -> None:
    customer, _ = payer(either)

    either.v1.customers.delete(customer)

    assert either.v1.customers.retrieve(customer).deleted is True
