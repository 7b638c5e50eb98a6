"""The chain of seals: complete without making writers wait, and loud when somebody rewrites history."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.ledger import journal_entries, seals
from billing_pipeline.adapters.tables.stripe import identity_lock
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ledger import Entry, LedgerAccount, Posting
from billing_pipeline.domain.sealing import GENESIS, next_root
from billing_pipeline.flows.seal_journal import Sealed, seal_journal
from billing_pipeline.flows.verify_books import verify_books
from tests.fakes import FakeClock
from tests.seeds import START, add, fetch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(source: str, minor: int = 100, currency: str = "usd") -> Entry:
    sides = Posting(LedgerAccount.BANK, minor), Posting(LedgerAccount.UNAPPLIED_CASH, -minor)
    return Entry(source, "test", Currency(currency), NOON, date(2026, 3, 1), sides)


def book(db: Database, *sources: str) -> None:
    write_entries(db, [entry(source) for source in sources], run_id="", recorded_at=NOON)


def seal(db: Database) -> Sealed:
    return seal_journal(LedgerStore(db), FakeClock(NOON))


def broken(db: Database) -> list[tuple[str, str]]:
    found = verify_books(LedgerStore(db), FakeClock(NOON)).findings
    return [(one.subject, one.detail) for one in found if one.check == "broken_seals"]


@contextmanager
def unguarded(db: Database) -> Iterator[Database]:
    """The database as somebody with full rights on the server sees it: without triggers."""
    with db.transaction() as connection:
        connection.execute(text("set local session_replication_role = replica"))
        yield db


def run(db: Database, sql: str) -> None:
    with db.transaction() as connection:
        connection.execute(text(sql))


def test_a_seal_covers_what_was_written_since_the_last_one(db: Database) -> None:
    book(db, "a", "b")
    first = seal(db)
    write_entries(db, [entry("c"), entry("d", 7, "eur")], run_id="", recorded_at=NOON)

    second = seal(db)

    hashes = [row["content_hash"] for row in fetch(db, journal_entries)]
    rows = fetch(db, seals)
    assert (first.entries, second.entries) == (2, 2)
    assert rows[0]["root"] == next_root(GENESIS, hashes[:2])
    assert rows[1]["root"] == next_root(rows[0]["root"], hashes[2:])
    assert rows[1]["debits"] == {"usd": 100, "eur": 7}
    assert second.root == rows[1]["root"].hex()


def test_nothing_new_makes_no_seal(db: Database) -> None:
    book(db, "a")
    seal(db)

    assert seal(db) == Sealed(0, "")
    assert len(fetch(db, seals)) == 1


def test_an_entry_of_an_older_transaction_that_commits_late_is_not_lost(db: Database, database_url: str) -> None:
    slow = Database(database_url)
    with slow.transaction():
        book(slow, "slow")
        book(db, "quick")
        early = seal(db)
    late = seal(db)
    slow.close()

    assert (early.entries, late.entries) == (0, 2)
    assert broken(db) == []


def test_two_sealers_do_not_wait_for_each_other_and_do_not_fork_the_chain(db: Database, database_url: str) -> None:
    book(db, "a")
    other = Database(database_url)

    with db.transaction():
        LedgerStore(db).try_lock("seal_journal")
        refused = seal(other)
    other.close()

    assert refused == Sealed(0, "")


@pytest.mark.parametrize(
    ("tampering", "detail"),
    [
        ("update postings set minor = minor * 2", 'debits are {"usd": 400}, sealed {"usd": 200}'),
        ("update journal_entries set content_hash = sha256('x') where source = 'a'", "an entry under it was changed"),
        ("delete from journal_entries where source = 'a'", "covers 1 entries, sealed 2"),
        ("update seals set root = sha256('x')", "an entry under it was changed"),
        ("update seals set previous_root = sha256('x')", "does not join the seal before it"),
    ],
)
def test_tampering_with_what_is_sealed_shows(db: Database, tampering: str, detail: str) -> None:
    book(db, "a", "b")
    seal(db)
    sound = broken(db)

    with unguarded(db):
        run(db, tampering)

    assert sound == []
    assert broken(db) == [("seal 1", detail)]


def test_an_entry_smuggled_under_a_seal_shows(db: Database) -> None:
    book(db, "a")
    seal(db)
    book(db, "b")

    with unguarded(db):
        run(db, "update journal_entries set tx = (select tx from journal_entries where source = 'a')")

    assert broken(db) == [("seal 1", "covers 2 entries, sealed 1")]


def adopt(db: Database, epoch: int) -> None:
    run(db, "delete from identity_lock")
    add(
        db, identity_lock, only_row=1, stripe_account_id="acct_1", livemode=False, system_identifier="1", database_oid=1,
        epoch=epoch, bound_at=START, reason="test",
    )  # fmt: skip


def test_after_a_restore_with_lower_transaction_ids_every_entry_is_sealed_once(db: Database) -> None:
    book(db, "old-1")
    with unguarded(db):
        run(db, "update journal_entries set tx = '5000000'::xid8")
        run(db, "update seals set tx_to = '5000001'::xid8")
    book(db, "old-2")
    seal(db)  # a window that ends at this server's transaction ids
    with unguarded(db):  # as a dump from a busier server would look: sealed and unsealed ids far above ours
        run(db, "update seals set tx_from = '4000000'::xid8, tx_to = '5000001'::xid8")
        run(db, "update seals set entries = 1, last_entry = 1")
        run(db, "update journal_entries set tx = '6000000'::xid8 where source = 'old-2'")
        run(db, "update seals set debits = '{\"usd\": 100}', root = sha256(previous_root || "
                "(select content_hash from journal_entries where source = 'old-1'))")  # fmt: skip
    assert broken(db) == []
    adopt(db, 2)
    book(db, "new-1")

    opening = seal(db)
    book(db, "new-2")
    window = seal(db)

    assert (opening.entries, window.entries) == (2, 1)
    assert broken(db) == []
    assert verify_books(LedgerStore(db), FakeClock(NOON)).unsealed == 0


def test_the_unsealed_tail_is_reported_with_its_age(db: Database) -> None:
    book(db, "a")
    seal(db)
    book(db, "b", "c")

    verified = verify_books(LedgerStore(db), FakeClock(NOON.replace(minute=5)))

    assert (verified.unsealed, verified.unsealed_seconds) == (2, 300)
