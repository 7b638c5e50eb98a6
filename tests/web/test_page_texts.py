"""What the payment page says, in every language it speaks, and amounts as their readers write them."""

import tomllib
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain.currencies import THREE_DECIMAL, ZERO_DECIMAL, Currency
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.pay_on_page import PageState
from billing_pipeline.web.page_texts import FOLDER, language, sentence, texts, tone, written

LANGUAGES = tomllib.loads((FOLDER / "texts.toml").read_text())


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_a_language_says_everything_that_english_says(lang: str) -> None:
    assert set(LANGUAGES[lang]) == set(LANGUAGES["en"])
    assert all(text.strip() for text in LANGUAGES[lang].values())


@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_no_text_waits_for_something_to_be_filled_in(lang: str) -> None:
    assert [text for text in texts(lang).values() if any(name for _, name, _, _ in Formatter().parse(text))] == []


@pytest.mark.parametrize("state", [state for state in PageState if state is not PageState.READY])
@pytest.mark.parametrize("lang", sorted(LANGUAGES))
def test_every_state_has_words_in_every_language(lang: str, state: PageState) -> None:
    assert sentence(lang, state)
    assert tone(state) in ("good", "bad", "plain")


@pytest.mark.parametrize(
    ("locale", "lang"),
    [("de", "de"), ("de-AT", "de"), ("de_CH", "de"), ("ja_JP", "ja"), ("EN-us", "en"), ("tlh", "en"), ("", "en")],
)
def test_a_locale_is_answered_in_its_language_or_in_english(locale: str, lang: str) -> None:
    assert language(locale) == lang


@pytest.mark.parametrize(
    ("minor", "currency", "locale", "text"),
    [
        (123450, "usd", "en", "$1,234.50"),
        (123450, "eur", "de_DE", "1.234,50\xa0€"),
        (123450, "eur", "fr-FR", "1\u202f234,50\xa0€"),
        (500, "jpy", "ja", "￥500"),
        (5_120, "kwd", "en", "KWD5.120"),
        (-667, "usd", "en", "-$6.67"),
        (5, "usd", "en", "$0.05"),
        (0, "usd", "tlh", "$0.00"),
        (12300, "isk", "en", "ISK123"),
        (12345, "isk", "en", "ISK123.45"),
    ],
)
def test_an_amount_is_written_as_its_readers_write_it(minor: int, currency: str, locale: str, text: str) -> None:
    assert written(Money(minor, Currency(currency)), locale) == text


@given(
    st.integers(min_value=-(10**15), max_value=10**15),
    st.sampled_from(sorted({"usd", "eur", "gbp"} | ZERO_DECIMAL | THREE_DECIMAL)),
)
def test_no_digit_of_an_amount_is_lost(minor: int, currency: str) -> None:
    text = written(Money(minor, Currency(currency)), "en")

    assert int("".join(filter(str.isdigit, text))) == abs(minor)
    assert ("-" in text) == (minor < 0)
