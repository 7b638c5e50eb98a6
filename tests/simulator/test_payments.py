"""Payment intents with cards: the state machine, declines, authentication, capture."""

from datetime import UTC, datetime

import pytest
import stripe

from stripe_simulator import Simulator
from stripe_simulator.cards import CARDS, DECLINES
from tests.simulator.stories import CARD_ONLY, charge, payer, told

LIFECYCLE = "docs.stripe.com/payments/paymentintents/lifecycle"
ASYNC = "docs.stripe.com/payments/payment-intents/asynchronous-capture"
TESTING = "docs.stripe.com/testing"


@pytest.mark.behaviour("payment_intents", "create and confirm in one call takes the money", source=LIFECYCLE)
def test_a_payment_created_and_confirmed_in_one_call_succeeds(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)

    intent = charge(client, customer, method, expand=["latest_charge"], metadata={"invoice_id": "inv_1"}, **CARD_ONLY)

    paid = intent.latest_charge
    assert isinstance(paid, stripe.Charge)
    assert (intent.status, intent.amount_received, intent.payment_method_types) == ("succeeded", 4900, ["card"])
    assert (paid.status, paid.paid, paid.captured, paid.metadata["invoice_id"]) == ("succeeded", True, True, "inv_1")
    assert told(sim, intent.id) == ["payment_intent.created", "payment_intent.succeeded"]


@pytest.mark.behaviour("payment_intents", "the balance transaction comes later, with charge.updated", source=ASYNC)
def test_the_balance_transaction_appears_seconds_after_an_asynchronous_capture(
    sim: Simulator, client: stripe.StripeClient
) -> None:
    customer, method = payer(client)
    intent = charge(client, customer, method, expand=["latest_charge"])
    before = intent.latest_charge

    sim.advance(seconds=10)
    after = client.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge.balance_transaction"]})

    assert isinstance(before, stripe.Charge)
    assert before.balance_transaction is None
    assert after.latest_charge.balance_transaction.fee == 172  # type: ignore[union-attr]
    assert told(sim, before.id) == ["charge.succeeded", "charge.updated"]


@pytest.mark.behaviour("payment_intents", "capture_method automatic books at once", source=ASYNC)
def test_a_synchronous_capture_has_its_balance_transaction_in_the_reply(client: stripe.StripeClient) -> None:
    customer, method = payer(client)

    intent = charge(client, customer, method, capture_method="automatic", expand=["latest_charge.balance_transaction"])

    booked = intent.latest_charge.balance_transaction  # type: ignore[union-attr]
    assert (booked.amount, booked.fee, booked.net, booked.reporting_category) == (4900, 172, 4728, "charge")  # type: ignore[union-attr]


@pytest.mark.behaviour("payment_intents", "a yen payment costs 3.6 %", source="stripe.com/jp/pricing")
def test_a_yen_payment_has_no_fixed_fee(client: stripe.StripeClient) -> None:
    customer, method = payer(client)

    intent = charge(
        client, customer, method, 10_000, currency="jpy", capture_method="automatic",
        expand=["latest_charge.balance_transaction"],
    )  # fmt: skip

    assert intent.latest_charge.balance_transaction.fee == 360  # type: ignore[union-attr]


@pytest.mark.behaviour("balance_transactions", "2.9 % + 30, half a cent rounds up", source="stripe.com/pricing")
@pytest.mark.parametrize(
    ("amount", "fee"), [(50, 31), (1_050, 60), (1_060, 61), (10_000, 320), (99_999_999, 2_900_030)]
)
def test_the_fee_is_rounded_to_the_cent(client: stripe.StripeClient, amount: int, fee: int) -> None:
    customer, method = payer(client)

    charge(client, customer, method, amount, capture_method="automatic")

    (booked,) = client.v1.balance_transactions.list({"type": "charge"}).data
    assert (booked.fee, booked.net, booked.fee_details[0].amount) == (fee, amount - fee, fee)


