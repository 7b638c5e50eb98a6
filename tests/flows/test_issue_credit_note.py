"""Credit notes: what is open falls first, the rest becomes credit, and revenue follows."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import credit_grants, credit_notes, invoices
from billing_pipeline.adapters.tables.stripe import collections, inbox
from billing_pipeline.domain.billing_entries import When, opening_balance
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.documents import Remaining, credit_parts, loss_parts
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.ledger import LedgerAccount, postings
from billing_pipeline.flows.issue_credit_note import CreditNoteIssued, Wish, issue_credit_note
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.zones import end_of
from tests.fakes import FakeClock
from tests.ledger_seeds import balances, book, findings, issue, move, pay
from tests.seeds import START, fetch, insert_account, insert_collection, insert_invoice

TENTH = datetime(2026, 1, 10, 9, tzinfo=UTC)


def credit(db: Database, amount: int | None = None, key: str = "k1", invoice: str = "inv-1") -> CreditNoteIssued:
    wish = Wish(InvoiceId(invoice), "agreed on the phone", "ann", amount, key)
    return issue_credit_note(DocumentStore(db), FakeClock(TENTH), wish)


def recognise(db: Database, through: date) -> None:
    recognise_revenue(LedgerStore(db), FakeClock(end_of(through, "UTC") + timedelta(hours=9)), through)


def test_an_open_invoice_is_lowered_and_its_parts_are_given_back(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620)
    recognise(db, date(2026, 1, 10))

    note = credit(db, 372)

    assert note == CreditNoteIssued("cn-inv-1-k1", "ACME-CN-0001", 372)
    assert balances(db, source="credit_note:cn-inv-1-k1") == {
        "deferred_revenue": 210, "revenue": 100, "tax_payable": 62, "receivable": -372,
    }  # fmt: skip
    assert fetch(db, invoices)[0]["credited_minor"] == 372
    assert findings(db) == []


def test_an_invoice_from_before_these_books_has_no_tax_in_them_that_a_note_could_take_out(db: Database) -> None:
    insert_account(db)
    insert_invoice(db, kind="opening", total_minor=1200, tax_minor=200)
    opened = opening_balance(InvoiceId("inv-1"), AccountId("acme"), Currency("usd"), 1200, When(TENTH, TENTH.date()))
    LedgerStore(db).write([opened], "", TENTH)

    credit(db, 600)

    assert balances(db, source="credit_note:cn-inv-1-k1") == {"revenue": 600, "receivable": -600}
    assert fetch(db, credit_notes)[0]["tax_minor"] == 100
    assert findings(db) == []


def test_revenue_goes_on_with_what_is_left(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100)
    recognise(db, date(2026, 1, 10))
    credit(db, 1000)

    recognise(db, date(2026, 3, 1))

    assert balances(db)["revenue"] == -2100
    assert "deferred_revenue" not in balances(db)
    assert findings(db) == []


def test_an_invoice_credited_whole_is_told_to_the_inbox_as_void_and_earns_nothing_more(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100, tax=620)
    recognise(db, date(2026, 1, 10))

    note = credit(db)
    recognise(db, date(2026, 3, 1))

    (fact,) = fetch(db, inbox)
    assert (note.amount_minor, note.leaves_nothing) == (3720, True)
    assert (fact["type"], fact["object_id"], fact["source"]) == ("invoice.voided", "inv-1", "hand")
    assert balances(db) == {}
    assert findings(db) == []


def test_a_paid_invoice_gives_the_customer_a_credit(db: Database) -> None:
    insert_account(db)
    issue(db, net=3100)
    pay(db, "inv-1", 3100)
    move(db, "inv-1", "paid", START)

    note = credit(db, 500)

    (grant,) = fetch(db, credit_grants)
    assert (note.to_credit_minor, note.leaves_nothing) == (500, False)
    assert (grant["kind"], grant["remaining_minor"], grant["source"]) == ("refund", 500, "credit_note:cn-inv-1-k1")
    assert fetch(db, invoices)[0]["credited_minor"] == 0
    assert findings(db) == []


def test_the_collection_is_closed_because_its_intent_asks_for_too_much(db: Database) -> None:
    insert_account(db)
    issue(db)
    insert_collection(db)

    credit(db, 100)

    assert fetch(db, collections)[0]["close_reason"] == "credited"


def test_the_same_wish_twice_is_one_note(db: Database) -> None:
    insert_account(db)
    issue(db)
    first = credit(db, 100)

    again, other = credit(db, 100), credit(db, 100, key="k2")

    assert (again.number, again.new, other.number) == (first.number, False, "ACME-CN-0002")
    assert len(fetch(db, credit_notes)) == 2
    assert findings(db) == []


def test_notes_never_exceed_the_invoice(db: Database) -> None:
    insert_account(db)
    issue(db, net=1000)
    credit(db, 800)

    with pytest.raises(Broken, match="a credit note of 201 does not fit: 200 minor units"):
        credit(db, 201, key="k2")

    assert fetch(db, invoices)[0]["credited_minor"] == 800
    assert fetch(db, credit_notes)[-1]["number"] == "ACME-CN-0001"


def test_while_a_payment_is_under_way_nothing_is_credited(db: Database) -> None:
    insert_account(db)
    issue(db)
    insert_collection(db, status="processing")

    with pytest.raises(Broken, match="a payment of invoice inv-1 is under way"):
        credit(db, 100)

    assert fetch(db, credit_notes) == []


def test_what_stripe_collects_is_not_lowered_behind_its_back(db: Database) -> None:
    insert_account(db)
    issue(db, charger="stripe", stripe_invoice_id="in_1")

    with pytest.raises(Broken, match="Stripe collects invoice inv-1 and would not know: void it in Stripe"):
        credit(db, 500)

    assert fetch(db, credit_notes) == []


@pytest.mark.parametrize(
    ("invoice", "state", "message"),
    [("inv-9", "void", "no invoice inv-9"), ("inv-1", "void", "is void"), ("inv-1", "written_off", "is written_off")],
)
def test_what_is_not_owed_cannot_be_credited(db: Database, invoice: str, state: str, message: str) -> None:
    insert_account(db)
    issue(db)
    move(db, "inv-1", state, START)

    with pytest.raises(Broken, match=message):
        credit(db, 1, invoice=invoice)


def test_a_partly_paid_invoice_is_not_credited_to_nothing(db: Database) -> None:
    insert_account(db)
    issue(db, net=1000)
    pay(db, "inv-1", 400)

    with pytest.raises(Broken, match="partly paid"):
        credit(db, 600)

    assert credit(db, 599).amount_minor == 599


def test_an_invoice_that_credits_paid_in_part_is_credited_whole_or_stays_open(db: Database) -> None:
    insert_account(db)
    issue(db, net=1000, due_minor=600, credits_minor=400)
    used = postings((LedgerAccount.CUSTOMER_CREDITS, 400, None), (LedgerAccount.RECEIVABLE, -400, AccountId("acme")))
    book(db, "credits:inv-1", "credits_used", used, "usd", START, "inv-1", AccountId("acme"))

    for amount in (600, 999):
        with pytest.raises(Broken, match="partly paid by credits"):
            credit(db, amount)
    in_part = credit(db, 100)
    whole = credit(db, key="k2")
    recognise(db, date(2026, 3, 1))

    assert (in_part.leaves_nothing, whole.amount_minor, whole.to_credit_minor, whole.leaves_nothing) == (
        False, 900, 400, True,
    )  # fmt: skip
    assert balances(db) == {}


def test_a_credit_note_cannot_be_taken_out_of_the_books(db: Database) -> None:
    insert_account(db)
    issue(db)
    credit(db, 100)

    with pytest.raises(Exception, match="append-only"), db.transaction() as connection:
        connection.execute(text("delete from revenue_adjustments"))


amounts = st.integers(0, 10_000)


@given(amounts, amounts, amounts, st.data())
def test_the_parts_of_a_credit_note_sum_to_it_and_fit(tax: int, net: int, unearned: int, data: st.DataObject) -> None:
    left = Remaining(tax, net + 1, min(unearned, net + 1))
    amount = data.draw(st.integers(1, tax + net + 1))

    parts = credit_parts(amount, left)

    assert parts.minor == amount
    assert 0 <= parts.tax_minor <= left.tax
    assert 0 <= parts.unearned_minor <= left.unearned
    assert parts.earned_minor >= 0


@given(amounts, amounts)
def test_crediting_all_gives_back_all_of_each_part(tax: int, net: int) -> None:
    left = Remaining(tax, net + 1, net // 2)

    parts = credit_parts(tax + net + 1, left)

    assert (parts.tax_minor, parts.unearned_minor, parts.earned_minor) == (tax, net // 2, net + 1 - net // 2)


@given(st.integers(1, 30_000), amounts, amounts, amounts)
def test_the_parts_of_a_loss_sum_to_it(open_minor: int, net: int, tax: int, unearned: int) -> None:
    parts = loss_parts(open_minor, net + tax, tax, min(unearned, net))

    assert parts.minor == open_minor
    assert min(parts.tax_minor, parts.unearned_minor, parts.earned_minor) >= 0
