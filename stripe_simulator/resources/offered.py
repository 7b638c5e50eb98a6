"""Which payment method types an intent takes: Stripe's dynamic choice, filtered by the caller."""

from typing import Final

from stripe_simulator.routes import Call
from stripe_simulator.wire import Json, invalid

BANK_OF_CURRENCY: Final = {"usd": "us_bank_account", "eur": "sepa_debit"}


def types_for(currency: str, allowed: list[str] | None, excluded: list[str] | None) -> list[str]:
    """The payment method types an intent takes: Stripe's dynamic choice, filtered by the caller."""
    dynamic = [t for t in ("card", BANK_OF_CURRENCY.get(currency)) if t]
    kept = [t for t in dynamic if (allowed is None or t in allowed) and t not in (excluded or [])]
    if not kept:
        raise invalid("No valid payment method types for this intent.", "allowed_payment_method_types")
    return kept


def chosen_types(row: Json, call: Call) -> Json:
    """What the intent takes after a call that chooses anew; nothing where it does not."""
    if "allowed_payment_method_types" not in call.params and "excluded_payment_method_types" not in call.params:
        return {}
    allowed = call.get("allowed_payment_method_types", row["allowed_payment_method_types"])
    excluded = call.get("excluded_payment_method_types", row["excluded_payment_method_types"]) or None
    return {
        "allowed_payment_method_types": allowed,
        "excluded_payment_method_types": excluded,
        "payment_method_types": types_for(row["currency"], allowed, excluded),
    }
