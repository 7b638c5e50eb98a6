"""The promises that the database keeps by itself, whoever writes."""

import enum
from datetime import UTC, date, datetime
from typing import Any, get_args

import pytest
from psycopg.errors import CheckViolation
from sqlalchemy import CheckConstraint, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import ENTRY_COLUMNS, entry_row, write_entries
from billing_pipeline.adapters.tables import metadata
from billing_pipeline.domain import (
    attempts,
    changes,
    coupons,
    invoice_drafts,
    invoices,
    ledger,
    periods,
    pricing,
    reconciliation,
    repairs,
    subscriptions,
    taxes,
)
from billing_pipeline.domain.credits import CreditKind
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from billing_pipeline.flows import ports, request_refunds
from billing_pipeline.flows.ports import collection, dunning, event_rows, inbox
from tests.ledger_seeds import issue
from tests.seeds import insert_account, insert_invoice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)

CLOSED_SETS: list[tuple[str, str, Any]] = [
    ("accounts", "tax_status", taxes.TaxStatus),
    ("coupons", "duration", coupons.Duration),
    ("credit_grants", "kind", CreditKind),
    ("divergences", "severity", reconciliation.Severity),
    ("divergences", "state", reconciliation.State),
    ("billed_periods", "charger", subscriptions.Charger),
    ("inbox", "source", ports.Source),
    ("inbox", "state", inbox.FactState),
    ("invoice_lines", "kind", invoice_drafts.LineKind),
    ("invoices", "collection_method", invoice_drafts.CollectionMethod),
    ("invoices", "kind", invoice_drafts.InvoiceKind),
    ("invoices", "state", invoices.InvoiceState),
    ("messages", "state", dunning.MessageState),
    ("payments", "method", event_rows.Method),
    ("prices", "aggregate", pricing.Aggregate),
    ("prices", "interval", periods.Interval),
    ("prices", "scheme", pricing.Scheme),
    ("prices", "usage", pricing.UsageType),
    ("refund_requests", "destination", request_refunds.Destination),
    ("refund_requests", "state", collection.RefundState),
    ("repairs", "state", repairs.RepairState),
    ("stripe_attempts", "operation", attempts.Operation),
    ("stripe_attempts", "outcome", attempts.Outcome),
    ("stripe_attempts", "resolved_by", attempts.ResolvedBy),
    ("stripe_attempts", "unknown_reason", attempts.UnknownReason),
    ("subscription_changes", "kind", changes.ChangeKind),
    ("subscription_changes", "timing", changes.Timing),
    ("subscriptions", "interval", periods.Interval),
    ("subscriptions", "state", subscriptions.SubscriptionState),
]


def members(closed: Any) -> set[str]:
    """The words of an enum or a Literal."""
    words: list[Any] = list(closed) if isinstance(closed, enum.EnumMeta) else list(get_args(closed))
    return {str(word) for word in words}


def promised(db: Database, table: str, column: str) -> set[str]:
    """The words that the CHECK on that column lets in, from the database itself."""
    with db.transaction() as connection:
        definition: str = connection.execute(
            text("select pg_get_constraintdef(oid) from pg_constraint where conname = :name"),
            {"name": f"{table}_{column}_check"},
        ).scalar_one()
    return set(definition.split("'")[1::2])


@pytest.mark.parametrize(("table", "column", "closed"), CLOSED_SETS, ids=lambda each: str(each)[:30])
def test_the_closed_sets_of_python_and_sql_are_the_same(db: Database, table: str, column: str, closed: Any) -> None:
    assert promised(db, table, column) == members(closed)
    assert members(closed)


def test_every_check_of_the_tables_is_in_the_database(db: Database) -> None:
    wanted = {
        str(check.name)
        for table in metadata.tables.values()
        for check in table.constraints
        if isinstance(check, CheckConstraint)
    }  # fmt: skip

    with db.transaction() as connection:
        there = set(connection.execute(text("select conname from pg_constraint where contype = 'c'")).scalars())

    assert {"postings_minor_check", "invoices_currency_check", "invoices_due_check"} <= wanted
    assert wanted - there == set()
    assert all(not column.constraints for table in metadata.tables.values() for column in table.columns)


