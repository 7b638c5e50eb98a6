"""Words of divergences as people read them: amounts in major units, and nothing else changed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.sides import KNOWN, readable


@pytest.mark.parametrize(
    ("stored", "read"),
    [
        ("succeeded 78509 usd", "succeeded 785.09 usd"),
        ("booked -5 usd", "booked -0.05 usd"),
        ("500 jpy on 2026-03-01", "500 jpy on 2026-03-01"),
        ("78509 usd on 2026-03-01", "785.09 usd on 2026-03-01"),
        ("paid 4900 kwd to arrive 2026-03-01", "paid 4.900 kwd to arrive 2026-03-01"),
        ("written_off 4900 eur, not in the journal", "written_off 49.00 eur, not in the journal"),
        ("its 12 transactions sum to 4900", "its 12 transactions sum to 49.00 usd"),
        ("4900 booked as goodwill", "49.00 usd booked as goodwill"),
        ("4900 of credits stay unused", "49.00 usd of credits stay unused"),
    ],
)
def test_amounts_are_read_in_major_units(stored: str, read: str) -> None:
    assert readable(stored, "usd") == read


@pytest.mark.parametrize(
    "words",
    [
        "", "paid, not in the journal", "2 payments", "charge since 2026-03-01 12:00:00+00", "deleted", "account 4900",
        "active usd item_1=2 usd", "active subscription price_4900 usd", "lost, 2 movements not in the journal",
        "no balance transaction", "3 all", "4900 xyz", "4 usdx", "account a 4900 usd",
        "17 entries that no object of Stripe's explains",
    ],
)  # fmt: skip
def test_nothing_else_is_rewritten(words: str) -> None:
    assert readable(words, "usd") == words


def test_an_amount_without_any_currency_stays_as_it_is() -> None:
    assert readable("its 2 transactions sum to 4900", None) == "its 2 transactions sum to 4900"


@given(st.integers(-(10**12), 10**12), st.sampled_from(sorted(KNOWN)), st.sampled_from(["", "paid ", "booked "]))
def test_what_is_read_tells_the_same_amount(minor: int, code: str, before: str) -> None:
    assert readable(f"{before}{minor} {code}") == f"{before}{Money(minor, Currency(code))}"
