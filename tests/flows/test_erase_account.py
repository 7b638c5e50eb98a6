"""Erasing an account: the person is gone from every table, the books are untouched."""

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.tables.stripe import inbox
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.erase_account import Erased, erase_account
from tests.fakes import START, FakeClock
from tests.ledger_seeds import balances, findings, issue, move, pay
from tests.seeds import add, fetch, insert_account, insert_payment_method, insert_price, insert_subscription

PERSON = ("Ada Lovelace", "ada@example.org", "GB777", "12 St James's Square", "fp_secret", "4711")


def erase(db: Database) -> Erased:
    return erase_account(DocumentStore(db), FakeClock(), AccountId("acme"))


def known_person(db: Database) -> None:
    """An account with a paid invoice, a card, a message that came back, holds and facts from Stripe, full of personal data."""
    name, email, tax_id, street, fingerprint, last4 = PERSON
    insert_account(db, name=name, email=email, tax_id=tax_id, address={"line1": street})
    insert_payment_method(db, fingerprint=fingerprint, last4=last4)
    issue(db)
    pay(db, "inv-1", 3100)
    move(db, "inv-1", "paid", START)
    tell(db, "evt_1", "cus_acme", {"id": "cus_acme", "name": name, "email": email, "object": "customer"})
    charge = {"id": "ch_1", "billing_details": {"name": name}, "payment_method_details": {"card": {"last4": last4}}}
    tell(db, "evt_2", "pi_1", {"id": "pi_1", "customer": "cus_acme", "receipt_email": email, "latest_charge": charge})
    with db.transaction() as connection:
        connection.execute(
            text("""insert into messages (message_id, account_id, invoices, template, language, recipient, subject,
            body_text, body_html, queued_at, next_try_at, state, error)
            values ('m', 'acme', '[]', 't', 'en', :email, :name, :name, :name, now(), now(), 'bounced',
                    '550 <' || :email || '>')"""),
            {"email": email, "name": name},
        )
        connection.execute(
            text("""insert into dunning_holds (account_id, invoice_id, kind, who, why, made_at)
            values ('acme', null, 'pause', 'finance', :name || ' is in hospital', now()),
                   (null, 'inv-1', 'promise', 'finance', :name || ' will pay', now())"""),
            {"name": name},
        )


def tell(db: Database, event: str, subject: str, payload: dict[str, object]) -> None:
    add(
        db, inbox, event_id=event, source="poll", type="x", object_type="x", object_id=subject, fact_key=event,
        occurred_at=START, received_at=START, payload=payload,
    )  # fmt: skip


def everything(db: Database) -> str:
    """All rows of all tables as text."""
    with db.transaction() as connection:
        tables = connection.execute(
            text("select table_name from information_schema.tables where table_schema = 'public'")
        ).scalars()
        return "\n".join(
            str(row) for table in list(tables) for row in connection.execute(text(f'select * from "{table}"'))
        )


def test_nothing_of_the_person_is_left_and_the_books_are_sound(db: Database) -> None:
    known_person(db)
    before, booked = everything(db), balances(db)

    done = erase(db)

    after = everything(db)
    assert done == Erased("acme", "cus_acme", True)
    assert [word for word in PERSON if word not in before] == []
    assert [word for word in PERSON if word in after] == []
    assert balances(db) == booked
    assert findings(db) == []


def test_what_a_fact_says_about_money_stays(db: Database) -> None:
    known_person(db)

    erase(db)

    assert fetch(db, inbox)[1]["payload"] == {"id": "pi_1", "customer": "cus_acme", "latest_charge": {"id": "ch_1"}}


def test_erasing_twice_is_fine(db: Database) -> None:
    known_person(db)
    erase(db)

    assert erase(db) == Erased("acme", "cus_acme", False)


def test_while_something_is_owed_nobody_is_forgotten(db: Database) -> None:
    insert_account(db)
    insert_price(db)
    insert_subscription(db)
    with pytest.raises(Broken, match="1 subscriptions go on: cancel them"):
        erase(db)

    issue(db)
    with db.transaction() as connection:
        connection.execute(text("update subscriptions set state = 'canceled'"))
    with pytest.raises(Broken, match="1 invoices are open"):
        erase(db)

    move(db, "inv-1", "paid", START)
    with db.transaction() as connection:
        connection.execute(
            text("""insert into credit_grants (credit_grant_id, account_id, currency, kind, amount_minor, remaining_minor,
            granted_at, source) values ('g', 'acme', 'usd', 'purchased', 10, 10, now(), 'g')""")
        )
    with pytest.raises(Broken, match="10 minor units of paid credit are left"):
        erase(db)


def test_an_account_that_is_not_there_cannot_be_erased(db: Database) -> None:
    with pytest.raises(Broken, match="no account 'acme'"):
        erase(db)
