"""What Stripe's objects say about a person, and the objects without it: one rule for the lake and for erasing an account."""

from collections.abc import Mapping
from typing import Any, Final

from billing_pipeline.flows.ports import Json

PERSONAL: Final = frozenset(
    {
        "address", "billing_details", "business_name", "customer_address", "customer_email", "customer_name",
        "customer_phone", "customer_shipping", "customer_tax_ids", "email", "individual_name", "name",
        "payment_method_details", "phone", "receipt_email", "receipt_url", "hosted_invoice_url", "invoice_pdf",
        "client_secret", "shipping", "evidence", "tax_id", "verification",
        "card", "us_bank_account", "sepa_debit", "bacs_debit", "acss_debit", "au_becs_debit",
    }
)  # fmt: skip
"""Fields that name a person or tell a person's card or bank account from another."""


def without_persons(raw: Json) -> dict[str, Any]:
    """The object without the fields that name a person; objects inside it are cut to what is left of them."""
    named = PERSONAL | {"value"} if raw.get("object") == "tax_id" else PERSONAL
    return {name: without_persons_in(part) for name, part in raw.items() if name not in named}


def without_persons_in(part: Any) -> Any:
    """The part of an object without persons: objects and lists of them are cut, the rest stays."""
    if isinstance(part, Mapping):
        return without_persons(part)
    return [without_persons_in(one) for one in part] if isinstance(part, list) else part