@pytest.mark.behaviour("payment_intents", "every decline code of the table", source="docs.stripe.com/declines/codes")
@pytest.mark.parametrize("code", [c for c in DECLINES if c != "authentication_required"])
def test_a_declined_card_says_why_and_leaves_the_intent_open(client: stripe.StripeClient, code: str) -> None:
    customer, method = payer(client, f"pm_sim_{code}")

    with pytest.raises(stripe.CardError) as refused:
        charge(client, customer, method)

    error = refused.value.error
    assert error is not None
    intent = error.payment_intent
    assert (refused.value.http_status, error.code, error.decline_code) == (402, DECLINES[code].code, code)
    assert error.advice_code == DECLINES[code].advice
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert intent.latest_charge == error.charge
    assert intent.last_payment_error.decline_code == code


@pytest.mark.behaviour("payment_methods", "cards that decline cannot be saved, 0341 can", source=TESTING)
@pytest.mark.parametrize("token", [t for t, card in CARDS.items() if not card.attaches])
def test_a_card_that_declines_cannot_be_attached(client: stripe.StripeClient, token: str) -> None:
    customer = client.v1.customers.create({})

    with pytest.raises(stripe.CardError) as refused:
        client.v1.payment_methods.attach(token, {"customer": customer.id})

    assert refused.value.error is not None
    assert refused.value.error.decline_code == CARDS[token].decline
    assert client.v1.payment_methods.list({"customer": customer.id}).data == []


@pytest.mark.behaviour("payment_intents", "a retry confirms the same intent", source=LIFECYCLE)
def test_one_intent_is_confirmed_again_with_another_card(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, bad = payer(client, "pm_card_chargeCustomerFail")
    good = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer})
    with pytest.raises(stripe.CardError) as refused:
        charge(client, customer, bad)
    name = refused.value.error.payment_intent.id  # type: ignore[union-attr]

    intent = client.v1.payment_intents.confirm(name, {"payment_method": good.id, "off_session": True})

    assert (intent.status, intent.last_payment_error) == ("succeeded", None)
    assert told(sim, name) == ["payment_intent.created", "payment_intent.payment_failed", "payment_intent.succeeded"]
    assert [c.status for c in client.v1.charges.list({"payment_intent": name}).data] == ["succeeded", "failed"]


@pytest.mark.behaviour("payment_intents", "at most one successful charge", source="SDK 16.1 _payment_intent.py")
def test_a_paid_intent_cannot_be_confirmed_again(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    intent = charge(client, customer, method)

    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.confirm(intent.id, {"payment_method": method, "off_session": True})

    assert refused.value.code == "payment_intent_unexpected_state"
    assert len(client.v1.charges.list({"payment_intent": intent.id}).data) == 1


@pytest.mark.behaviour("payment_intents", "authentication off session is a decline", source=TESTING)
def test_a_card_that_wants_its_holder_declines_off_session(client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_authenticationRequired")

    with pytest.raises(stripe.CardError) as refused:
        charge(client, customer, method)

    error = refused.value.error
    assert error is not None
    assert (error.decline_code, error.payment_intent.status) == ("authentication_required", "requires_payment_method")


@pytest.mark.behaviour("payment_intents", "on session the customer is asked", source=TESTING)
@pytest.mark.parametrize(("passed", "status"), [(True, "succeeded"), (False, "requires_payment_method")])
def test_on_session_the_customer_decides(
    sim: Simulator, client: stripe.StripeClient, passed: bool, status: str
) -> None:
    customer, method = payer(client, "pm_card_authenticationRequired")
    asked = charge(client, customer, method, off_session=False, return_url="https://example.com/back")

    sim.authenticate(asked.id, passed)
    after = client.v1.payment_intents.retrieve(asked.id)

    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")  # type: ignore[union-attr]
    assert (after.status, after.next_action) == (status, None)


@pytest.mark.behaviour("payment_intents", "manual capture takes part and releases the rest", source=LIFECYCLE)
def test_a_held_amount_is_captured_in_part(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    held = charge(client, customer, method, 10_000, capture_method="manual")

    taken = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 7_000})

    assert (held.status, held.amount_capturable, held.amount_received) == ("requires_capture", 10_000, 0)
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 7_000, 0)


