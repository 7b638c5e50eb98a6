"""Credits that expire, on a real PostgreSQL."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import credit_grants
from billing_pipeline.adapters.tables.ledger import closed_days, journal_entries, postings
from billing_pipeline.flows.expire_credits import Expired, expire_credits
from tests.fakes import FakeClock
from tests.seeds import START, add, fetch, insert_account

FEB = datetime(2026, 2, 1, tzinfo=UTC)


@pytest.fixture
def acme(db: Database) -> Database:
    insert_account(db)
    return db


def add_grant(db: Database, name: str, kind: str, left: int, **values: Any) -> None:
    row = {"amount_minor": 1000, "granted_at": START, "source": name, "expires_at": FEB} | values
    add(
        db,
        credit_grants,
        credit_grant_id=name,
        account_id="acme",
        currency="usd",
        kind=kind,
        remaining_minor=left,
        **row,
    )


def expire(db: Database, now: datetime = FEB) -> Expired:
    return expire_credits(BillingStore(db), FakeClock(now))


def test_what_is_left_of_a_bought_credit_becomes_revenue(acme: Database) -> None:
    add_grant(acme, "g", "purchased", 300)

    done = expire(acme)

    assert done == Expired(1, {"usd": 300}, {"usd": 300})
    assert [(p["ledger_account"], p["minor"]) for p in fetch(acme, postings)] == [(2200, 300), (4000, -300)]
    assert [(g["remaining_minor"], g["expired_at"]) for g in fetch(acme, credit_grants)] == [(0, FEB)]


def test_a_given_credit_ends_without_an_entry(acme: Database) -> None:
    add_grant(acme, "g", "promotional", 300)

    done = expire(acme)

    assert done == Expired(1, {"usd": 300}, {})
    assert fetch(acme, journal_entries) == []


def test_credits_do_not_expire_before_their_time_or_twice_or_never(acme: Database) -> None:
    add_grant(acme, "g", "purchased", 300)
    add_grant(acme, "for ever", "purchased", 300, expires_at=None)

    early = expire(acme, FEB - timedelta(seconds=1))
    first, second = expire(acme), expire(acme)

    assert (early.grants, first.grants, second.grants) == (0, 1, 0)


def test_an_expiry_in_a_closed_day_is_booked_on_the_first_open_one(acme: Database) -> None:
    add_grant(acme, "g", "purchased", 300)
    add(acme, closed_days, day=date(2026, 2, 3), close_zone="UTC", digest="", proof={}, closed_at=FEB, closed_by="test")

    expire(acme, FEB + timedelta(days=5))

    (entry,) = fetch(acme, journal_entries)
    assert (entry["occurred_at"], entry["accounting_date"]) == (FEB, date(2026, 2, 4))
