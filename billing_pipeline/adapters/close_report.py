"""The month-end report: HTML with charts for people, Excel for finance, both out of the published warehouse."""

import base64
import io
from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

import matplotlib
from jinja2 import Environment
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from billing_pipeline.adapters.postgres import SQL_FOLDER
from billing_pipeline.adapters.warehouse import Connection, answer, published
from billing_pipeline.domain.currencies import Currency, exponent
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.sides import readable

matplotlib.use("Agg")

COLUMN_WIDTH_MAX: Final = 48  # characters: ids stand whole, and a sheet still fits a screen

Rows = list[dict[str, Any]]
COUNTS: Final = frozenset({"items", "accounts", "invoices"})


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of the report. statement: its query in adapters/sql/report."""

    title: str
    statement: str
    sentence: str


SHEETS: Final = (
    Sheet("Proof of close", "proof", "What each bridge leaves: zero, or explained by the rows named here."),
    Sheet("Open divergences", "divergences", "What disagrees at the moment of publication, and what both sides say."),
    Sheet("Cash collected", "cash", "Cash in and back, by accounting day."),
    Sheet("Revenue movements", "mrr", "How monthly recurring revenue moved."),
    Sheet("Receivables by age", "ageing", "What is owed, and for how long."),
    Sheet("Deferred revenue", "deferred", "Billed and not yet earned."),
    Sheet("Tax", "tax", "Tax invoiced in the month, by jurisdiction and rate."),
    Sheet("Fees", "fees", "What Stripe kept."),
    Sheet(
        "Trial balance", "trial_balance", "Every ledger account at the end of the month; each currency sums to zero."
    ),
)


def write_report(warehouse: Path, month: date, folder: str | Path) -> tuple[Path, Path]:
    """The two files, written into the folder: report-<month>.html and report-<month>.xlsx. All of one publication."""
    with published(warehouse) as connection:
        tables = {sheet.title: rows_of(connection, sheet, month) for sheet in SHEETS}
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    page, book = place / f"report-{month:%Y-%m}.html", place / f"report-{month:%Y-%m}.xlsx"
    page.write_text(html(month, tables), "utf-8")
    workbook(tables).save(book)
    return page, book


def rows_of(connection: Connection, sheet: Sheet, month: date) -> Rows:
    """The rows of one table for that month."""
    query = (SQL_FOLDER / "report" / f"{sheet.statement}.sql").read_text()
    found = answer(connection, query, {"month": month})
    return [{name: in_words(value, name, row) for name, value in row.items()} for row in found]


def in_words(value: Any, column: str, row: Mapping[str, Any]) -> Any:
    """A value of a row; amounts that both sides of a divergence tell in words are in major units, as everywhere here."""
    return readable(value, row.get("currency")) if column in ("ours", "theirs") and value else value


def workbook(tables: Mapping[str, Rows]) -> Workbook:
    """One sheet per table; amounts as numbers in major units with as many decimals as their currency has."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for title, rows in tables.items():
        sheet = book.create_sheet(title)
        columns = list(rows[0]) if rows else ["nothing in this month"]
        sheet.append([heading(column) for column in columns])
        for cell in sheet[1]:
            cell.font = Font(bold=True)
        for row in rows:
            sheet.append([major(value, column, row) for column, value in row.items()])
            for cell, column in zip(sheet[sheet.max_row], columns, strict=True):
                cell.number_format = shown_as(column, row) or cell.number_format
                cell.data_type = "s" if cell.data_type == "f" else cell.data_type  # "=..." is what somebody wrote
        for n, column in enumerate(columns, start=1):
            longest = max([len(column), *(len(str(row[column])) for row in rows)])
            sheet.column_dimensions[get_column_letter(n)].width = min(max(12, longest + 2), COLUMN_WIDTH_MAX)
        sheet.freeze_panes = "A2"
    return book


def heading(column: str) -> str:
    """The column's name for people."""
    return column.removesuffix("_minor").replace("_", " ")


