"""Parameters, compiled from the SDK's types: what the strings of a form become, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_simulator.declared import declaration
from stripe_simulator.wire import Refused, decode_form
from tests.simulator.wishes import encoded

INTENT = "amount=1&currency=usd"
ASKED = {"amount": 1, "currency": "usd"}


@pytest.mark.parametrize(
    ("type_name", "form", "value"),
    [
        ("PaymentIntentCreateParams", f"{INTENT}&confirm=true", {**ASKED, "confirm": True}),
        ("PaymentIntentCreateParams", f"{INTENT}&off_session=true", {**ASKED, "off_session": True}),
        ("PaymentIntentCreateParams", f"{INTENT}&off_session=recurring", {**ASKED, "off_session": "recurring"}),
        ("SubscriptionUpdateParams", "trial_end=now", {"trial_end": "now"}),
        ("SubscriptionUpdateParams", "trial_end=1767225600", {"trial_end": 1_767_225_600}),
        ("SubscriptionUpdateParams", "pause_collection=", {"pause_collection": ""}),
        ("SubscriptionUpdateParams", "pause_collection[behavior]=void", {"pause_collection": {"behavior": "void"}}),
        ("SubscriptionUpdateParams", "items[1][id]=b&items[0][id]=a", {"items": [{"id": "a"}, {"id": "b"}]}),
        ("CustomerUpdateParams", "metadata[a]=1&metadata[b]=", {"metadata": {"a": "1", "b": ""}}),
        ("CustomerUpdateParams", "metadata=", {"metadata": ""}),
        ("EventListParams", "created[gte]=5&types[]=a&types[]=b", {"created": {"gte": 5}, "types": ["a", "b"]}),
        ("EventListParams", "created=5", {"created": 5}),
        ("InvoiceItemCreateParams", "unit_amount_decimal=0.5", {"unit_amount_decimal": Decimal("0.5")}),
        ("PriceCreateParams", "currency=usd&tiers[0][up_to]=inf", {"currency": "usd", "tiers": [{"up_to": "inf"}]}),
        ("CouponCreateParams", "percent_off=19.5", {"percent_off": 19.5}),
    ],
)
def test_strings_become_typed_values(type_name: str, form: str, value: Any) -> None:
    assert declaration(type_name)(decode_form(form), "") == value


@pytest.mark.parametrize(
    ("type_name", "form", "code", "param"),
    [
        ("PaymentIntentCreateParams", "amount=5.5&currency=usd", "parameter_invalid_integer", "amount"),
        ("PaymentIntentCreateParams", "amount=1e3&currency=usd", "parameter_invalid_integer", "amount"),
        ("PaymentIntentCreateParams", "amount=%D9%A1&currency=usd", "parameter_invalid_integer", "amount"),
        ("PaymentIntentCreateParams", "currency=usd", "parameter_missing", "amount"),
        ("PaymentIntentCreateParams", "amount=1&currency=usd&confirm=yes", None, "confirm"),
        ("PaymentIntentCreateParams", "amount=1&currency=usd&capture_method=later", None, "capture_method"),
        (
            "PaymentIntentCreateParams",
            "amount=1&currency=usd&payment_method=",
            "parameter_invalid_empty",
            "payment_method",
        ),
        ("SubscriptionUpdateParams", "items=x", None, "items"),
        ("SubscriptionUpdateParams", "items[a][price]=x", None, "items"),
        ("SubscriptionUpdateParams", "items[0][colour]=x", "parameter_unknown", "items[0][colour]"),
        ("SubscriptionUpdateParams", "pause_collection[behavior]=sleep", None, "pause_collection[behavior]"),
        ("PriceCreateParams", "currency=usd&unit_amount_decimal=NaN", None, "unit_amount_decimal"),
        ("PriceCreateParams", "currency=usd&unit_amount_decimal=1e99", None, "unit_amount_decimal"),
        ("CustomerCreateParams", "description=%00", None, "description"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(type_name: str, form: str, code: str | None, param: str) -> None:
    with pytest.raises(Refused) as refused:
        declaration(type_name)(decode_form(form), "")

    assert (refused.value.status, refused.value.code, refused.value.param) == (400, code, param)


@pytest.mark.parametrize("form", ["a=1&a[b]=2", "a[b]=1&a=2", "a[b][c][d][e][f][g][h][i]=1", "x" * 1_000_001, "a=%ff"])
def test_a_form_nobody_can_read_is_refused(form: str) -> None:
    with pytest.raises(Refused) as refused:
        decode_form(form)

    assert refused.value.status in (400, 413)


keys = st.text("abcdefg_", min_size=1, max_size=6)
trees = st.recursive(
    st.text(max_size=12), lambda inner: st.dictionaries(keys, inner, min_size=1, max_size=3), max_leaves=8
)


@given(tree=st.dictionaries(keys, trees, min_size=1, max_size=4))
def test_a_form_that_was_encoded_is_read_back(tree: dict[str, Any]) -> None:
    def depth(one: Any) -> int:
        return 1 + max(map(depth, one.values())) if isinstance(one, dict) else 0

    if depth(tree) <= 8:
        assert decode_form(encoded(tree)) == tree
