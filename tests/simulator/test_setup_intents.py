"""Setup intents: saving a card without charging it."""

import pytest
import stripe

from stripe_simulator import Simulator
from tests.simulator.stories import charge, payer, told

SETUP = "docs.stripe.com/payments/setupintents/lifecycle"
METHODS = "docs.stripe.com/api/payment_methods/object"
TESTING = "docs.stripe.com/testing"


def _setup(client: stripe.StripeClient, token: str = "", confirm: bool = False) -> stripe.SetupIntent:
    customer = client.v1.customers.create({})
    params: dict[str, object] = {
        "customer": customer.id, "usage": "off_session", "automatic_payment_methods": {"enabled": True},
    }  # fmt: skip
    if token:
        params |= {"payment_method": token, "confirm": confirm}
    if confirm:
        params["return_url"] = "https://example.com/back"
    return client.v1.setup_intents.create(params)  # type: ignore[arg-type]


@pytest.mark.behaviour("setup_intents", "confirming saves the card on the customer", source=SETUP)
def test_a_confirmed_setup_attaches_the_card(sim: Simulator, client: stripe.StripeClient) -> None:
    waiting = _setup(client)

    done = client.v1.setup_intents.confirm(waiting.id, {"payment_method": "pm_card_visa"})

    (card,) = client.v1.payment_methods.list({"customer": str(done.customer)}).data
    assert (waiting.status, done.status, done.payment_method) == ("requires_payment_method", "succeeded", card.id)
    assert told(sim, done.id) == ["setup_intent.created", "setup_intent.succeeded"]


@pytest.mark.behaviour("setup_intents", "a declined card is not saved", source=SETUP)
def test_a_declined_setup_says_why(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as refused:
        _setup(client, "pm_card_chargeDeclinedInsufficientFunds", confirm=True)

    error = refused.value.error
    assert error is not None
    assert error.decline_code == "insufficient_funds"
    assert (error.setup_intent.status, error.setup_intent.payment_method) == ("requires_payment_method", None)


@pytest.mark.behaviour("setup_intents", "a card authenticated at setup pays off session later", source=TESTING)
def test_a_card_authenticated_once_pays_off_session(sim: Simulator, client: stripe.StripeClient) -> None:
    asked = _setup(client, "pm_card_authenticationRequiredOnSetup", confirm=True)
    sim.authenticate(asked.id, passed=True)
    done = client.v1.setup_intents.retrieve(asked.id)

    paid = charge(client, str(done.customer), str(done.payment_method))

    assert (asked.status, done.status, paid.status) == ("requires_action", "succeeded", "succeeded")


@pytest.mark.behaviour("setup_intents", "a failed challenge leaves no card", source=SETUP)
def test_a_failed_challenge_leaves_no_card(sim: Simulator, client: stripe.StripeClient) -> None:
    asked = _setup(client, "pm_card_authenticationRequired", confirm=True)

    sim.authenticate(asked.id, passed=False)

    after = client.v1.setup_intents.retrieve(asked.id)
    assert after.status == "requires_payment_method"
    assert after.last_setup_error.code == "setup_intent_authentication_failure"  # type: ignore[union-attr]
    assert client.v1.payment_methods.list({"customer": str(after.customer)}).data == []


@pytest.mark.behaviour("setup_intents", "a finished one takes nothing more", source=SETUP)
def test_a_finished_setup_can_neither_be_confirmed_nor_canceled(client: stripe.StripeClient) -> None:
    done = _setup(client, "pm_card_visa", confirm=True)

    for move in (client.v1.setup_intents.confirm, client.v1.setup_intents.cancel):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            move(done.id)
        assert refused.value.code == "setup_intent_unexpected_state"


@pytest.mark.behaviour("payment_methods", "the same number has one fingerprint", source=METHODS)
def test_one_typed_card_has_one_fingerprint(client: stripe.StripeClient) -> None:
    card = {"number": "4242 4242 4242 4242", "exp_month": 4, "exp_year": 2031, "cvc": "123"}

    first, again = (
        client.v1.payment_methods.create({"type": "card", "card": card})  # type: ignore[typeddict-item]
        for _ in range(2)
    )

    assert first.card.fingerprint == again.card.fingerprint  # type: ignore[union-attr]
    assert (first.card.exp_month, first.card.last4) == (4, "4242")  # type: ignore[union-attr]


@pytest.mark.behaviour("payment_methods", "a card of another customer is refused", source=METHODS)
def test_a_card_of_another_customer_is_refused(client: stripe.StripeClient) -> None:
    _, method = payer(client)
    other = client.v1.customers.create({})

    with pytest.raises(stripe.InvalidRequestError):
        charge(client, other.id, method)
