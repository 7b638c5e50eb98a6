"""The tables that analysts ask most, on small books whose numbers can be worked out by hand."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path, PosixPath
from typing import Any, ClassVar

import openpyxl
import pytest

from billing_pipeline.adapters.close_report import (
    SHEETS,
    chart,
    every_day,
    in_words,
    rows_of,
    summed,
    workbook,
    write_report,
)
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog
from billing_pipeline.adapters.warehouse import FileWarehouse, read_published
from billing_pipeline.adapters.warehouse import published as published_file
from tests.clusters import Cluster
from tests.reconciliation.published import published
from tests.seeds import add, insert_invoice, insert_subscription
from tests.two_books import TwoBooks, agreed

MONTHS = [datetime(2026, month, 1, tzinfo=UTC) for month in (1, 2, 3, 4)]


def billed(db: Database, name: str, subscription: str, account: str, month: int, minor: int, **invoice: Any) -> None:
    """An invoice of one month of a subscription, with one line and 20 % tax on top."""
    start, end = MONTHS[month], MONTHS[month + 1]
    insert_invoice(
        db, name, account, subscription_id=subscription, issued_at=start, total_minor=minor * 6 // 5, tax_minor=minor // 5,
        subtotal_minor=minor, period_start=start, period_end=end, **invoice,
    )  # fmt: skip
    add(
        db, billing.invoice_lines, invoice_id=name, line_no=1, kind="item", description="plan", amount_minor=minor,
        tax_minor=minor // 5, tax_rate_id="vat", period_start=start, period_end=end,
    )  # fmt: skip


@pytest.fixture(scope="module")
def path(cluster: Cluster, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A published warehouse: one account that grows, one that leaves and returns, on top of the agreeing books."""
    with published(cluster, template, tmp_path_factory.mktemp("home"), fill) as made:
        yield made


def fill(books: TwoBooks) -> None:
    db = books.db
    add(db, catalog.tax_rates, tax_rate_id="vat", name="VAT", jurisdiction="DE", rate_ppm=200_000)
    for account in ("grow", "back"):
        books.customer(account)
        insert_subscription(db, f"s-{account}", account)
    for month, minor in enumerate((1000, 1000, 3000)):
        billed(db, f"inv-g{month}", "s-grow", "grow", month, minor, state="overdue" if month == 0 else "pending")
    billed(db, "inv-b0", "s-back", "back", 0, 500)
    billed(db, "inv-b2", "s-back", "back", 2, 500)


def ask(path: Path, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in read_published(path, query)]


def test_revenue_moves_as_new_expansion_churn_and_reactivation(path: Path) -> None:
    rows = ask(path, "select month, movement, accounts, change_minor from marts.mrr_movements order by month, movement")

    assert rows == [
        (date(2026, 1, 1), "new", 2, 1500),
        (date(2026, 2, 1), "churn", 1, -500),
        (date(2026, 3, 1), "expansion", 1, 2000),
        (date(2026, 3, 1), "reactivation", 1, 500),
    ]


def test_a_year_is_twelve_months_of_recurring_revenue(path: Path) -> None:
    rows = ask(path, "select mrr_minor, arr_minor, paying_accounts, churned_mrr_minor from marts.arr order by month")

    assert rows == [(1500, 18_000, 2, 0), (1000, 12_000, 1, 500), (3500, 42_000, 2, 0)]


def test_movements_sum_to_the_recurring_revenue(path: Path) -> None:
    (moved,), (last,) = (
        ask(path, "select sum(change_minor) from marts.mrr_movements"),
        ask(path, "select mrr_minor from marts.arr order by month desc limit 1"),
    )

    assert moved == last


def test_a_cohort_shrinks_and_grows(path: Path) -> None:
    rows = ask(path, "select age_months, accounts_at_start, accounts from marts.cohorts order by month")

    assert rows == [(0, 2, 2), (1, 2, 1), (2, 2, 2)]


def test_what_is_owed_is_sorted_by_age(path: Path) -> None:
    rows = ask(
        path,
        "select invoice_id, bucket, open_minor from marts.ar_ageing where account_id in ('grow', 'back') order by 1",
    )

    assert rows == [
        ("inv-b0", "61 to 90", 600), ("inv-b2", "1 to 30", 600), ("inv-g0", "61 to 90", 1200),
        ("inv-g1", "31 to 60", 1200), ("inv-g2", "1 to 30", 3600),
    ]  # fmt: skip


def test_tax_is_told_by_jurisdiction_and_rate(path: Path) -> None:
    rows = ask(
        path, "select month, net_minor, tax_minor, invoices from marts.tax where jurisdiction = 'DE' order by month"
    )

    assert rows == [
        (date(2026, 1, 1), 1500, 300, 2),
        (date(2026, 2, 1), 1000, 200, 1),
        (date(2026, 3, 1), 3500, 700, 2),
    ]


def test_the_waterfall_earns_every_line_to_the_cent(path: Path) -> None:
    (earned,), (billed_net,) = (
        ask(path, "select sum(earned_minor) from marts.deferred_revenue_waterfall"),
        ask(path, "select sum(amount_minor - discount_minor) from ledger.invoice_lines"),
    )

    assert earned == billed_net


def test_the_day_at_stripe_is_told_in_the_words_of_dbt_stripe(path: Path) -> None:
    rows = ask(
        path,
        "select total_daily_sales_amount_minor, total_daily_refunds_amount_minor, daily_sales_count "
        "from marts.daily_overview order by date limit 2",
    )

    assert rows == [(14800, 0, 2), (1200, -900, 1)]


