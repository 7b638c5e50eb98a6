"""Amounts as people type them, and rows as they read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.commands.amounts import minor_units
from billing_pipeline.commands.listing import print_table
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money


@given(st.integers(-(10**12), 10**12), st.sampled_from(["usd", "jpy", "kwd", "isk"]))
def test_what_is_printed_can_be_typed(minor: int, currency: str) -> None:
    code = Currency(currency)

    assert minor_units(str(Money(minor, code)).split()[0], code) == minor


@pytest.mark.parametrize("written", ["", "abc", "1,50", "NaN", "Infinity", "1.005"])
def test_what_is_no_amount_is_refused(written: str) -> None:
    with pytest.raises(Broken, match="is no amount"):
        minor_units(written, Currency("usd"))


def test_numbers_stand_flush_right_and_words_flush_left(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "amount"), [("a", "1.00"), ("bcdef", "-10.00"), ("g", "")], "nothing")

    assert capsys.readouterr().out == "name   amount\na        1.00\nbcdef  -10.00\ng\n"


def test_without_rows_there_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [], "nothing here")

    assert capsys.readouterr().out == "nothing here\n"