@pytest.mark.behaviour("payment_intents", "an authorization ends after seven days", source=LIFECYCLE)
def test_an_uncaptured_authorization_expires(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    held = charge(client, customer, method, capture_method="manual")

    sim.advance(seconds=8 * 86_400)

    after = client.v1.payment_intents.retrieve(held.id)
    assert (after.status, after.cancellation_reason) == ("canceled", "automatic")


@pytest.mark.behaviour("payment_intents", "cancel until the money moved", source="SDK 16.1 _payment_intent.py")
def test_an_open_intent_is_canceled_and_a_paid_one_is_not(client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    waiting = client.v1.payment_intents.create({"amount": 500, "currency": "usd", "customer": customer})
    paid = charge(client, customer, method)

    canceled = client.v1.payment_intents.cancel(waiting.id, {"cancellation_reason": "abandoned"})
    with pytest.raises(stripe.InvalidRequestError) as refused:
        client.v1.payment_intents.cancel(paid.id)

    assert (canceled.status, canceled.cancellation_reason) == ("canceled", "abandoned")
    assert refused.value.code == "payment_intent_unexpected_state"


@pytest.mark.behaviour("payment_intents", "update clears the last error", source="SDK 16.1 _payment_intent.py")
def test_an_update_clears_the_last_error(client: stripe.StripeClient) -> None:
    customer, method = payer(client, "pm_card_chargeCustomerFail")
    with pytest.raises(stripe.CardError) as refused:
        charge(client, customer, method)
    name = refused.value.error.payment_intent.id  # type: ignore[union-attr]

    updated = client.v1.payment_intents.update(name, {"metadata": {"attempt": "2"}, "amount": 5_000})

    assert (updated.last_payment_error, updated.amount, updated.metadata["attempt"]) == (None, 5_000, "2")


@pytest.mark.behaviour("simulator", "a card can change its mind: sim_decline_* metadata", source="simulator only")
def test_a_card_stops_declining_when_told(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    client.v1.payment_methods.update(
        method, {"metadata": {"sim_decline_code": "insufficient_funds", "sim_decline_times": "2"}}
    )
    outcomes = []

    for _ in range(3):
        try:
            outcomes.append(charge(client, customer, method).status)
        except stripe.CardError as error:
            outcomes.append(error.error.decline_code)  # type: ignore[union-attr]

    assert outcomes == ["insufficient_funds", "insufficient_funds", "succeeded"]


@pytest.mark.behaviour(
    "simulator", "a declining card pays within given spans: sim_pays_within", source="simulator only"
)
def test_a_card_that_declines_pays_within_its_spans(sim: Simulator, client: stripe.StripeClient) -> None:
    customer, method = payer(client)
    spans = {"sim_pays_within": "20260103T06/20260103T18,20260110/20260111", "sim_pays_within_2": "20260120/20260121"}
    client.v1.payment_methods.update(method, {"metadata": {"sim_decline_code": "insufficient_funds", **spans}})
    outcomes = []

    for day, hour in ((2, 12), (3, 6), (3, 18), (10, 0), (11, 0), (20, 23)):
        sim.advance(to=datetime(2026, 1, day, hour, tzinfo=UTC))
        try:
            outcomes.append(charge(client, customer, method).status)
        except stripe.CardError as error:
            outcomes.append(error.error.decline_code)  # type: ignore[union-attr]

    assert [one == "succeeded" for one in outcomes] == [False, True, False, True, False, True]
    assert set(outcomes) == {"succeeded", "insufficient_funds"}