def test_every_movement_knows_its_invoice_and_its_payout(path: Path) -> None:
    rows = ask(
        path,
        "select balance_transaction_id, invoice_id, payout_id from marts.balance_transactions "
        "where balance_transaction_id in ('txn_a', 'txn_re_b') order by 1",
    )

    assert rows == [("txn_a", "inv-a", "po_1"), ("txn_re_b", "inv-b", None)]


def test_the_trial_balance_sums_to_zero(path: Path) -> None:
    rows = ask(path, "select currency, sum(closing_minor) from marts.trial_balance group by currency, month")

    assert {total for _, total in rows} == {0}


def test_fees_and_disputes_are_told(path: Path) -> None:
    fees = ask(path, "select sales_minor, payment_fees_minor, dispute_fees_minor from marts.fees")
    disputes = ask(path, "select dispute_amount_minor, withdrawn_minor, account_id from marts.disputes")

    assert fees == [(16000, 516, 1500)]
    assert disputes == [(1200, 1200, "zeta")]


def test_the_report_has_charts_for_people_and_sheets_for_finance(path: Path, tmp_path: Path) -> None:
    page, book = write_report(path, date(2026, 3, 1), tmp_path / "out")

    sheets = openpyxl.load_workbook(book)
    assert page.read_text().count("data:image/png;base64,") == 3
    assert {"Proof of close", "Trial balance", "Fees"} <= set(sheets.sheetnames)
    assert (sheets["Fees"]["B2"].value, sheets["Fees"]["B2"].number_format) == (160, "#,##0.00")
    assert '<td class="n">160.00 usd</td>' in page.read_text()


def test_the_daily_chart_has_every_day_of_the_month_also_those_without_cash() -> None:
    rows = [
        {"date": date(2026, 2, day), "currency": code, "collected_minor": minor}
        for day, code, minor in ((3, "usd", 500), (17, "usd", 700), (17, "usd", 1), (9, "eur", 80))
    ]

    padded = every_day(date(2026, 2, 1), rows)

    for code, days in (("usd", {"2026-02-03": 500, "2026-02-17": 701}), ("eur", {"2026-02-09": 80})):
        sums = summed([row for row in padded if row["currency"] == code], "date", "collected_minor")
        assert list(sums) == [f"2026-02-{day:02d}" for day in range(1, 29)]
        assert {day: minor for day, minor in sums.items() if minor} == days
    assert every_day(date(2026, 2, 1), []) == []


def test_the_report_draws_that_chart(path: Path, tmp_path: Path) -> None:
    month, (cash,) = date(2026, 3, 1), (sheet for sheet in SHEETS if sheet.statement == "cash")
    with published_file(path) as connection:
        rows = rows_of(connection, cash, month)
    whole, gaps = (
        chart("Cash collected by day", some, "date", "collected_minor") for some in (every_day(month, rows), rows)
    )

    page, _ = write_report(path, month, tmp_path / "out")

    assert whole is not None
    assert gaps is not None
    assert (whole["png"] in page.read_text(), gaps["png"] in page.read_text()) == (True, False)


def test_the_report_tells_amounts_of_both_sides_in_major_units() -> None:
    row = {
        "ours": "pending 4900 usd",
        "theirs": "its 2 transactions sum to 500",
        "subject": "4900 usd",
        "currency": "usd",
    }

    shown = {name: in_words(value, name, row) for name, value in row.items()}

    assert (shown["ours"], shown["theirs"]) == ("pending 49.00 usd", "its 2 transactions sum to 5.00 usd")
    assert shown["subject"] == "4900 usd"


class Overtaken(PosixPath):
    """A path where the next publication takes the place of the file as soon as somebody has opened it once."""

    looked: ClassVar[int] = 0

    def exists(self) -> bool:
        Overtaken.looked += 1
        if Overtaken.looked == 2:
            self.with_name("next").replace(self)
        return super().exists()


def test_all_sheets_of_a_report_are_of_one_publication(db: Database, tmp_path: Path) -> None:
    books, month = agreed(db, tmp_path), date(2026, 3, 1)
    warehouse = FileWarehouse(books.workbench, db, tmp_path)
    versions = []
    for name in ("more", "most"):
        books.paid_invoice(name, "acme")
        books.reconcile()
        warehouse.publish(name, books.clock.now(), copies=1)
        versions.append(warehouse.path.read_bytes())
        write_report(warehouse.path, month, tmp_path / name)
    place = Overtaken(tmp_path / "place")
    place.write_bytes(versions[0])
    place.with_name("next").write_bytes(versions[1])

    page, _ = write_report(place, month, tmp_path / "out")

    told = page.read_text()
    assert told == (tmp_path / "more" / page.name).read_text()
    assert told != (tmp_path / "most" / page.name).read_text()


def test_what_somebody_wrote_is_no_formula_in_excel(tmp_path: Path) -> None:
    workbook({"Open divergences": [{"about": '=HYPERLINK("http://x")', "currency": "usd"}]}).save(tmp_path / "x.xlsx")

    cell = openpyxl.load_workbook(tmp_path / "x.xlsx")["Open divergences"]["A2"]

    assert (cell.value, cell.data_type) == ('=HYPERLINK("http://x")', "s")


def test_a_month_of_nothing_is_reported_as_such(path: Path, tmp_path: Path) -> None:
    page, _ = write_report(path, date(2020, 1, 1), tmp_path / "out")

    assert "Nothing in this month." in page.read_text()
