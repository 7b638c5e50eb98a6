"""Reading the books: trial balance and statements, as closed and as known."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from billing_pipeline.flows.zones import day_in, end_of
from tests.seeds import insert_account

ACME = AccountId("acme")


def book(db: Database, source: str, minor: int, true_on: date, booked_on: date, currency: str = "usd") -> None:
    """Receivable against revenue; what was true on one day may be booked on a later one."""
    at = datetime(true_on.year, true_on.month, true_on.day, 12, tzinfo=UTC)
    sides = Posting(LedgerAccount.RECEIVABLE, minor, ACME), Posting(LedgerAccount.REVENUE, -minor)
    entry = Entry(source, "test", Currency(currency), at, booked_on, sides)
    write_entries(db, [entry], run_id="", recorded_at=at)


def books(db: Database) -> None:
    insert_account(db)
    book(db, "march", 1000, date(2026, 3, 31), date(2026, 3, 31))
    book(db, "late", 500, date(2026, 3, 31), date(2026, 4, 1))
    book(db, "euro", 70, date(2026, 3, 1), date(2026, 3, 1), "eur")
    book(db, "back", -200, date(2026, 4, 2), date(2026, 4, 2))


def ask(db: Database, statement: str, as_of: date, basis: str, **more: Any) -> list[Any]:
    return list(db.rows(f"ledger/{statement}", as_of=as_of, basis=basis, until=end_of(as_of, "UTC"), **more))


@pytest.mark.parametrize(
    ("as_of", "basis", "expected"),
    [
        (date(2026, 3, 31), "closed", {("eur", 1100): 70, ("usd", 1100): 1000}),
        (date(2026, 3, 31), "known", {("eur", 1100): 70, ("usd", 1100): 1500}),
        (date(2026, 4, 2), "closed", {("eur", 1100): 70, ("usd", 1100): 1300}),
        (date(2026, 2, 28), "closed", {}),
    ],
)
def test_march_as_closed_and_as_known_now(
    db: Database, as_of: date, basis: str, expected: dict[tuple[str, int], int]
) -> None:
    books(db)

    rows = ask(db, "trial_balance", as_of, basis)

    debits = {(row.currency, row.ledger_account): row.debit_minor for row in rows if row.debit_minor}
    credits_ = {(row.currency, row.ledger_account): row.credit_minor for row in rows if row.credit_minor}
    assert debits == expected
    assert {(currency, 4000): minor for (currency, _), minor in expected.items()} == credits_


def test_a_statement_shows_every_step_with_the_balance_after_it_by_currency(db: Database) -> None:
    books(db)

    rows = ask(db, "account_statement", date(2026, 4, 30), "closed", account="acme")

    assert [(row.source, row.currency, row.minor, row.balance_minor) for row in rows] == [
        ("euro", "eur", 70, 70), ("march", "usd", 1000, 1000), ("late", "usd", 500, 1500), ("back", "usd", -200, 1300),
    ]  # fmt: skip


def test_a_statement_as_known_goes_by_the_day_things_were_true(db: Database) -> None:
    books(db)

    rows = ask(db, "account_statement", date(2026, 3, 31), "known", account="acme")

    assert [row.source for row in rows] == ["euro", "march", "late"]


def test_a_statement_of_nobody_is_empty(db: Database) -> None:
    assert ask(db, "account_statement", date(2026, 3, 31), "known", account="nobody") == []


def test_a_day_belongs_to_its_zone() -> None:
    evening = datetime(2026, 3, 31, 23, 30, tzinfo=UTC)

    assert day_in(evening, "UTC") == date(2026, 3, 31)
    assert day_in(evening, "Europe/Berlin") == date(2026, 4, 1)
    assert end_of(date(2026, 3, 31), "Pacific/Kiritimati") == datetime(2026, 3, 31, 9, 59, 59, 999999, tzinfo=UTC)
