"""Dated exchange rates for one reporting currency: policies/exchange_rates.csv, read whole or refused with its line.

They serve views for analysts and reports. No proof, no entry and no divergence is ever made with them.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.postgres import raw_statement
from billing_pipeline.domain.currencies import Currency, currency, exponent
from billing_pipeline.domain.errors import Broken

FILE: Final = "exchange_rates.csv"
COLUMNS: Final = ["day", "currency", "rate"]
PLACES: Final = Decimal("1e-12")
FACTOR_MAX: Final = Decimal("1e8")  # what the column of factors holds
EVER: Final = date(1, 1, 1)

DAYS: Final = (
    "accounting_date", "issued_on", "booked_on", "day", "month", "due_on", "arrival_on", "succeeded_at", "occurred_at",
    "issued_at", "paid_at", "opened_at", "granted_at", "used_at", "created_at", "first_seen",
)  # fmt: skip
"""The columns that say which day's rate a row is told by; the first one that a table has."""


@dataclass(frozen=True, slots=True)
class Rate:
    """From that day on one minor unit of currency is worth so many minor units of the reporting currency."""

    day: date
    currency: Currency
    factor: Decimal


@dataclass(frozen=True, slots=True)
class Reporting:
    """The currency that reports are told in, and what others are worth in it."""

    currency: Currency
    rates: tuple[Rate, ...] = ()


def read_rates(folder: Path, reporting: Currency) -> tuple[Rate, ...]:
    """The rates in that folder's file; none where there is no file.

    Raises Broken naming the line that is wrong: an unknown column, no date, no positive rate, a currency told twice a day.
    """
    path = folder / FILE
    if not path.exists():
        return ()
    try:
        written = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Broken(f"{path} is not written in UTF-8: save it so") from error
    rows = csv.reader(io.StringIO(written, newline=""))
    if (head := next(rows, [])) != COLUMNS:
        raise Broken(f"{path}, line 1: the columns must be {','.join(COLUMNS)}, got {','.join(head)}")
    rates = [rate_of(path, rows.line_num, row, reporting) for row in rows if row]
    refuse_twice(path, rates)
    return tuple(rates)


def rate_of(path: Path, line: int, row: Sequence[str], reporting: Currency) -> Rate:
    """One line as a rate. rate: what one major unit of the currency is worth in major units of the reporting currency."""
    try:
        day_cell, code_cell, rate_cell = (cell.strip() for cell in row)  # a decimal comma would make a fourth
        day, code, rate = date.fromisoformat(day_cell), currency(code_cell), Decimal(rate_cell)
    except (ValueError, InvalidOperation, Broken) as error:
        raise Broken(f"{path}, line {line}: not a day, a currency and a rate such as 2026-01-31,eur,1.0834") from error
    if code == reporting:
        raise Broken(f"{path}, line {line}: {code} is the reporting currency, its rate is 1")
    factor = rate.scaleb(exponent(reporting) - exponent(code)) if rate.is_finite() else Decimal(0)
    if not 0 < factor < FACTOR_MAX or factor.quantize(PLACES) == 0:
        raise Broken(f"{path}, line {line}: the rate {rate_cell} is not a usable positive number")
    return Rate(day, code, factor.quantize(PLACES))


def refuse_twice(path: Path, rates: Sequence[Rate]) -> None:
    """Nothing. Raises Broken when two lines tell the same currency's rate of the same day."""
    seen: set[tuple[date, str]] = set()
    for one in rates:
        if (one.day, one.currency) in seen:
            raise Broken(f"{path}: {one.currency} has two rates on {one.day}: keep one")
        seen.add((one.day, one.currency))


def save_rates(bench: Bench, reporting: Reporting) -> None:
    """Nothing; afterwards meta.exchange_rates holds the rates and schema reporting a view of every dated table of amounts."""
    bench.run("warehouse/exchange_rates")
    rates = (Rate(EVER, reporting.currency, Decimal(1)), *reporting.rates)
    rows = [[one.day, one.currency, reporting.currency, str(one.factor)] for one in rates]
    bench.connection.executemany(raw_statement("warehouse/save_exchange_rate"), rows)
    known, tables = bench.columns(), bench.tables()
    views = [reporting_view(table, columns) for table, columns in sorted(known.items()) if table in tables]
    bench.connection.execute(
        "; ".join(["drop schema if exists reporting cascade", "create schema reporting", *filter(None, views)])
    )


def reporting_view(table: str, columns: Mapping[str, str]) -> str:
    """The statement that makes the table's view in the reporting currency; empty without amounts or without a day.

    Each amount is rounded on its own to a whole minor unit, halves away from zero; null where no rate is known for the day.
    """
    amounts = [name for name, type_ in columns.items() if name.endswith("_minor") and type_ == "BIGINT"]
    day = next((name for name in DAYS if name in columns), None)
    if not amounts or day is None or "currency" not in columns or table.startswith("carried."):
        return ""
    told = ", ".join(
        f"cast(round(cast(t.{name} as decimal(18, 0)) * r.factor) as bigint) as {name.removesuffix('_minor')}_reporting_minor"
        for name in amounts
    )
    return (
        f"create view reporting.{table.replace('.', '_')} as select t.*, r.reporting_currency, r.day as rate_day, {told} "
        f"from {table} t asof left join meta.exchange_rates r on r.currency = t.currency and cast(t.{day} as date) >= r.day"
    )
