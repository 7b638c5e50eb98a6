"""What a person can do about a request that Stripe refused, by Stripe's own code."""

from typing import Final

from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.retry_rules import BUDGET_SPENT, NO_PAYMENT_METHOD

REMEDIES: Final = {
    "amount_too_small": "the amount is below Stripe's minimum: carry it over to the next invoice or write it off",
    "amount_too_large": "the amount is above Stripe's maximum: split the invoice or collect it by wire",
    "authentication": "Stripe refuses the key: check STRIPE_SECRET_KEY",
    "permission_denied": "the restricted key lacks a permission that the message names: add it in the dashboard",
    "charge_already_refunded": "nothing is left to refund on this charge",
    "charge_disputed": "the charge is disputed: answer the dispute instead of refunding",
    "invalid_currency": "Stripe does not know the currency: correct the account's currency",
    "parameter_invalid_integer": "the amount is no whole multiple that Stripe accepts for this currency",
    "payment_intent_unexpected_state": "the intent moved on meanwhile: its state was read and follows by the inbox",
    "payment_method_unexpected_state": "the payment method was detached: send the customer the payment link",
    "payment_method_not_available": "the payment method is switched off in the dashboard, or try again later",
    "tax_id_invalid": "Stripe does not take the tax id: correct it on the account, or leave it to the invoice's text",
    "resource_missing": "the customer or payment method no longer exists in Stripe: send the customer the payment link, "
    "after `billing-pipeline collect new-customer` where the customer was deleted",
    NO_PAYMENT_METHOD: "no payment method: send the customer the payment link",
    BUDGET_SPENT: "the card's tries are used up: wait, or send the customer the payment link",
}


BY_PARAMETER: Final = {
    "currency": REMEDIES["invalid_currency"],
    "amount": REMEDIES["parameter_invalid_integer"],
}
"""Where Stripe gives no code but says which parameter it will not take."""


def remedy(codes: Codes) -> str:
    """One line of advice; Stripe's own words where we know no better."""
    return (
        REMEDIES.get(codes.code) or BY_PARAMETER.get(codes.param) or codes.message or "read Stripe's log of the request"
    )
