"""Idempotency keys: replayed for 24 hours, refused with other parameters, forgotten after that."""

import pytest
import stripe

from stripe_simulator import Fault, Simulator
from tests.simulator.stories import charge, payer

KEYS = "docs.stripe.com/api/idempotent_requests"


def _paid(sim: Simulator) -> int:
    return sum(intent["status"] == "succeeded" for intent in sim.objects("payment_intent"))


@pytest.mark.behaviour("idempotency", "the same request again gives the same reply", source=KEYS)
def test_a_resent_payment_charges_once_and_says_it_was_replayed(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)

    first, again = (charge(client, customer, method, key="pay:1") for _ in range(2))

    assert (first.id == again.id, _paid(sim)) == (True, 1)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"  # type: ignore[union-attr]
    assert "Idempotent-Replayed" not in first.last_response.headers  # type: ignore[union-attr]


@pytest.mark.behaviour("idempotency", "a decline is replayed too", source=KEYS)
def test_a_stored_decline_is_replayed_even_when_the_card_would_pay_now(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, method = payer(client)
    notes = {"sim_decline_code": "insufficient_funds", "sim_decline_times": "1"}
    client.v1.payment_methods.update(method, {"metadata": notes})
    with pytest.raises(stripe.CardError):
        charge(client, customer, method, key="pay:1")

    with pytest.raises(stripe.CardError) as replayed:
        charge(client, customer, method, key="pay:1")

    assert replayed.value.headers["Idempotent-Replayed"] == "true"
    assert charge(client, customer, method, key="pay:2").status == "succeeded"
    assert _paid(sim) == 1


@pytest.mark.behaviour("idempotency", "a stored 500 is replayed although the charge exists", source=KEYS)
def test_a_500_after_the_effect_is_replayed_and_the_charge_exists(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="error_after", method="post", path="/v1/payment_intents"))

    for _ in range(2):
        with pytest.raises(stripe.APIError):
            charge(client, customer, method, key="pay:1")

    assert _paid(sim) == 1


@pytest.mark.behaviour("idempotency", "other parameters are refused", source=KEYS)
def test_a_key_cannot_be_used_with_other_parameters(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, key="pay:1")

    with pytest.raises(stripe.IdempotencyError) as refused:
        charge(client, customer, method, 5_000, key="pay:1")

    assert refused.value.http_status == 400


@pytest.mark.behaviour("idempotency", "validation failures are not stored", source=KEYS)
def test_a_refused_request_can_be_sent_again_with_its_key(client: stripe.StripeClient) -> None:
    options: stripe.RequestOptions = {"idempotency_key": "cus:1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.customers.create({"payment_method": "pm_nobody"}, options)

    made = client.v1.customers.create({"email": "ada@example.com"}, options)

    assert made.email == "ada@example.com"


@pytest.mark.behaviour("idempotency", "keys are pruned after 24 hours and then execute again", source=KEYS)
def test_a_key_older_than_a_day_charges_again(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    charge(client, customer, method, key="pay:1")

    sim.advance(seconds=86_399)
    charge(client, customer, method, key="pay:1")
    kept = _paid(sim)
    sim.advance(seconds=1)
    charge(client, customer, method, key="pay:1")

    assert (kept, _paid(sim)) == (1, 2)


@pytest.mark.behaviour("idempotency", "409 while the first request runs", source="SDK 16.1 error codes")
def test_a_key_in_use_is_an_api_error_with_status_409(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    sim.faults.add(Fault(kind="key_in_use", path="/v1/payment_intents"))

    with pytest.raises(stripe.APIError) as refused:
        charge(client, customer, method, key="pay:1")

    assert refused.value.error is not None
    assert (refused.value.http_status, refused.value.error.code) == (409, "idempotency_key_in_use")
    assert charge(client, customer, method, key="pay:1").status == "succeeded"
