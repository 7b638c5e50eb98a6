"""Metadata that a finance person can read."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import dagster as dg

from assets.charts import MONTHS_SHOWN, bars_by_month
from assets.dunning import line_of
from assets.summaries import certificate_table, metadata_of
from billing_pipeline.domain.dunning import planned_steps
from billing_pipeline.domain.dunning_cases import Held
from billing_pipeline.flows.ports.inbox import Certificate
from tests.domain.dunning_cases import POLICY, day, declined


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


def test_a_line_of_the_plan_says_who_owes_what_and_what_happens_or_why_not() -> None:
    late = planned_steps(declined("lost_card"), POLICY, day(2))[-1]
    held = replace(late, held=Held.PROMISED, detail="promise, by ann: a|b")

    shown = [line_of(late), line_of(held)]

    assert shown[0] == "| inv-1 | acme | 49.00 usd | reminder | mail on 2026-03-05 |  |"
    assert shown[1].endswith("| held: promised | promise, by ann: a/b |")


def test_certificates_say_up_to_when_with_count_sums_and_digest_or_plainly_that_there_is_none() -> None:
    upto = datetime(2026, 3, 1, 7, 5, tzinfo=UTC)
    refund = Certificate("refund", "s1", upto, 3, {"usd": 123456, "jpy": 500}, "ab" * 32, 2, True)
    payout = Certificate("payout", "s1", upto, 0, {}, "cd" * 32, 0, False, "the list broke off | half way")

    lines = certificate_table([refund, payout]).splitlines()[2:]

    assert lines == [
        "| refund | 2026-03-01 07:05 UTC | 3 | 500 jpy, 1,234.56 usd | abababababab | 2 |",
        "| payout | **NOT ISSUED**: the list broke off   half way | 0 |  | cdcdcdcdcdcd | 0 |",
    ]
    assert "no sweep has run" in certificate_table([])


def test_the_same_month_of_two_years_has_a_bar_for_each() -> None:
    this, last = (date(2027, 1, 1), 200), (date(2026, 1, 1), 100)

    one, both = (bars_by_month("MRR", {"usd": points}).md_str for points in ([this], [last, this]))

    assert one != both


def test_the_chart_shows_the_last_months_and_not_all_that_ever_were() -> None:
    months = [(date(2020 + n // 12, n % 12 + 1, 1), n) for n in range(40)]

    some, all_ = (bars_by_month("MRR", {"usd": points}).md_str for points in (months[-MONTHS_SHOWN:], months))

    assert some == all_
