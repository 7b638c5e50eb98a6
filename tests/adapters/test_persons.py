"""What Stripe says about a person is left out of the lake, wherever in the object it stands."""

from datetime import UTC, datetime

import pytest

from billing_pipeline.adapters.stripe_columns import table_of
from billing_pipeline.flows.ports import Json

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CARD = {"brand": "visa", "last4": "4711", "fingerprint": "fp_secret"}


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("customers", {"metadata": {"account_id": "acme", "tax_id": "GB777"}}),
        ("customers", {"tax_ids": {"data": [{"object": "tax_id", "value": "GB777", "verification": {"verified_name": "Ada"}}]}}),
        ("invoices", {"customer_tax_ids": [{"type": "gb_vat", "value": "GB777"}]}),
        ("payment_intents", {"last_payment_error": {"payment_method": {"id": "pm_1", "card": CARD}}}),
        ("invoices", {"payments": {"data": [{"payment": {"charge": {"billing_details": {"name": "Ada"}}}}]}}),
    ],
)  # fmt: skip
def test_nothing_of_a_person_is_left_in_the_object_as_it_came(table: str, said: Json) -> None:
    (raw,) = table_of([{"id": "x", **said}], table, NOW)["raw"].to_pylist()

    assert [word for word in ("GB777", "Ada", "4711", "fp_secret") if word in str(said)] != []
    assert [word for word in ("GB777", "Ada", "4711", "fp_secret") if word in raw] == []
