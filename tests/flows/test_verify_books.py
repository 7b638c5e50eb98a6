"""Verification: sound books say nothing; each promise that is broken is found, and only that one."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import SQL_FOLDER, Database
from billing_pipeline.adapters.stores.close_store import ClosedDayStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.flows.seal_journal import seal_journal
from billing_pipeline.flows.verify_books import CHECKS, FINDINGS_MAX, verify_books
from tests.fakes import FakeClock
from tests.ledger_seeds import findings, issue, move, pay
from tests.seeds import START, insert_account


def tamper(db: Database, sql: str) -> None:
    """As somebody with full rights on the server could: without triggers and foreign keys."""
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        connection.execute(text(sql))


def books(db: Database) -> None:
    """One paid invoice, one open one, with tax, sealed."""
    insert_account(db)
    issue(db, "inv-1", net=1000, tax=200)
    issue(db, "inv-2", net=500)
    pay(db, "inv-1", 1200)
    move(db, "inv-1", "paid", START)
    seal_journal(LedgerStore(db), FakeClock())


def test_sound_books_have_no_findings_and_say_what_was_looked_at(db: Database) -> None:
    books(db)

    verified = verify_books(LedgerStore(db), FakeClock())

    assert (verified.findings, verified.sound, verified.unsealed) == ((), True, 0)
    assert verified.counted == {"entries": 3, "postings": 7, "seals": 1, "invoices": 2}


def test_empty_books_are_sound(db: Database) -> None:
    assert findings(db) == []


def test_every_check_has_its_statement_and_every_statement_its_check() -> None:
    files = {path.stem.removeprefix("verify_") for path in (SQL_FOLDER / "ledger").glob("verify_*.sql")}

    assert files == set(CHECKS)


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        (
            "update postings set minor = -1100 where ledger_account = 2100 and minor = -1000",
            {
                "unbalanced_entries": "invoice:inv-1",
                "changed_entries": "invoice:inv-1",
                "invoice_entries": "inv-1",
                "deferred_revenue": "usd",
            },
        ),
        ("update journal_entries set kind = 'gift' where source = 'payment:inv-1'", {"changed_entries": "payment:inv-1"}),
        (
            "update journal_entries set occurred_at = occurred_at + interval '1 microsecond' where source = 'invoice:inv-2'",
            {"changed_entries": "invoice:inv-2"},
        ),
        ("update journal_entries set content_hash = 'x' where source = 'invoice:inv-2'",
         {"changed_entries": "invoice:inv-2", "broken_seals": "seal 1"}),
        ("update invoice_lines set amount_minor = 501 where invoice_id = 'inv-2'",
         {"invoice_sums": "inv-2", "invoice_entries": "inv-2", "deferred_revenue": "usd"}),
        ("update invoices set tax_minor = 0 where invoice_id = 'inv-1'",
         {"invoice_sums": "inv-1", "invoice_entries": "inv-1"}),
        ("update invoices set paid_minor = 1 where invoice_id = 'inv-2'",
         {"invoice_receivables": "inv-2", "account_receivables": "acme"}),
        ("update invoices set state = 'pending', paid_at = null, paid_minor = 0 where invoice_id = 'inv-1'",
         {"invoice_receivables": "inv-1", "account_receivables": "acme"}),
        ("""insert into credit_grants (credit_grant_id, account_id, currency, kind, amount_minor, remaining_minor,
            granted_at, source) values ('g', 'acme', 'usd', 'purchased', 10, 10, now(), 'g')""",
         {"customer_credits": "acme"}),
        ("insert into carry_overs (account_id, currency, minor, since) values ('acme', 'usd', 5, now())",
         {"carry_overs": "acme"}),
        ("""insert into revenue_adjustments (source, line_no, invoice_id, adjusted_on, minor)
            values ('s', 1, 'inv-2', '2026-01-01', 7)""",
         {"deferred_revenue": "usd"}),
        ("""insert into closed_days (day, close_zone, digest, proof, closed_at, closed_by)
            values ('2026-01-01', 'UTC', '', '{}', '2025-12-31', 'x')""",
         {"closed_days": "invoice:inv-1"}),
    ],
)  # fmt: skip
def test_each_broken_promise_is_found(db: Database, tampering: str, expected: dict[str, str]) -> None:
    books(db)

    tamper(db, tampering)

    found: dict[str, str] = {}
    for check, subject, _ in findings(db):
        found.setdefault(check, subject)
    assert {check: found.get(check) for check in expected} == expected
    assert set(found) - set(expected) <= {"broken_seals"}


def test_a_closed_day_holds_what_was_frozen_of_it_whatever_the_entry_says_of_its_time(db: Database) -> None:
    books(db)
    store = ClosedDayStore(db, "UTC")
    store.close(START.date(), "UTC", {"booked": store.sums_of(START.date())}, "", START + timedelta(days=1), "finance")
    assert findings(db) == []

    tamper(
        db,
        """with sneaked as (
            insert into journal_entries (source, kind, currency, occurred_at, accounting_date, recorded_at, content_hash)
            select 'sneaked', kind, 'jpy', occurred_at, accounting_date, recorded_at, content_hash
            from journal_entries where source = 'invoice:inv-2' returning entry_id
        )
        insert into postings (entry_id, line_no, ledger_account, minor, customer_id)
        select entry_id, 1, 5200, 70, null from sneaked union all select entry_id, 2, 4000, -70, null from sneaked""",
    )

    assert [one for one in findings(db) if one[0] == "closed_days"] == [
        ("closed_days", "2026-01-01", "account 4000: 0 jpy when it was closed, -70 now"),
        ("closed_days", "2026-01-01", "account 5200: 0 jpy when it was closed, 70 now"),
    ]


def test_a_million_findings_of_one_kind_are_cut_short(db: Database) -> None:
    insert_account(db)
    tamper(
        db,
        """insert into journal_entries (source, kind, currency, occurred_at, accounting_date, recorded_at, content_hash)
        select 'empty:' || n, 'x', 'usd', now(), current_date, now(), '' from generate_series(1, 300) as n""",
    )

    assert len([one for one in findings(db) if one[0] == "unbalanced_entries"]) == FINDINGS_MAX
