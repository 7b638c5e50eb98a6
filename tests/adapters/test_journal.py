"""The one way into the books."""

from datetime import UTC, date, datetime

import pytest
from psycopg.errors import RestrictViolation

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import open_day, write_entries
from billing_pipeline.adapters.tables.ledger import closed_days, journal_entries, postings
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from tests.seeds import add, fetch, insert_account

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(source: str, minor: int = 100, day: date = date(2026, 3, 1), customer: str | None = None) -> Entry:
    sides = (
        Posting(LedgerAccount.RECEIVABLE, minor, AccountId(customer) if customer else None),
        Posting(LedgerAccount.REVENUE, -minor),
    )
    return Entry(source, "test", Currency("usd"), NOON, day, sides)


def close(db: Database, day: date) -> None:
    add(db, closed_days, day=day, close_zone="UTC", digest="", proof={}, closed_at=NOON, closed_by="test")


def test_entries_are_written_whole_and_in_order(db: Database) -> None:
    insert_account(db, "acme")

    written = write_entries(db, [entry("a", customer="acme"), entry("b", 250)], run_id="run", recorded_at=NOON)

    rows = fetch(db, journal_entries)
    assert written == 2
    assert [(row["source"], row["run_id"], row["content_hash"]) for row in rows] == [
        ("a", "run", entry("a", customer="acme").content_hash),
        ("b", "run", entry("b", 250).content_hash),
    ]
    assert [(row["ledger_account"], row["minor"], row["customer_id"]) for row in fetch(db, postings)] == [
        (1100, 100, "acme"), (4000, -100, None), (1100, 250, None), (4000, -250, None),
    ]  # fmt: skip


def test_a_fact_told_twice_is_booked_once(db: Database) -> None:
    write_entries(db, [entry("a")], run_id="", recorded_at=NOON)

    written = write_entries(db, [entry("b"), entry("a"), entry("b")], run_id="", recorded_at=NOON)

    assert written == 1
    assert len(fetch(db, journal_entries)) == 2


def test_one_source_with_two_contents_is_refused(db: Database) -> None:
    with pytest.raises(Broken, match="two different entries claim to be 'a'"):
        write_entries(db, [entry("a", 1), entry("a", 2)], run_id="", recorded_at=NOON)

    assert fetch(db, journal_entries) == []


def test_nothing_to_write_asks_nothing_of_the_database() -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")

    assert write_entries(nowhere, [], run_id="", recorded_at=NOON) == 0


def test_the_database_refuses_an_entry_in_a_closed_day(db: Database) -> None:
    close(db, date(2026, 3, 1))

    with pytest.raises(RestrictViolation, match="books are closed through 2026-03-01"):
        write_entries(db, [entry("late")], run_id="", recorded_at=NOON)


@pytest.mark.parametrize(
    ("wished", "given"),
    [(date(2026, 3, 1), date(2026, 3, 3)), (date(2026, 3, 2), date(2026, 3, 3)), (date(2026, 3, 3), date(2026, 3, 3))],
)
def test_the_open_day_is_the_day_after_the_last_closed_one_at_the_earliest(
    db: Database, wished: date, given: date
) -> None:
    close(db, date(2026, 3, 1))
    close(db, date(2026, 3, 2))

    assert open_day(db, wished) == given


def test_every_day_is_open_while_none_is_closed(db: Database) -> None:
    assert open_day(db, date(1999, 12, 31)) == date(1999, 12, 31)
