"""Reading cells: what is meant is taken, what is not is refused with a remedy."""

from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing_pipeline.domain import intake
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.intake import Column, Kind, Refusal, Row, check_header, read_row
from billing_pipeline.domain.intake_kinds import KINDS

TOY = Kind(
    "toys", "toys", "For tests.", ("toy_id",),
    (
        Column("toy_id", intake.key, "Its id.", required=True),
        Column("price_minor", intake.whole(1, 100), "Its price.", default=5),
        Column("sold_on", intake.day, "When.", into="day"),
    ),
    (lambda row: "7 is unlucky: use 8" if row["price_minor"] == 7 else None,),
)  # fmt: skip


def test_a_row_becomes_values_with_defaults_under_the_names_of_its_table() -> None:
    row = read_row(TOY, 2, {"toy_id": " bear ", "price_minor": "", "sold_on": "2026-03-01"})

    assert isinstance(row, Row)
    assert row.values == {"toy_id": "bear", "price_minor": 5, "day": date(2026, 3, 1)}
    assert (row.number, row.key, row.given) == (2, "bear", frozenset({"toy_id", "day"}))


def test_everything_that_is_wrong_with_a_row_is_told_at_once() -> None:
    refusals = read_row(TOY, 7, {"toy_id": "", "price_minor": "4.5", "sold_on": "1.3.2026"})

    assert isinstance(refusals, list)
    assert [str(refusal) for refusal in refusals] == [
        "row 7, toy_id: is empty: every row needs it",
        "row 7, price_minor: '4.5' is no whole number: write 4900 for 49.00 (minor units, no separators)",
        "row 7, sold_on: '1.3.2026' is no date: write 2026-03-01",
    ]


def test_a_rule_over_the_whole_row_names_the_row() -> None:
    assert read_row(TOY, 3, {"toy_id": "a", "price_minor": "7"}) == [Refusal(3, "", "7 is unlucky: use 8")]


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["toy_id", "colour"], "unknown column 'colour' in a file of toys: it has toy_id, price_minor, sold_on"),
        (["price_minor"], "column 'toy_id' is missing in a file of toys"),
        (["toy_id", "toy_id"], "column 'toy_id' is there twice"),
    ],
)
def test_a_header_that_does_not_fit_is_refused(header: list[str], message: str) -> None:
    with pytest.raises(Broken, match=message):
        check_header(TOY, header)


@pytest.mark.parametrize(
    ("read", "cell", "value"),
    [
        (intake.percent, "19", 190_000),
        (intake.percent, "7.25", 72_500),
        (intake.percent, "100", 1_000_000),
        (intake.flag, "Yes", True),
        (intake.flag, "0", False),
        (intake.currency, "EUR", "eur"),
        (intake.country, "de", "DE"),
        (intake.zone, "Pacific/Kiritimati", "Pacific/Kiritimati"),
        (intake.instant, "2026-03-01", datetime(2026, 3, 1, tzinfo=UTC)),
        (intake.instant, "2026-03-01T01:30:00+02:00", datetime(2026, 2, 28, 23, 30, tzinfo=UTC)),
        (intake.email, "a@b.example", "a@b.example"),
        (intake.whole(-5), "-5", -5),
    ],
)
def test_cells_are_read(read: object, cell: str, value: object) -> None:
    assert callable(read)
    assert read(cell) == value


@pytest.mark.parametrize(
    ("read", "cell", "message"),
    [
        (intake.percent, "19.00001", "no percentage between 0 and 100"),
        (intake.percent, "101", "no percentage between 0 and 100"),
        (intake.percent, "a", "write 19 or 7.25"),
        (intake.percent, "nan", "no percentage"),
        (intake.flag, "maybe", "neither true nor false"),
        (intake.currency, "xyz", "unknown currency 'xyz'"),
        (intake.country, "DEU", "two letters"),
        (intake.zone, "Mars/Base", "Europe/Berlin"),
        (intake.instant, "2026-03-01T10:00", "has no zone: add Z"),
        (intake.instant, "yesterday", "no moment"),
        (intake.email, "nobody", "no e-mail address"),
        (intake.key, "-x", "no id"),
        (intake.key, "a b", "no id"),
        (intake.text, "x" * 501, "501 characters"),
        (intake.text, "a\x00b", "control character"),
        (intake.whole(), "1e3", "no whole number"),
        (intake.whole(), "١٢", "no whole number"),
        (intake.whole(0, 5), "6", "out of bounds: use 0 to 5"),
        (intake.one_of("a", "b"), "c", "'c' is unknown: use a, b"),
    ],
)
def test_cells_that_cannot_be_meant_are_refused_with_a_remedy(read: object, cell: str, message: str) -> None:
    assert callable(read)
    with pytest.raises(Broken, match=message):
        read(cell)


@given(st.text(max_size=30), st.sampled_from([column for kind in KINDS.values() for column in kind.columns]))
def test_no_cell_can_do_worse_than_be_refused(cell: str, column: Column) -> None:
    with suppress(Broken):
        value = intake.read_cell(column, cell)
        assert value is None or isinstance(value, str | int | bool | date)


GOOD = {
    "coupons": {"coupon_id": "c", "name": "n", "kind": "percent", "percent": "10", "duration": "once"},
    "prices": {
        "price_id": "p", "plan_id": "x", "currency": "usd", "scheme": "flat", "interval": "month", "usage": "licensed",
    },
    "accounts": {"account_id": "a", "name": "n", "email": "a@b.c", "country": "DE", "currency": "eur"},
    "invoices": {
        "invoice_id": "i", "account_id": "a", "number": "1", "currency": "eur", "total_minor": "100",
        "issued_on": "2026-01-01", "due_on": "2026-01-01",
    },
    "subscriptions": {
        "subscription_id": "s", "account_id": "a", "currency": "usd", "interval": "month", "anchor_on": "2026-01-01",
        "started_at": "2026-01-01",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "changed", "message"),
    [
        ("coupons", {"percent": ""}, "percent is empty"),
        ("coupons", {"kind": "amount", "percent": "", "amount_minor": "5"}, "amount_minor or currency is empty"),
        ("coupons", {"amount_minor": "5"}, "both there"),
        ("coupons", {"duration": "repeating"}, "duration_months goes with"),
        ("prices", {"usage": "metered"}, "meter is empty"),
        ("prices", {"meter": "m"}, "licensed price has no meter"),
        ("accounts", {"net_terms_days": "30"}, "net_terms_days without"),
        ("invoices", {"open_minor": "101"}, "open_minor 101 of total_minor 100"),
        ("invoices", {"tax_minor": "101"}, "tax_minor 101 is more"),
        ("invoices", {"due_on": "2025-12-31"}, "due_on is before issued_on"),
        ("subscriptions", {"state": "trialing"}, "trial_end is empty"),
    ],
)
def test_rows_that_contradict_themselves_are_refused(kind: str, changed: dict[str, str], message: str) -> None:
    assert isinstance(read_row(KINDS[kind], 2, GOOD[kind]), Row)

    refusals = read_row(KINDS[kind], 2, GOOD[kind] | changed)

    assert isinstance(refusals, list)
    assert [message in str(refusal) for refusal in refusals] == [True]
