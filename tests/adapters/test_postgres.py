"""Transactions that flows can name, and the promises that the schema itself keeps."""

from datetime import UTC, date, datetime

import psycopg
import pytest
from alembic import command
from sqlalchemy import exc, make_url, text

from billing_pipeline.adapters import ledger_extract
from billing_pipeline.adapters.named_postgres import ask
from billing_pipeline.adapters.postgres import Database, alembic_config, head_revision, migrate, schema_revision
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.tables import ledger
from billing_pipeline.domain.currencies import currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from tests.clusters import Cluster
from tests.seeds import START, add, insert_account, insert_invoice

RECEIVABLE, REVENUE = LedgerAccount.RECEIVABLE, LedgerAccount.REVENUE


def entry(day: date = date(2026, 1, 1)) -> Entry:
    sides = (Posting(RECEIVABLE, 100), Posting(REVENUE, -100))
    return Entry("test:1", "test", currency("usd"), START, day, sides)


def book(db: Database, *entries: Entry) -> int:
    return write_entries(db, entries, run_id="test", recorded_at=START)


def execute(db: Database, sql: str) -> None:
    with db.transaction() as connection:
        connection.execute(text(sql))


def test_what_fails_in_a_transaction_leaves_nothing_behind(db: Database) -> None:
    def crash_after_a_write() -> None:
        with db.transaction():
            insert_account(db)
            raise RuntimeError("crash")

    with pytest.raises(RuntimeError):
        crash_after_a_write()

    with db.transaction() as connection:
        assert connection.execute(text("select count(*) from accounts")).scalar_one() == 0


def test_an_inner_transaction_joins_the_outer_one(db: Database) -> None:
    with db.transaction() as outer, db.transaction() as inner:
        assert outer is inner
        assert db.in_transaction

    assert not db.in_transaction


@pytest.mark.parametrize("table", ["journal_entries", "postings", "seals", "closed_days"])
@pytest.mark.parametrize("attack", ["delete from {}", "update {} set {} = {}", "truncate {} cascade"])
def test_the_books_only_grow(db: Database, table: str, attack: str) -> None:
    book(db, entry())
    column = {"journal_entries": "note", "postings": "minor", "seals": "entries", "closed_days": "digest"}[table]

    with pytest.raises(exc.DBAPIError, match="append-only"):
        execute(db, attack.format(table, column, column))


def test_the_database_refuses_an_entry_that_does_not_balance(db: Database) -> None:
    def half_an_entry() -> None:
        with db.transaction():
            add(db, ledger.journal_entries, **journal_row(900))
            add(db, ledger.postings, entry_id=900, line_no=1, ledger_account=int(REVENUE), minor=5)

    with pytest.raises(exc.DBAPIError, match="does not balance"):
        half_an_entry()


def test_nothing_is_added_to_an_entry_that_was_already_written(db: Database) -> None:
    book(db, entry())

    with pytest.raises(exc.DBAPIError, match="already written"):
        execute(
            db,
            "insert into postings (entry_id, line_no, ledger_account, minor) "
            "select entry_id, n, 1100, minor from journal_entries, (values (3, 7), (4, -7)) as more (n, minor)",
        )


def test_a_closed_day_takes_no_entry_and_the_next_day_does(db: Database) -> None:
    closing = {"close_zone": "UTC", "digest": "", "proof": {}, "closed_at": START, "closed_by": "test"}
    add(db, ledger.closed_days, day=date(2026, 1, 31), **closing)

    with pytest.raises(psycopg.errors.RestrictViolation, match="books are closed through 2026-01-31"):
        book(db, entry(day=date(2026, 1, 31)))

    assert book(db, entry(day=date(2026, 2, 1))) == 1


def test_every_write_moves_the_watermark_of_its_row(db: Database) -> None:
    insert_account(db)
    insert_invoice(db)
    before = watermark(db)

    execute(db, "update invoices set run_id = 'later'")

    assert watermark(db) > before


def test_the_schema_goes_down_and_up_again_and_the_models_agree(cluster: object, database_url: str) -> None:
    config = alembic_config(database_url)

    command.downgrade(config, "base")
    migrate(database_url)

    command.check(config)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://someone:secret@127.0.0.1:1/nowhere", "cannot reach the database"),
        ("postgresql://someone@127.0.0.1:1/nowhere?password=secret", "cannot reach the database"),
        ("postgresql://someone:secret@127.0.0.1:1/nowhere?ssl=on", 'cannot connect to .* option "ssl"'),
        ("postgresql://someone:secret@127.0.0.1:port/nowhere", "BILLING_DATABASE_URL is no PostgreSQL address"),
        ("postgresql://someone:secret@[::1/nowhere", "BILLING_DATABASE_URL is no PostgreSQL address"),
    ],
)
def test_an_unreachable_database_is_one_line_without_its_password(url: str, said: str) -> None:
    with pytest.raises(Broken, match=said) as raised:
        migrate(url)

    assert "secret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("option", ["role=pg_monitor", "default_transaction_read_only=on"])
def test_a_database_that_may_not_be_set_up_is_one_line_with_the_remedy(cluster: Cluster, option: str) -> None:
    name = cluster.create()
    try:
        with pytest.raises(Broken, match=r"cannot set up the database .*: use a user who owns it"):
            migrate(f"{cluster.url(name)}&options=-c%20{option.replace('=', '%3D')}")
    finally:
        cluster.drop(name)


def test_a_space_in_the_address_reaches_the_server_as_one(database_url: str) -> None:
    url = make_url(f"{database_url}&options=-c%20search_path%3Dpublic")

    assert schema_revision(url.render_as_string()) == head_revision()
    assert ask(url.render_as_string()).major >= 15
    with ledger_extract.connect(url) as extraction, extraction.cursor() as cursor:
        cursor.execute("select current_setting('search_path')")
        assert cursor.fetchone() == ("public",)


def test_a_schema_of_a_newer_version_is_one_line_with_the_remedy(db: Database, database_url: str) -> None:
    execute(db, "update alembic_version set version_num = '9999'")

    with pytest.raises(Broken, match=r"is not of this version \(Can't locate .*'9999'\): install the newer version"):
        migrate(database_url)


def watermark(db: Database) -> int:
    with db.transaction() as connection:
        return int(connection.execute(text("select tx::text from invoices")).scalar_one())


def journal_row(entry_id: int) -> dict[str, object]:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return {
        "entry_id": entry_id, "source": "test:bad", "kind": "test", "currency": "usd", "occurred_at": at,
        "accounting_date": at.date(), "recorded_at": at, "content_hash": b"",
    }  # fmt: skip
