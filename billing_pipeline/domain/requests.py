"""Every request that the collection side sends to Stripe, built from plain values and frozen as canonical text.

Pure: the same values give the same bytes, so a resend under the same idempotency key is the same request.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, ChargeId, CustomerId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money

TEXT_LENGTH_MAX: Final = 500  # Stripe's limit for a metadata value
WITH_FEE: Final = ["latest_charge.balance_transaction"]  # one reply then tells the charge and its fee

BANK_DEBIT_OF: Final = {Currency("usd"): ("us_bank_account",), Currency("eur"): ("sepa_debit",)}
"""ACH moves dollars only, SEPA euros only."""


@dataclass(frozen=True, slots=True)
class Request:
    """A call that changes something in Stripe, frozen with its attempt row and resent byte for byte.

    path: such as '/v1/payment_intents/pi_1/confirm'. params_json: the parameters as canonical JSON text.
    """

    method: Literal["post", "delete"]
    path: str
    params_json: str

    @property
    def method_path(self) -> str:
        """Both in one text, such as 'post /v1/payment_intents'."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Bill:
    """What is to be collected, and whose it is. number: as printed on the invoice."""

    invoice_id: InvoiceId
    seq: int
    account_id: AccountId
    customer_id: CustomerId
    number: str
    amount: Money
    environment: str


@dataclass(frozen=True, slots=True)
class Customer:
    """An account as Stripe should know it. tax_exempt: none, exempt or reverse. address: Stripe's own field names."""

    account_id: AccountId
    name: str
    email: str
    locale: str
    tax_id: str
    tax_exempt: str
    address: Mapping[str, str]


def canonical(params: Mapping[str, Any]) -> str:
    """The one text of these parameters: sorted keys, no spaces."""
    return json.dumps(params, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def post(path: str, params: Mapping[str, Any]) -> Request:
    """A POST with these parameters."""
    return Request("post", path, canonical(params))


def thawed(method_path: str, params_json: str) -> Request:
    """The request as it was stored with its attempt."""
    method, _, path = method_path.partition(" ")
    return Request("delete" if method == "delete" else "post", path, params_json)


def charge(bill: Bill, method: PaymentMethodId, method_type: str) -> Request:
    """Create and confirm one PaymentIntent off-session, in one call. Captured at once: the reply then has the fee."""
    return post(
        "/v1/payment_intents",
        _intent(bill)
        | {
            "payment_method": method,
            "allowed_payment_method_types": [method_type],
            "confirm": True,
            "off_session": True,
        },
    )


def confirm(intent: PaymentIntentId, method: PaymentMethodId, method_type: str) -> Request:
    """Try the same intent again: one intent takes at most one successful charge, however often it is tried."""
    return post(
        f"/v1/payment_intents/{intent}/confirm",
        {
            "payment_method": method,
            "allowed_payment_method_types": [method_type],
            "off_session": True,
            "expand": WITH_FEE,
        },
    )


def ways_to_pay(currency: Currency) -> list[str]:
    """What a customer is offered for that currency; Stripe leaves out what the account has not switched on."""
    return ["card", *BANK_DEBIT_OF.get(currency, ())]


def charge_on_page(bill: Bill) -> Request:
    """Create an intent that the customer confirms on the payment page, with whatever way to pay is kept then."""
    return post("/v1/payment_intents", _intent(bill) | _on_page(bill.amount.currency))


def open_on_page(intent: PaymentIntentId, currency: Currency) -> Request:
    """Let the customer choose how to pay an intent that the engine made, and keep that for the invoices to come."""
    return post(f"/v1/payment_intents/{intent}", _on_page(currency) | {"expand": WITH_FEE})


def cancel_intent(intent: PaymentIntentId) -> Request:
    """Give up an intent, so that nobody can pay it any more."""
    return post(f"/v1/payment_intents/{intent}/cancel", {"cancellation_reason": "abandoned"})


def refund(charge_id: ChargeId, amount: Money, refund_request_id: str, environment: str) -> Request:
    """Give money back, to the card or account it came from."""
    return post(
        "/v1/refunds",
        {
            "charge": charge_id,
            "amount": amount.minor,
            "metadata": {"refund_request_id": refund_request_id, "environment": environment},
        },
    )


def create_customer(customer: Customer, environment: str) -> Request:
    """A customer for the account, which carries our id so that it can be found again."""
    return post("/v1/customers", _customer(customer, environment))


def update_customer(customer_id: CustomerId, customer: Customer, environment: str) -> Request:
    """The customer brought in step with the account."""
    return post(f"/v1/customers/{customer_id}", _customer(customer, environment))


def add_tax_id(customer_id: CustomerId, kind: str, value: str) -> Request:
    """A tax id for the customer's invoices. A request of its own: Stripe refuses a number of another form."""
    return post(f"/v1/customers/{customer_id}/tax_ids", {"type": kind, "value": value})


def remove_tax_id(customer_id: CustomerId, tax_id: str) -> Request:
    """A tax id that the account has no more."""
    return Request("delete", f"/v1/customers/{customer_id}/tax_ids/{tax_id}", canonical({}))


def choose_method(customer_id: CustomerId, method: PaymentMethodId) -> Request:
    """The method that is charged from now on."""
    return post(f"/v1/customers/{customer_id}", {"invoice_settings": {"default_payment_method": method}})


def set_up_method(account: AccountId, customer_id: CustomerId, currency: Currency, environment: str) -> Request:
    """A SetupIntent: the customer enters a card or bank account, to be charged later without being there."""
    return post(
        "/v1/setup_intents",
        {
            "customer": customer_id,
            "allowed_payment_method_types": ways_to_pay(currency),
            "metadata": {"account_id": account, "environment": environment},
        },  # usage is left out: Stripe's default is off_session
    )


def _on_page(currency: Currency) -> dict[str, Any]:
    return {"allowed_payment_method_types": ways_to_pay(currency), "setup_future_usage": "off_session"}


def _intent(bill: Bill) -> dict[str, Any]:
    """What every intent of ours carries. An intent belongs to us if and only if its metadata names an invoice."""
    return {
        "amount": bill.amount.minor,
        "currency": bill.amount.currency,
        "customer": bill.customer_id,
        "capture_method": "automatic",
        "description": f"Invoice {bill.number}",
        "metadata": {
            "invoice_id": bill.invoice_id,
            "account_id": bill.account_id,
            "seq": str(bill.seq),
            "environment": bill.environment,
        },
        "expand": WITH_FEE,
    }


def _customer(customer: Customer, environment: str) -> dict[str, Any]:
    wanted = {
        "name": customer.name,
        "email": customer.email,
        "preferred_locales": [customer.locale],
        "tax_exempt": customer.tax_exempt,
        "metadata": {
            "account_id": customer.account_id,
            "environment": environment,
            "tax_id": customer.tax_id[:TEXT_LENGTH_MAX],
        },
    }
    return wanted | ({"address": dict(customer.address)} if customer.address else {})
