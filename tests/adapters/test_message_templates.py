"""Letters say the right thing in every language, and nothing they should not."""

from dataclasses import replace
from datetime import date
from itertools import product
from pathlib import Path

import pytest

from billing_pipeline.adapters.message_templates import TemplateLetters, shown_amount, shown_total
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken, Codes
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.dunning import Notice, OwedInvoice

TEMPLATES = Path(__file__).parents[2] / "policies" / "templates"
LANGUAGES = ("en", "de", "fr", "ja")
ASKING = ("payment_failed", "escalation", "final_notice", "suspended", "canceled")


def letters() -> TemplateLetters:
    return TemplateLetters(TEMPLATES, lambda invoice: f"https://pay.example/{invoice}")


def notice(
    template: str, language: str, *, codes: Codes | None = None, customer: str = "Müller & Söhne <GmbH>"
) -> Notice:
    lines = tuple(
        OwedInvoice(InvoiceId(f"inv-{n}"), f"ACME-000{n}", Money(minor, Currency("eur")), date(2026, 3, n))
        for n, minor in ((1, 123450), (2, 4900))
    )
    return Notice(template, language, "Example GmbH", customer, lines, codes or Codes(), date(2026, 3, 19))


@pytest.mark.parametrize(("template", "language"), list(product(ASKING, LANGUAGES)))
def test_a_letter_that_asks_for_money_says_how_much_for_what_and_where(template: str, language: str):
    letter = letters().compose(notice(template, language))

    for body in (letter.text, letter.html):
        assert "ACME-0001" in body
        assert "ACME-0002" in body
        assert "https://pay.example/inv-1" in body
        assert "https://pay.example/inv-2" in body
        assert shown_amount(Money(123450, Currency("eur")), language) in body
    assert shown_total([Money(128350, Currency("eur"))], language) in letter.subject + letter.text
    assert letter.subject
    assert "\n" not in letter.subject


@pytest.mark.parametrize(
    ("locale", "amount", "day"),
    [
        ("", "1.234,50", "19. März 2026"),
        ("de-CH", "1\u2019234.50", "19. März 2026"),
        ("de_AT", "1.234,50", "19. März 2026"),
        ("fr-FR", "1.234,50", "19. März 2026"),
        ("nonsense!", "1.234,50", "19. März 2026"),
    ],
)
def test_amounts_and_days_are_written_the_customers_way(locale: str, amount: str, day: str):
    letter = letters().compose(replace(notice("final_notice", "de"), locale=locale))

    assert amount in letter.text
    assert day in letter.text


@pytest.mark.parametrize(("template", "language"), list(product(ASKING, LANGUAGES)))
def test_a_letter_about_one_invoice_has_one_link_that_pays_what_it_names(template: str, language: str):
    both = notice(template, language)

    letter = letters().compose(replace(both, invoices=both.invoices[:1]))

    assert letter.text.count("https://pay.example/inv-1") == letter.html.count("https://pay.example/inv-1") == 1
    assert shown_amount(Money(123450, Currency("eur")), language) in letter.html.partition("https://pay.example")[2]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_thanks_after_payment_ask_for_nothing(language: str):
    letter = letters().compose(notice("reinstated", language))

    assert "https://pay.example" not in letter.text + letter.html


def test_a_customers_name_cannot_write_html():
    letter = letters().compose(notice("payment_failed", "en", customer="<script>alert(1)</script>"))

    assert "<script>" not in letter.html
    assert "<script>alert(1)</script>" in letter.text


@pytest.mark.parametrize("word", ["fraudulent", "lost_card", "stolen_card"])
def test_suspicion_is_not_told_to_the_customer(word: str):
    suspected = letters().compose(notice("payment_failed", "en", codes=Codes(decline=word)))

    assert suspected == letters().compose(notice("payment_failed", "en", codes=Codes(decline="generic_decline")))


def test_what_the_customer_can_mend_is_told():
    expired = letters().compose(notice("payment_failed", "en", codes=Codes(decline="expired_card")))
    unconfirmed = letters().compose(notice("payment_failed", "en", codes=Codes(code="authentication_required")))

    assert "expired" in expired.text
    assert "confirm the payment" in unconfirmed.text


def test_the_last_reminder_names_the_day():
    assert "19 mars 2026" in letters().compose(notice("final_notice", "fr")).text


@pytest.mark.parametrize(
    ("minor", "currency", "language", "shown"),
    [
        (123450, "eur", "de", "1.234,50\xa0€"),
        (123450, "usd", "en", "$1,234.50"),
        (500, "jpy", "ja", "￥500"),
        (12345, "kwd", "en", "KWD12.345"),
        (10000, "isk", "en", "ISK100"),
        (10050, "isk", "en", "ISK100.5"),
    ],
)
def test_amounts_are_written_the_customers_way_with_the_currencys_own_decimals(
    minor: int, currency: str, language: str, shown: str
):
    assert shown_amount(Money(minor, Currency(currency)), language) == shown


def test_two_currencies_are_never_added():
    both = [Money(100, Currency("usd")), Money(100, Currency("eur")), Money(50, Currency("usd"))]

    assert shown_total(both, "en") == "$1.50 + €1.00"


def test_a_template_that_does_not_exist_is_refused():
    with pytest.raises(Broken, match="no template en/threat"):
        letters().compose(notice("threat", "en"))
