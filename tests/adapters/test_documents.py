"""Invoices and credit notes on paper: everything that must stand there, in HTML and PDF."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.documents.html import to_html
from billing_pipeline.adapters.documents.paper import Paper, pen_for
from billing_pipeline.adapters.documents.pdf import to_pdf
from billing_pipeline.adapters.documents.reading import read_credit_note, read_invoice
from billing_pipeline.adapters.documents.words import LANGUAGES
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.tables.billing import invoice_lines
from billing_pipeline.adapters.tables.catalog import tax_rates
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.issue_credit_note import Wish, issue_credit_note
from tests.fakes import FakeClock
from tests.seeds import START, add, insert_account, insert_invoice

LINK = "https://pay.example.com/i/1?sig=x"


def invoice(db: Database, account: dict[str, Any] | None = None, **values: Any) -> Paper:
    """An invoice over two lines with tax, discount, credits and a previous balance."""
    seller_and_buyer = {
        "name": "Muster & Söhne <AG>", "country": "FR", "tax_id": "FR123", "address": {"line1": "Rue 1", "city": "Paris"},
    }  # fmt: skip
    insert_account(db, **(seller_and_buyer | (account or {})))
    add(db, tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=72_500, inclusive=False)
    row: dict[str, Any] = {
        "subtotal_minor": 10000, "discount_minor": 1000, "tax_minor": 652, "total_minor": 9652, "credits_minor": 500,
        "previous_balance_minor": 35, "due_minor": 9187, "number": "ACME-0042", "currency": "eur",
        "period_end": datetime(2026, 2, 1, tzinfo=UTC),
    }  # fmt: skip
    insert_invoice(db, **(row | values))
    for line_no, (words, amount, tax) in enumerate([("Team", 6000, 391), ("Übergrößen", 4000, 261)], start=1):
        add(
            db, invoice_lines, invoice_id="inv-1", line_no=line_no, kind="item", description=words, quantity=1200,
            amount_minor=amount, tax_minor=tax, tax_rate_id="vat", period_start=START,
            period_end=datetime(2026, 2, 1, tzinfo=UTC),
        )  # fmt: skip
    return read_invoice(db, "ACME-0042", LINK)


def sums(paper: Paper) -> dict[str, str]:
    return {row.label: row.amount for row in paper.sums}


def test_everything_the_law_and_the_customer_want_is_on_it(db: Database) -> None:
    paper = invoice(db)

    assert (paper.title, paper.number) == ("Invoice", "ACME-0042")
    assert (paper.seller.name, paper.seller.lines) == (
        "Example GmbH", ("Hauptstr. 1", "Berlin", "Germany", "Tax ID DE123"),
    )  # fmt: skip
    assert paper.buyer.lines == ("Rue 1", "Paris", "France", "Tax ID FR123")
    assert dict(paper.facts)["Issued"] == "Jan 1, 2026"
    assert [(line.description, line.quantity, line.amount) for line in paper.lines] == [
        ("Team", "1,200", "€60.00"), ("Übergrößen", "1,200", "€40.00"),
    ]  # fmt: skip
    assert sums(paper) == {
        "Subtotal": "€100.00", "Discount": "-€10.00", "VAT 7.25 %": "€6.52", "Total": "€96.52",
        "Previous balance": "€0.35", "Credits applied": "-€5.00", "Amount due": "€91.87",
    }  # fmt: skip
    assert paper.notes == ("We charge your stored payment method; you need not do anything.",)


def test_it_speaks_the_customers_language(db: Database) -> None:
    paper = invoice(db, {"locale": "de-DE"}, collection_method="net_terms")

    assert paper.title == "Rechnung"
    assert sums(paper)["Zu zahlen"] == "91,87\xa0€"
    assert paper.notes == ("Bitte zahlen Sie bis 1. Jan. 2026 unter Angabe von ACME-0042.",)
    assert paper.seller.lines[2] == "Deutschland"


def test_every_language_has_every_word() -> None:
    assert {frozenset(words) for words in LANGUAGES.values()} == {frozenset(LANGUAGES["en"])}


@pytest.mark.parametrize("status", ["reverse_charge", "exempt"])
def test_an_invoice_without_tax_says_why(db: Database, status: str) -> None:
    paper = invoice(db, {"tax_status": status})

    assert paper.notes[0] == LANGUAGES["en"][status]


@pytest.mark.parametrize(
    ("state", "values", "stamp"),
    [
        ("paid", {"paid_at": START, "paid_minor": 9187}, "Paid. Thank you."),
        ("void", {"voided_at": START}, "Void"),
        ("written_off", {"written_off_at": START}, "Closed"),
    ],
)
def test_what_is_not_owed_any_more_shows_no_link_to_pay(
    db: Database, state: str, values: dict[str, Any], stamp: str
) -> None:
    paper = invoice(db, state=state, **values)

    assert (paper.stamp, paper.pay_link, sums(paper)["Amount due"]) == (stamp, "", "€0.00")


def test_html_is_one_file_without_scripts_and_with_names_as_text(db: Database) -> None:
    html = to_html(invoice(db))

    assert "Muster &amp; Söhne &lt;AG&gt;" in html
    assert f'href="{LINK}"' in html
    assert "<script" not in html
    assert not re.search(r"(src|@import|url\()", html)


def test_pdf_is_the_same_for_the_same_invoice_and_holds_its_text_and_link(db: Database) -> None:
    paper = invoice(db)

    first, second = to_pdf(paper), to_pdf(paper)

    assert first == second
    assert first.startswith(b"%PDF-")
    assert LINK.encode() in first
    assert b"ACME-0042" in first or "ACME-0042".encode("utf-16-be") in first


def test_a_japanese_invoice_is_written_in_japanese_and_has_every_letter_on_paper(
    db: Database, caplog: pytest.LogCaptureFixture
) -> None:
    account = {
        "name": "東京商事株式会社",
        "locale": "ja-JP",
        "country": "JP",
        "address": {"line1": "丸の内1-1", "city": "北京"},
    }
    paper = invoice(db, account, currency="jpy")

    pdf = to_pdf(paper)

    assert (paper.title, dict(paper.facts)["発行日"], sums(paper)["ご請求額"]) == ("請求書", "2026年1月1日", "￥9,187")
    assert b"IPAexGothic" in pdf
    assert "missing" not in caplog.text


def plain(written: str) -> str:
    """The text with a hyphen for each dash of its language, and no thin spaces."""
    return written.replace("\u2009", "").replace("\u2013", "-").replace("\uff5e", "-")


@pytest.mark.parametrize(
    ("locale", "first", "second"),
    [
        ("en", "Apr 26-May 25, 2026", "May 26-Jun 25, 2026"),
        ("de", "26. Apr.-25. Mai 2026", "26. Mai-25. Juni 2026"),
        ("fr", "26 avr.-25 mai 2026", "26 mai-25 juin 2026"),
        ("ja", "2026年4月26日-5月25日", "2026年5月26日-6月25日"),
    ],
)
def test_two_periods_that_meet_at_noon_share_no_day_in_any_language(locale: str, first: str, second: str) -> None:
    pen = pen_for(locale, Currency("usd"), "UTC")
    april, may, june = (datetime(2026, month, 26, 12, 30, tzinfo=UTC) for month in (4, 5, 6))

    assert (plain(pen.period(april, may)), plain(pen.period(may, june))) == (first, second)


@pytest.mark.parametrize(
    ("hours", "zone", "shown"),
    [
        (3, "UTC", "Apr 26, 2026"),
        (14, "UTC", "Apr 26, 2026"),  # past midnight, still less than a day
        (0, "UTC", "Apr 26, 2026"),
        (12 + 24, "UTC", "Apr 26-27, 2026"),  # to midnight of the 28th
    ],
)
def test_a_period_shorter_than_a_day_shows_one_day(hours: int, zone: str, shown: str) -> None:
    noon = datetime(2026, 4, 26, 12, tzinfo=UTC)

    assert plain(pen_for("en", Currency("usd"), zone).period(noon, noon + timedelta(hours=hours))) == shown


def test_line_and_service_period_end_on_the_last_day_of_service_on_paper(db: Database) -> None:
    noons = {"period_start": datetime(2026, 4, 26, 12, tzinfo=UTC), "period_end": datetime(2026, 5, 26, 12, tzinfo=UTC)}
    invoice(db, **noons)
    with db.transaction() as connection:
        connection.execute(
            text("update invoice_lines set period_start = :period_start, period_end = :period_end"), noons
        )

    paper = read_invoice(db, "ACME-0042", LINK)

    shown = "Apr 26-May 25, 2026"
    assert [plain(dict(paper.facts)["Service period"]), *(plain(line.period) for line in paper.lines)] == [shown] * 3
    assert plain(to_html(paper)).count(shown) == 3


def test_a_latin_invoice_carries_no_japanese_font(db: Database) -> None:
    assert b"IPAex" not in to_pdf(invoice(db, {"name": "Łódź Żółw Ñandú Ελλάς Київ"}))


def test_a_language_without_words_of_ours_is_english_throughout(db: Database) -> None:
    paper = invoice(db, {"locale": "ko-KR", "country": "KR"})

    assert (paper.title, dict(paper.facts)["Issued"], paper.buyer.lines[-2]) == (
        "Invoice",
        "Jan 1, 2026",
        "South Korea",
    )


def test_many_lines_go_over_several_pages(db: Database) -> None:
    paper = invoice(db)
    with db.transaction() as connection:
        connection.execute(
            text("""insert into invoice_lines (invoice_id, line_no, kind, description, amount_minor)
            select 'inv-1', n, 'item', 'Line ' || n, 1 from generate_series(3, 120) as n""")
        )

    long = to_pdf(read_invoice(db, "inv-1"))

    assert (pages(to_pdf(paper)), pages(long)) == (1, 5)


def pages(pdf: bytes) -> int:
    return len(re.findall(rb"/Type /Page\b(?!s)", pdf))


def test_a_credit_note_names_its_invoice_and_its_reason(db: Database) -> None:
    invoice(db)
    issue_credit_note(DocumentStore(db), FakeClock(), Wish(InvoiceId("inv-1"), "Outage of 3 January", "ann", 1000, "k"))

    paper = read_credit_note(db, "ACME-CN-0001")

    assert (paper.title, dict(paper.facts)["For invoice"]) == ("Credit note", "ACME-0042, Jan 1, 2026")
    assert (paper.lines[0].description, sums(paper)["Total credit"]) == ("Outage of 3 January", "€10.00")
    assert to_pdf(paper).startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("currency", "minor", "written"),
    [("usd", 123456, "$1,234.56"), ("jpy", 500, "¥500"), ("kwd", 1500, "KWD1.500"), ("isk", 50000, "ISK500"),
     ("isk", 12350, "ISK123.5"), ("isk", -45, "-ISK0.45")],
)  # fmt: skip
def test_amounts_are_written_as_their_currency_wants(currency: str, minor: int, written: str) -> None:
    assert pen_for("en", Currency(currency), "UTC").money(minor) == written


def test_a_locale_that_nobody_knows_is_english() -> None:
    assert pen_for("xx-YY", Currency("usd"), "UTC").money(100) == "$1.00"


def test_a_document_that_is_not_there_is_named(db: Database) -> None:
    with pytest.raises(Broken, match="no invoice 'x'"):
        read_invoice(db, "x")
    with pytest.raises(Broken, match="no credit note 'x'"):
        read_credit_note(db, "x")
