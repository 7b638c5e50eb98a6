"""Every request we build is one that the pinned API version takes, and the same values give the same bytes."""

from collections.abc import Callable
from json import loads

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from billing_pipeline.domain import requests
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import (
    AccountId,
    ChargeId,
    CustomerId,
    InvoiceId,
    PaymentIntentId,
    PaymentMethodId,
)  # fmt: skip
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.requests import Bill, Customer, Request
from tests.request_types import refuse_unknown

CUS, PM, PI = CustomerId("cus_1"), PaymentMethodId("pm_1"), PaymentIntentId("pi_1")
EUR = Currency("eur")
BILL = Bill(InvoiceId("inv-1"), 1, AccountId("acme"), CUS, "ACME-0001", Money(4900, Currency("usd")), "test")
ACME = Customer(
    AccountId("acme"), "Acme", "a@example.com", "de", "DE123", "reverse", {"country": "DE", "line1": "Weg 1"}
)

BUILT: list[tuple[Callable[[], Request], str, str]] = [
    (lambda: requests.charge(BILL, PM, "card"), "post /v1/payment_intents", "PaymentIntentCreateParams"),
    (lambda: requests.charge_on_page(BILL), "post /v1/payment_intents", "PaymentIntentCreateParams"),
    (lambda: requests.confirm(PI, PM, "card"), "post /v1/payment_intents/pi_1/confirm", "PaymentIntentConfirmParams"),
    (lambda: requests.cancel_intent(PI), "post /v1/payment_intents/pi_1/cancel", "PaymentIntentCancelParams"),
    (lambda: requests.refund(ChargeId("ch_1"), BILL.amount, "r1", "test"), "post /v1/refunds", "RefundCreateParams"),
    (lambda: requests.create_customer(ACME, "test"), "post /v1/customers", "CustomerCreateParams"),
    (lambda: requests.update_customer(CUS, ACME, "test"), "post /v1/customers/cus_1", "CustomerUpdateParams"),
    (lambda: requests.choose_method(CUS, PM), "post /v1/customers/cus_1", "CustomerUpdateParams"),
    (lambda: requests.open_on_page(PI, EUR), "post /v1/payment_intents/pi_1", "PaymentIntentUpdateParams"),
    (
        lambda: requests.set_up_method(ACME.account_id, CUS, EUR, "test"),
        "post /v1/setup_intents",
        "SetupIntentCreateParams",
    ),
    (
        lambda: requests.add_tax_id(CUS, "eu_vat", "DE1"),
        "post /v1/customers/cus_1/tax_ids",
        "CustomerTaxIdCreateParams",
    ),
]


@pytest.mark.parametrize(("build", "method_path", "params_type"), BUILT)
def test_every_request_is_one_that_the_pinned_version_takes(
    build: Callable[[], Request], method_path: str, params_type: str
) -> None:
    request = build()

    assert request.method_path == method_path
    assert refuse_unknown(request, params_type)


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 4900, "currency": "usd", "payment_method_types": ["card"]},
        {"amount": 49.0, "currency": "usd"},
        {"amount": 4900, "currency": "usd", "capture_method": "sometimes"},
        {"amount": 4900},
    ],
)
def test_the_check_itself_refuses_what_stripe_would_refuse(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        refuse_unknown(requests.post("/v1/payment_intents", wrong), "PaymentIntentCreateParams")


def test_an_intent_carries_what_makes_it_ours() -> None:
    asked = loads(requests.charge(BILL, PM, "card").params_json)

    assert asked["metadata"] == {"invoice_id": "inv-1", "account_id": "acme", "seq": "1", "environment": "test"}
    assert (asked["capture_method"], asked["allowed_payment_method_types"]) == ("automatic", ["card"])


def test_a_stored_request_comes_back_byte_for_byte() -> None:
    request = requests.charge(BILL, PM, "card")

    assert requests.thawed(request.method_path, request.params_json) == request


@given(st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=8), max_size=6))
def test_the_order_of_parameters_does_not_change_the_text(params: dict[str, int | str]) -> None:
    turned = dict(reversed(params.items()))

    assert requests.canonical(params) == requests.canonical(turned)
    assert loads(requests.canonical(params)) == params


def test_an_account_without_an_address_leaves_the_address_alone() -> None:
    bare = Customer(AccountId("a"), "A", "a@example.com", "en", "", "none", {})

    assert "address" not in loads(requests.update_customer(CUS, bare, "test").params_json)