def major(value: Any, column: str, row: Mapping[str, Any]) -> Any:
    """A cell for Excel: exact decimals for amounts, text for what Excel does not know."""
    if column.endswith("_minor") and value is not None and row.get("currency"):
        from decimal import Decimal

        return Decimal(value).scaleb(-exponent(Currency(row["currency"])))
    return value if isinstance(value, int | str | date) or value is None else str(value)


def shown_as(column: str, row: Mapping[str, Any]) -> str:
    """How Excel shows an amount: as many decimals as its currency has; empty for anything else."""
    if not column.endswith("_minor") or not row.get("currency"):
        return ""
    decimals = exponent(Currency(row["currency"]))
    return f"#,##0.{'0' * decimals}" if decimals else "#,##0"


def told(value: Any, column: str, row: Mapping[str, Any]) -> str:
    """A cell for the page: amounts with their currency."""
    if value is None:
        return ""
    if column.endswith("_minor") and row.get("currency"):
        return str(Money(int(value), Currency(row["currency"])))
    return str(value)


def is_number(column: str) -> bool:
    """Whether its cells are aligned to the right, so that figures stand below one another."""
    return column.endswith(("_minor", "_ppm")) or column in COUNTS


def html(month: date, tables: Mapping[str, Rows]) -> str:
    """The page: charts, then every table."""
    sections = [
        {
            "title": sheet.title,
            "sentence": sheet.sentence,
            "columns": [(heading(column), is_number(column)) for column in (tables[sheet.title] or [{}])[0]],
            "rows": [
                [(told(value, column, row), is_number(column)) for column, value in row.items()]
                for row in tables[sheet.title]
            ],
        }
        for sheet in SHEETS
    ]
    charts = [
        chart("Cash collected by day", every_day(month, tables["Cash collected"]), "date", "collected_minor"),
        chart("Receivables by age", tables["Receivables by age"], "bucket", "open_minor"),
        chart("Movements of recurring revenue", tables["Revenue movements"], "movement", "change_minor"),
    ]
    page = Environment(autoescape=True).from_string((Path(__file__).parent / "close_report.html.j2").read_text())
    return page.render(month=f"{month:%B %Y}", sections=sections, charts=[one for one in charts if one])


def chart(title: str, rows: Rows, across: str, amount: str) -> dict[str, str] | None:
    """A bar chart as an inline picture, one group of bars per currency; None where there is nothing to draw."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import StrMethodFormatter

    currencies = sorted({row["currency"] for row in rows})
    if not currencies:
        return None
    figure = Figure(figsize=(8, 2.6 * len(currencies)), layout="constrained")
    for n, code in enumerate(currencies, start=1):
        sums = summed([row for row in rows if row["currency"] == code], across, amount)
        axes = figure.add_subplot(len(currencies), 1, n)
        axes.bar(list(sums), [minor / 10 ** exponent(Currency(code)) for minor in sums.values()], color="#4059ad")
        axes.set_ylabel(code.upper())
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
        axes.tick_params(axis="x", labelrotation=60 if len(sums) > 8 else 0, labelsize=7)
        axes.axhline(0, color="#888", linewidth=0.6)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110)
    return {"title": title, "png": base64.b64encode(drawn.getvalue()).decode()}


def every_day(month: date, rows: Rows) -> Rows:
    """The rows, and one of nothing for each day of the month and currency, so that no day is missing on the axis."""
    days = [month.replace(day=n) for n in range(1, monthrange(month.year, month.month)[1] + 1)]
    nothing = [
        {"date": day, "currency": code, "collected_minor": 0}
        for code in {row["currency"] for row in rows}
        for day in days
    ]
    return sorted([*rows, *nothing], key=lambda row: row["date"])


def summed(rows: Sequence[Mapping[str, Any]], across: str, amount: str) -> dict[str, int]:
    """Minor units by what lies along the axis, in the order of the rows."""
    sums: dict[str, int] = {}
    for row in rows:
        sums[str(row[across])] = sums.get(str(row[across]), 0) + int(row[amount] or 0)
    return sums
