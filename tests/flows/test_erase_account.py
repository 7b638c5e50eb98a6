"""Erasing an account: the person is gone from every table, the books are untouched."""

import json

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.tables.catalog import accounts
from billing_pipeline.adapters.tables.stripe import inbox
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.erase_account import Erased, erase_account
from billing_pipeline.flows.ports import Json
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
    told_by_stripe(db)
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


def told_by_stripe(db: Database) -> None:
    """What else Stripe tells about a customer, and what we told Stripe: each in the shape that it has there."""
    name, email, tax_id, street, fingerprint, last4 = PERSON
    card = {"last4": last4, "fingerprint": fingerprint}
    method = {"id": "pm_1", "object": "payment_method", "card": card, "billing_details": {"name": name}}
    customer = {"id": "cus_acme", "object": "customer", "metadata": {"account_id": "acme", "tax_id": tax_id}}
    checked = {"verified_name": name}
    tax = {"id": "txi_1", "object": "tax_id", "customer": "cus_acme", "value": tax_id, "verification": checked}
    invoice = {"id": "in_1", "object": "invoice", "customer": "cus_acme", "customer_tax_ids": [{"value": tax_id}]}
    setup = {"id": "seti_1", "object": "setup_intent", "customer": "cus_acme", "payment_method": method}
    dispute = {"id": "dp_1", "object": "dispute", "charge": "ch_1", "evidence": {"customer_name": name}}
    before = {"id": "cus_before", "object": "customer", "email": email}
    told: tuple[Json, ...] = (customer, tax, invoice, setup, dispute, before)
    for payload in told:
        tell(db, f"evt_{payload['id']}", str(payload["id"]), payload)
    insert_payment_method(db, payment_method_id="pm_1", is_default=False)
    tell(db, "evt_detached", "pm_1", method | {"customer": None, "sepa_debit": {"last4": last4}})
    with db.transaction() as connection:
        connection.execute(
            text("""insert into stripe_attempts (operation, subject, attempt, idempotency_key, api_version, method_path,
            request_json, started_at, lease_until, outcome, outcome_at, resolved_by, object_id)
            values ('customer', 'acme', 1, 'k1', '', 'post /v1/customers', :asked, now(), now(), 'succeeded', now(), 'reply',
                    'cus_before'),
                   ('customer', 'acme#tax', 1, 'k2', '', 'post /v1/customers/cus_acme/tax_ids', :tax, now(), now(),
                    'succeeded', now(), 'reply', 'txi_1')"""),
            {"asked": json.dumps({"name": name, "email": email, "address": {"line1": street}}), "tax": tax_id},
        )
        connection.execute(
            text("""insert into payments (payment_id, account_id, invoice_id, method, charge_id, currency, amount_minor,
            applied_minor, fingerprint, succeeded_at)
            values ('pi_1', 'acme', 'inv-1', 'card', 'ch_1', 'usd', 3100, 3100, :fingerprint, now())"""),
            {"fingerprint": fingerprint},
        )


def tell(db: Database, event: str, subject: str, payload: Json) -> None:
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

    assert fetch(db, inbox, event_id="evt_2")[0]["payload"] == {
        "id": "pi_1", "customer": "cus_acme", "latest_charge": {"id": "ch_1"},
    }  # fmt: skip


def test_erasing_twice_is_fine(db: Database) -> None:
    known_person(db)
    erase(db)

    assert erase(db) == Erased("acme", "cus_acme", False)


def test_erasing_again_takes_out_what_stripe_told_since(db: Database) -> None:
    known_person(db)
    erase(db)
    tell(db, "evt_gone", "cus_acme", {"id": "cus_acme", "object": "customer", "deleted": True, "email": PERSON[1]})

    erase(db)

    assert PERSON[1] not in everything(db)
    assert fetch(db, accounts)[0]["erased_at"] == FakeClock().now()


def test_nobody_is_forgotten_while_a_call_that_names_them_may_be_sent_again(db: Database) -> None:
    known_person(db)
    with db.transaction() as connection:
        connection.execute(text("update stripe_attempts set outcome = null, outcome_at = null, resolved_by = null"))

    with pytest.raises(Broken, match="2 calls about its Stripe customer are not settled"):
        erase(db)


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