def test_the_chart_of_accounts_is_the_domains(db: Database) -> None:
    with db.transaction() as connection:
        rows = connection.execute(text("select ledger_account, name, side from ledger_accounts")).all()

    assert {tuple(row) for row in rows} == {(int(a), a.name.lower(), a.side) for a in ledger.LedgerAccount}


APPEND_ONLY = ("journal_entries", "postings", "seals", "closed_days", "revenue_adjustments")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("rewrite", ["delete from {0}", "truncate {0} cascade", "update {0} set {1} = {1}"])
def test_the_books_only_grow(db: Database, table: str, rewrite: str) -> None:
    insert_account(db)
    issue(db)
    column = next(iter(metadata.tables[table].columns)).name

    with (
        pytest.raises(DatabaseError, match="is append-only: correct it with a new row"),
        db.transaction() as connection,
    ):
        connection.execute(text(rewrite.format(table, column)))


def test_facts_are_never_deleted(db: Database) -> None:
    with pytest.raises(DatabaseError, match="inbox is append-only"), db.transaction() as connection:
        connection.execute(text("delete from inbox"))


def test_an_entry_that_does_not_balance_is_refused(db: Database) -> None:
    entry = Entry(
        "a", "test", Currency("usd"), NOON, NOON.date(),
        (Posting(LedgerAccount.BANK, 100), Posting(LedgerAccount.REVENUE, -100)),
    )  # fmt: skip

    with pytest.raises(CheckViolation, match="entry a does not balance or was already written: remainder 99"):
        write_raw(db, entry, [(1, 1000, 100), (2, 4000, -1)])


def test_nothing_is_added_to_an_entry_later(db: Database) -> None:
    entry = Entry(
        "a", "test", Currency("usd"), NOON, NOON.date(),
        (Posting(LedgerAccount.BANK, 100), Posting(LedgerAccount.REVENUE, -100)),
    )  # fmt: skip
    write_entries(db, [entry], run_id="", recorded_at=NOON)

    with pytest.raises(IntegrityError, match="was already written"), db.transaction() as connection:
        connection.execute(
            text("""insert into postings (entry_id, line_no, ledger_account, minor)
            select entry_id, n, 1000, case n when 3 then 5 else -5 end from journal_entries, generate_series(3, 4) as n""")
        )


def write_raw(db: Database, entry: Entry, sides: list[tuple[int, int, int]]) -> None:
    """The entry with other postings than its own, as a program with a bug would write it."""
    with db.transaction():
        db.copy("journal_entries", ENTRY_COLUMNS, [entry_row(1, entry, "", NOON)])
        db.copy("postings", ("entry_id", "line_no", "ledger_account", "minor"), [(1, *side) for side in sides])


def test_a_day_being_closed_waits_for_open_writers(db: Database, database_url: str) -> None:
    writer = Database(database_url)
    close = "set local lock_timeout = '50ms'; lock table journal_entries in share mode"

    with writer.transaction():
        write_entries(writer, [entry_of("late")], run_id="", recorded_at=NOON)
        with pytest.raises(DatabaseError, match="lock timeout"), db.transaction() as closing:
            closing.execute(text(close))
    writer.close()


def entry_of(source: str) -> Entry:
    sides = Posting(LedgerAccount.BANK, 1), Posting(LedgerAccount.REVENUE, -1)
    return Entry(source, "test", Currency("usd"), NOON, date(2026, 3, 1), sides)


@pytest.mark.parametrize(
    ("wrong", "constraint"),
    [
        ({"state": "paid"}, "invoices_paid_at_check"),
        ({"due_minor": 1}, "invoices_due_check"),
        ({"state": "lost"}, "invoices_state_check"),
        ({"currency": "USD"}, "invoices_currency_check"),
        ({"total_minor": -1, "due_minor": -1}, "invoices_not_negative_check"),
    ],
)
def test_an_invoice_that_contradicts_itself_is_refused(db: Database, wrong: dict[str, Any], constraint: str) -> None:
    insert_account(db)

    with pytest.raises(IntegrityError, match=constraint):
        insert_invoice(db, **wrong)
