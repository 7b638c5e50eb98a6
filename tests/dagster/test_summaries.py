"""Metadata that a finance person can read."""

from dataclasses import dataclass, field
from datetime import date

import dagster as dg

from assets.summaries import metadata_of


@dataclass(frozen=True)
class Done:
    invoices: int = 3
    through: date = date(2026, 3, 1)
    refused: dict[str, str] = field(default_factory=lambda: {"s1": "no price in eur"})
    amount_by_currency: dict[str, int] = field(default_factory=lambda: {"usd": 123456789, "jpy": 98000})


def test_money_is_shown_by_currency_with_its_places() -> None:
    shown = metadata_of(Done())["amount by currency"]

    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert "| usd | 1,234,567.89 usd |" in shown.md_str
    assert "| jpy | 98,000 jpy |" in shown.md_str


def test_counts_are_numbers_and_the_row_count_is_a_badge() -> None:
    shown = metadata_of(Done(), row_count=3)

    assert shown["invoices"] == dg.MetadataValue.int(3)
    assert shown["dagster/row_count"] == dg.MetadataValue.int(3)


def test_reasons_are_listed_as_they_are() -> None:
    shown = metadata_of(Done())["refused"]

    assert isinstance(shown, dg.MarkdownMetadataValue)
    assert "| s1 | no price in eur |" in shown.md_str


def test_nothing_is_called_none() -> None:
    assert metadata_of({"refused": {}})["refused"] == dg.MetadataValue.md("none")
