"""Losses: what was given up leaves the receivable, the revenue schedule and the tax."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.event_store import EventStore
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import invoices
from billing_pipeline.adapters.tables.ledger import journal_entries
from billing_pipeline.adapters.tables.stripe import inbox
from billing_pipeline.domain.billing_entries import Portions, When, opening_balance, recovered
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.issue_credit_note import Wish, issue_credit_note
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.record_payments import ReceivedMoney, record_payment
from billing_pipeline.flows.write_off_invoices import WrittenOff, give_up, write_off_invoices
from billing_pipeline.flows.zones import end_of
from tests.fakes import FakeClock
from tests.flows.event_world import FakeGateway
from tests.ledger_seeds import balances, findings, issue, move, pay
from tests.seeds import fetch, insert_account, insert_invoice

TENTH = datetime(2026, 1, 10, 9, tzinfo=UTC)


def write_off(db: Database) -> WrittenOff:
    return write_off_invoices(DocumentStore(db), FakeClock(TENTH))


def recognise(db: Database, through: date) -> None:
    recognise_revenue(LedgerStore(db), FakeClock(end_of(through, "UTC") + timedelta(hours=9)), through)


def test_the_loss_is_booked_by_its_parts_and_nothing_more_is_earned(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620)
    recognise(db, date(2026, 1, 10))
    move(db, "inv-1", "written_off", TENTH)

    done = write_off(db)
    recognise(db, date(2026, 3, 1))

    assert done == WrittenOff(1, {"usd": 3720})
    assert balances(db, source="write_off:inv-1") == {
        "deferred_revenue": 2100, "bad_debt": 1000, "tax_payable": 620, "receivable": -3720,
    }  # fmt: skip
    assert balances(db) == {"bad_debt": 1000, "revenue": -1000}
    assert findings(db) == []


def test_running_again_books_nothing(db: Database) -> None:
    insert_account(db)
    issue(db)
    move(db, "inv-1", "written_off", TENTH)
    write_off(db)

    assert write_off(db) == WrittenOff(0, {})


def test_an_invoice_that_is_only_overdue_is_not_lost(db: Database) -> None:
    insert_account(db)
    issue(db, state="overdue")

    assert write_off(db) == WrittenOff(0, {})


def test_a_part_that_was_paid_is_not_lost(db: Database) -> None:
    insert_account(db)
    issue(db, net=1000, tax=200)
    pay(db, "inv-1", 600)
    move(db, "inv-1", "written_off", TENTH)

    done = write_off(db)

    assert done.minor_by_currency == {"usd": 600}
    assert balances(db, source="write_off:inv-1")["tax_payable"] == 100


def test_the_tax_of_an_imported_invoice_is_none_of_these_books(db: Database) -> None:
    insert_account(db)
    insert_invoice(db, kind="opening", total_minor=1200, tax_minor=200)
    who = AccountId("acme")
    opened = opening_balance(InvoiceId("inv-1"), who, Currency("usd"), 1200, When(TENTH, TENTH.date()))
    write_entries(db, [opened], run_id="", recorded_at=TENTH)
    move(db, "inv-1", "written_off", TENTH)

    write_off(db)

    assert balances(db) == {"bad_debt": 1200, "opening_balance": -1200}
    assert findings(db) == []


def test_what_a_credit_note_took_is_no_part_of_the_loss(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620)
    recognise(db, date(2026, 1, 10))
    half = Wish(InvoiceId("inv-1"), "Outage", "ann", 1860)
    issue_credit_note(DocumentStore(db), FakeClock(TENTH), half)
    move(db, "inv-1", "written_off", TENTH)

    write_off(db)
    recognise(db, date(2026, 3, 1))

    assert balances(db, source="write_off:inv-1") == {
        "deferred_revenue": 1050, "bad_debt": 500, "tax_payable": 310, "receivable": -1860,
    }  # fmt: skip
    assert balances(db) == {"bad_debt": 500, "revenue": -500}
    assert findings(db) == []


def test_an_invoice_given_up_a_second_time_has_an_entry_of_its_own(db: Database) -> None:
    insert_account(db)
    issue(db, net=1000)
    move(db, "inv-1", "written_off", TENTH)
    write_off(db)
    back = recovered(
        InvoiceId("inv-1"), AccountId("acme"), Currency("usd"), Portions(0, 1000), When(TENTH, TENTH.date())
    )
    write_entries(db, [back], run_id="", recorded_at=TENTH)

    again = write_off(db)

    sources = [row["source"] for row in fetch(db, journal_entries)]
    assert again.invoices == 1
    assert sources[-1] == "write_off:inv-1:2"
    assert "receivable" not in balances(db)


def test_a_loss_that_is_paid_in_parts_is_taken_back_part_by_part(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620)
    recognise(db, date(2026, 1, 10))
    move(db, "inv-1", "written_off", TENTH)
    write_off(db)

    wire(db, 1860)
    (halfway,) = fetch(db, invoices)
    found_halfway, books_halfway = findings(db), balances(db)
    wire(db, 1000)
    wire(db, 860)

    (done,) = fetch(db, invoices)
    assert (halfway["state"], halfway["paid_minor"], found_halfway) == ("written_off", 1860, [])
    assert books_halfway == {
        "bad_debt": 1000, "bad_debt_recovery": -1550, "bank": 1860, "revenue": -1000, "tax_payable": -310,
    }  # fmt: skip
    assert (done["state"], done["written_off_at"], findings(db)) == ("paid", None, [])
    assert balances(db) == {
        "bad_debt": 1000, "bad_debt_recovery": -3100, "bank": 3720, "revenue": -1000, "tax_payable": -620,
    }  # fmt: skip


def wire(db: Database, minor: int) -> None:
    """Money for inv-1, booked by hand and applied."""
    store, clock = EventStore(db), FakeClock(TENTH)
    record_payment(store, clock, ReceivedMoney(minor, "usd", "wire", f"wire {minor}", TENTH, "ann", invoice_id="inv-1"))
    apply_events(store, FakeGateway(), clock)


def test_giving_up_by_hand_is_a_fact_for_the_inbox(db: Database) -> None:
    insert_account(db)
    issue(db, state="overdue")

    told = give_up(DocumentStore(db), FakeClock(TENTH), [InvoiceId("inv-1")], by="ann", reason="insolvent")

    (fact,) = fetch(db, inbox)
    assert told == 1
    assert (fact["type"], fact["object_id"], fact["payload"]["reason"]) == ("invoice.given_up", "inv-1", "insolvent")


@pytest.mark.parametrize(("invoice", "message"), [("inv-1", "inv-1 is pending"), ("inv-9", "inv-9 does not exist")])
def test_only_what_is_overdue_is_given_up(db: Database, invoice: str, message: str) -> None:
    insert_account(db)
    issue(db)
    issue(db, "inv-2", state="overdue")

    with pytest.raises(Broken, match=message):
        give_up(DocumentStore(db), FakeClock(), [InvoiceId("inv-2"), InvoiceId(invoice)], by="ann", reason="x")

    assert fetch(db, inbox) == []


def test_a_loss_of_a_closed_day_is_booked_on_the_first_open_one(db: Database) -> None:
    insert_account(db)
    issue(db)
    move(db, "inv-1", "written_off", TENTH)
    with db.transaction() as connection:
        connection.execute(
            text("""insert into closed_days (day, close_zone, digest, proof, closed_at, closed_by)
            values ('2026-01-11', 'UTC', '', '{}', now(), 'test')""")
        )

    write_off(db)

    assert fetch(db, journal_entries, source="write_off:inv-1")[0]["accounting_date"] == date(2026, 1, 12)


def test_the_state_of_a_given_up_invoice_and_its_loss_commit_together(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620, state="overdue")
    give_up(DocumentStore(db), FakeClock(TENTH), [InvoiceId("inv-1")], by="kim", reason="bankrupt")

    apply_events(EventStore(db), FakeGateway(), FakeClock(TENTH))

    assert fetch(db, invoices, invoice_id="inv-1")[0]["state"] == "written_off"
    assert balances(db).get("receivable", 0) == 0
    assert findings(db) == []
