"""Amounts in one reporting currency: dated rates, whole minor units, and never in a proof."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.adapters.exchange_rates import EVER, Rate, Reporting, rate_of, read_rates, reporting_view
from billing_pipeline.adapters.postgres import SQL_FOLDER, Database
from billing_pipeline.adapters.reconciliation_policy import load_policy
from billing_pipeline.adapters.warehouse import FileWarehouse, read_published
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from tests.two_books import agreed

USD, EUR, JPY = Currency("usd"), Currency("eur"), Currency("jpy")


def rates(folder: Path, *lines: str, head: str = "day,currency,rate") -> tuple[Rate, ...]:
    (folder / "exchange_rates.csv").write_text("\n".join([head, *lines, ""]))
    return read_rates(folder, USD)


def test_each_amount_is_told_by_the_last_rate_on_or_before_its_day(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("e", "acme", minor=1001, currency="eur")
    books.paid_invoice("y", "acme", minor=500, currency="jpy")
    books.reconcile()
    told = rates(tmp_path, "2026-02-01,eur,1.05", "2026-03-02,eur,1.25", "2026-03-03,eur,9", "2026-01-01,jpy,0.0067")
    warehouse = FileWarehouse(books.workbench, db, books.home, Reporting(USD, told))
    warehouse.publish("p1", books.clock.now(), copies=1)

    rows = read_published(
        warehouse.path,
        "select payment_id, amount_reporting_minor as told, reporting_currency as c, rate_day from reporting.ledger_payments "
        "where payment_id in ('pi_a', 'pi_e', 'pi_y') order by 1",
    )

    assert [(row["told"], row["c"], row["rate_day"]) for row in rows] == [
        (4900, "usd", EVER), (1251, "usd", date(2026, 3, 2)), (335, "usd", date(2026, 1, 1)),
    ]  # fmt: skip


def test_without_a_rate_the_amount_is_unknown_and_never_guessed(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.paid_invoice("e", "acme", minor=1001, currency="eur")
    books.reconcile()
    warehouse = FileWarehouse(books.workbench, db, books.home, Reporting(USD, rates(tmp_path, "2026-03-03,eur,1.25")))
    warehouse.publish("p1", books.clock.now(), copies=1)

    rows = read_published(warehouse.path, "select * from reporting.ledger_payments where payment_id = 'pi_e'")

    assert [(row["amount_minor"], row["amount_reporting_minor"], row["rate_day"]) for row in rows] == [
        (1001, None, None)
    ]


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**6))
def test_a_half_is_rounded_away_from_zero(minor: int, thousandths: int) -> None:
    import duckdb

    factor = Decimal(thousandths).scaleb(-3)

    (told,) = duckdb.execute(
        "select cast(round(cast($1 as decimal(18, 0)) * cast($2 as decimal(20, 12))) as bigint)", [minor, str(factor)]
    ).fetchone() or (None,)

    sign = -1 if minor < 0 else 1
    assert told == sign * ((2 * abs(minor) * thousandths + 1000) // 2000)


def test_exponents_of_both_currencies_count() -> None:
    row = ["2026-01-01", "jpy", "0.0067"]

    to_dollars = rate_of(Path("x"), 2, row, USD).factor
    to_yen = rate_of(Path("x"), 2, ["2026-01-01", "eur", "163.5"], JPY).factor

    assert (to_dollars, to_yen) == (Decimal("0.67"), Decimal("1.635"))


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["2026-13-01,eur,1"], "line 2: not a day"),
        (["2026-01-01,eur"], "line 2: not a day"),
        (["2026-01-01,eur,1,0834"], "line 2: not a day"),
        (["2026-01-01,nope,1"], "line 2: not a day"),
        (["2026-01-01,eur,about one"], "line 2: not a day"),
        (["2026-01-01,eur,0"], "line 2: the rate 0 is not"),
        (["2026-01-01,eur,-1"], "line 2: the rate -1 is not"),
        (["2026-01-01,eur,NaN"], "line 2: the rate NaN is not"),
        (["2026-01-01,eur,1e30"], "line 2: the rate 1e30 is not"),
        (["2026-01-01,usd,1"], "line 2: usd is the reporting currency"),
        (["2026-01-01,eur,1", "2026-01-01,eur,2"], "eur has two rates on 2026-01-01"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(Broken, match=said):
        rates(tmp_path, *lines)


def test_a_file_in_another_encoding_is_named(tmp_path: Path) -> None:
    (tmp_path / "exchange_rates.csv").write_bytes(b"day,currency,rate\n2026-01-01,\x80,0.92\n")

    with pytest.raises(Broken, match=r"exchange_rates.csv is not written in UTF-8: save it so"):
        read_rates(tmp_path, USD)


def test_a_wrong_head_is_named(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="line 1: the columns must be day,currency,rate, got date,currency,rate"):
        rates(tmp_path, head="date,currency,rate")


def test_the_policy_names_the_currency_and_finds_the_file(tmp_path: Path) -> None:
    (tmp_path / "reconciliation.toml").write_text('[reporting]\ncurrency = "eur"\n')
    (tmp_path / "exchange_rates.csv").write_text("day,currency,rate\n2026-01-01,usd,0.92\n")

    told = load_policy(tmp_path).reporting

    assert told == Reporting(EUR, (Rate(date(2026, 1, 1), USD, Decimal("0.92")),))
    (tmp_path / "reconciliation.toml").write_text('[reporting]\ncurrency = "gold"\n')
    with pytest.raises(Broken, match=r"\[reporting\]"):
        load_policy(tmp_path)


def test_a_table_without_a_day_or_amounts_has_no_view() -> None:
    assert reporting_view("marts.trial_balance", {"currency": "VARCHAR", "balance_minor": "BIGINT"}) == ""
    assert reporting_view("ledger.plans", {"currency": "VARCHAR", "created_at": "TIMESTAMP WITH TIME ZONE"}) == ""


def test_no_proof_and_no_comparison_reads_a_rate() -> None:
    readers = [
        path.name
        for area in ("warehouse", "increment", "marts")
        for path in (SQL_FOLDER / area).glob("*.sql")
        if "exchange_rates" in path.read_text() and "exchange_rate" not in path.stem
    ]

    assert readers == []
