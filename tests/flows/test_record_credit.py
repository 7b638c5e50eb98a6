"""Credits granted by hand."""

from datetime import UTC, datetime

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.tables.billing import credit_grants
from billing_pipeline.adapters.tables.ledger import journal_entries
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.flows.record_credit import CreditRecorded, CreditWish, record_credit
from tests.fakes import START, FakeClock
from tests.ledger_seeds import balances, findings
from tests.seeds import fetch, insert_account


def grant(db: Database, kind: str = "purchased", amount: int = 5000, **more: object) -> CreditRecorded:
    wish = CreditWish(AccountId(str(more.pop("account", "acme"))), kind, amount, "c1", **more)  # type: ignore[arg-type]
    return record_credit(DocumentStore(db), FakeClock(), wish)


def test_a_purchased_credit_is_our_debt(db: Database) -> None:
    insert_account(db)

    done = grant(db)

    assert done == CreditRecorded("cg-c1", True)
    assert balances(db) == {"bank": 5000, "customer_credits": -5000}
    assert findings(db) == []


@pytest.mark.parametrize("kind", ["promotional", "goodwill"])
def test_a_credit_given_away_is_booked_when_it_is_used_not_now(db: Database, kind: str) -> None:
    insert_account(db)

    grant(db, kind)

    assert fetch(db, credit_grants)[0]["remaining_minor"] == 5000
    assert fetch(db, journal_entries) == []
    assert findings(db) == []


def test_the_same_key_grants_once(db: Database) -> None:
    insert_account(db)
    grant(db)

    again = grant(db, amount=9000)

    assert not again.new
    assert balances(db)["customer_credits"] == -5000


def test_currency_expiry_priority_and_note_are_kept(db: Database) -> None:
    insert_account(db)
    end = datetime(2026, 7, 1, tzinfo=UTC)

    grant(db, currency="eur", expires_at=end, priority=5, note="for the outage")

    (row,) = fetch(db, credit_grants)
    assert (row["currency"], row["expires_at"], row["priority"], row["note"]) == ("eur", end, 5, "for the outage")


@pytest.mark.parametrize(
    ("kind", "amount", "more", "message"),
    [
        ("purchased", 0, {}, "a credit of 0: grant at least one"),
        ("refund", 1, {}, "credit kind 'refund': use goodwill, opening, promotional, purchased"),
        ("purchased", 1, {"account": "nobody"}, "no account 'nobody': import it first"),
        ("purchased", 1, {"currency": "xxx"}, "unknown currency 'xxx'"),
        ("purchased", 1, {"expires_at": START}, "a credit that expired at 2026-01-01"),
    ],
)
def test_what_cannot_be_granted_is_refused_by_name(
    db: Database, kind: str, amount: int, more: dict[str, object], message: str
) -> None:
    insert_account(db)

    with pytest.raises(Broken, match=message):
        grant(db, kind, amount, **more)

    assert fetch(db, credit_grants) == []
