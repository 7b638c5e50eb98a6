"""Which customer an account is, and which of its cards is charged."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.customers import TAX_EXEMPT, address_of, adoptable, charged_method
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.remedies import REMEDIES, remedy
from billing_pipeline.domain.stripe_objects import PaymentMethod
from tests.fakes import START

ACME = AccountId("acme")
CARD = PaymentMethod("pm_1", "cus_1", "card", "visa", "4242", "fp", "US", 12, 2030, START)


def known(name: str, account: str = "", **values: Any) -> dict[str, Any]:
    return {"id": name, "metadata": {"account_id": account} if account else {}, **values}


@pytest.mark.parametrize(
    ("found", "taken", "adopted"),
    [
        ([], False, None),
        ([known("cus_1", "acme")], True, "cus_1"),
        ([known("cus_1", "other")], False, None),
        ([known("cus_1")], False, "cus_1"),
        ([known("cus_1")], True, None),
        ([known("cus_1"), known("cus_2")], False, None),
        ([known("cus_1"), known("cus_2", "acme")], False, "cus_2"),
        ([known("cus_2", "acme"), known("cus_1", "acme")], False, "cus_1"),
        ([known("cus_1", "acme", deleted=True)], False, None),
        ([{"id": "cus_1"}], False, "cus_1"),
    ],
)
def test_a_customer_is_adopted_only_when_there_is_no_doubt(
    found: list[dict[str, Any]], taken: bool, adopted: str | None
) -> None:
    assert adoptable(found, ACME, taken) == adopted


@given(st.lists(st.tuples(st.sampled_from(["", "acme", "other"]), st.booleans()), max_size=6), st.booleans())
def test_no_customer_of_another_account_is_ever_adopted(marks: list[tuple[str, bool]], taken: bool) -> None:
    found = [known(f"cus_{n}", account, deleted=deleted) for n, (account, deleted) in enumerate(marks)]

    adopted = adoptable(found, ACME, taken)

    chosen = [one for one in found if one["id"] == adopted]
    assert all(one["metadata"].get("account_id", "acme") == "acme" and not one["deleted"] for one in chosen)


def test_the_chosen_card_is_charged_and_without_a_choice_the_newest() -> None:
    newer = replace(CARD, id="pm_2", created=START + timedelta(days=1))

    assert charged_method([CARD, newer], "pm_1") == "pm_1"
    assert charged_method([CARD, newer], "pm_gone") == "pm_2"
    assert charged_method([CARD, newer], "") == "pm_2"
    assert charged_method([], "pm_1") == ""


def test_an_address_has_stripes_fields_only_and_at_least_the_country() -> None:
    assert address_of({"line1": "Weg 1", "planet": "earth"}, "DE") == {"line1": "Weg 1", "country": "DE"}
    assert address_of({"country": "AT"}, "DE") == {"country": "AT"}
    assert address_of({}, "") == {}


def test_every_tax_status_has_stripes_word() -> None:
    assert sorted(TAX_EXEMPT) == ["exempt", "reverse_charge", "taxable"]
    assert sorted(TAX_EXEMPT.values()) == ["exempt", "none", "reverse"]


@pytest.mark.parametrize("code", sorted(REMEDIES))
def test_a_known_refusal_has_one_line_of_advice(code: str) -> None:
    advice = remedy(Codes(code=code, message="Stripe's own words"))

    assert advice == REMEDIES[code]
    assert "\n" not in advice


def test_an_unknown_refusal_keeps_stripes_own_words() -> None:
    assert remedy(Codes(code="a_code_of_next_year", message="Your toaster is full.")) == "Your toaster is full."
    assert remedy(Codes()) == "read Stripe's log of the request"
