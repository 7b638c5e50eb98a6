"""The proof of close, closing, and what is known later."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.close_store import ClosedDayStore
from billing_pipeline.adapters.stores.journal import open_day
from billing_pipeline.adapters.tables import ledger
from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.billing_entries import When
from billing_pipeline.domain.cash_entries import Owner, Split
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.close_day import Closed, close_day
from billing_pipeline.flows.ports.reconciliation import BridgeLine, Proof
from billing_pipeline.flows.restate import restate
from tests.reconciliation.faults import FAULTS, entry
from tests.seeds import fetch
from tests.two_books import NOW, PAID_AT, TwoBooks, agreed

MARCH_2, MARCH_19 = date(2026, 3, 2), date(2026, 3, 19)


def close(books: TwoBooks, through: date, *, accept: bool = False) -> Closed:
    zone = ZoneInfo(books.zone)
    return close_day(
        ClosedDayStore(books.db, books.zone), books.proof(), books.clock, through=through, zone_name=books.zone, zone=zone,
        who="finance", cut_off=books.policy.cut_off(books.clock.now()), accept_remainder=accept,
    )  # fmt: skip


def lines(proof: Proof, bridge: str, day: date | None = None) -> dict[str, int]:
    """Sum by name of line."""
    sums: dict[str, int] = {}
    for line in proof.lines:
        if line.bridge == bridge and day in (None, line.day):
            sums[line.name] = sums.get(line.name, 0) + line.minor
    return sums


def test_bridges_of_books_that_agree_are_equal_at_both_ends(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    proof = books.proof()

    for bridge in (
        "ledger_to_objects",
        "objects_to_balance",
        "fees_and_disputes",
        "balance_to_payouts",
        "payouts_to_bank",
    ):
        ends = lines(proof, bridge)
        assert ends.pop("left") == ends.pop("right"), bridge
        assert ends == {}, bridge


def test_a_payment_that_is_not_booked_is_a_named_row(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["payment_that_we_were_not_told"](books, "x")

    proof = books.proof()

    assert lines(proof, "ledger_to_objects", MARCH_2)["difference:missing_in_ledger"] == -4900


def test_stripes_utc_day_is_a_named_row_where_the_close_zone_differs(db: Database, tmp_path: Path) -> None:
    books = TwoBooks(db, tmp_path, zone="Pacific/Auckland")
    books.customer("acme")
    books.paid_invoice("a", "acme", at=datetime(2026, 3, 2, 22, tzinfo=UTC))

    proof = books.proof()

    assert lines(proof, "objects_to_balance", date(2026, 3, 3)) == {"left": 4900, "difference:utc_shift": 4900}
    assert lines(proof, "objects_to_balance", MARCH_2) == {"right": 4900, "difference:utc_shift": -4900}


def test_what_the_cut_off_leaves_out_is_a_named_row(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.charge("new", "acme", 700, NOW - timedelta(minutes=10), invoice="inv-open")

    proof = books.proof()

    assert lines(proof, "ledger_to_objects", NOW.date())["difference:after_cut_off"] == -700


def test_closing_freezes_every_day_with_its_proof(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    done = close(books, MARCH_19)

    rows = fetch(db, ledger.closed_days)
    assert (done.days, done.through) == (18, MARCH_19)
    assert [row["digest"] for row in rows] == list(done.digests.values())
    assert rows[0]["proof"]["booked"]["usd"]["1100"] == -14800
    assert {line["bridge"] for line in rows[0]["proof"]["bridges"]} >= {"ledger_to_objects", "objects_to_balance"}
    assert open_day(db, MARCH_2) == date(2026, 3, 20)


def test_closing_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    close(books, MARCH_19)
    before = fetch(db, ledger.closed_days)

    again = close(books, MARCH_19)

    assert (again.days, fetch(db, ledger.closed_days)) == (0, before)


def test_two_closes_of_equal_books_have_the_same_digest(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    proof = books.proof()
    store = ClosedDayStore(db, "UTC")
    from billing_pipeline.flows.close_day import content_of, digest_of

    first, second = (digest_of(content_of(store, proof, MARCH_2)) for _ in range(2))
    books.book(entry("another", "manual", 1))

    assert first == second
    assert digest_of(content_of(store, proof, MARCH_2)) != first


def test_a_day_that_has_not_ended_is_not_closed(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    with pytest.raises(Broken, match="2026-03-20 cannot be closed yet"):
        close(books, NOW.date())


def test_a_day_with_an_unexplained_remainder_is_closed_only_knowingly(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["entry_that_nothing_explains"](books, "x")

    with pytest.raises(Broken, match="2026-03-03 cannot be closed: 777 usd"):
        close(books, MARCH_19)
    done = close(books, MARCH_19, accept=True)

    assert done.through == MARCH_19
    assert done.unexplained == {"usd": 777}


def test_books_that_moved_since_the_proof_are_not_closed(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    proof = books.proof()
    books.book(entry("payment:late", "manual", 5))

    with pytest.raises(Broken, match=r"2026-03-02 has \d+ entries"):
        close_day(
            ClosedDayStore(db, "UTC"), proof, books.clock, through=MARCH_19, zone_name="UTC", zone=UTC, who="x",
            cut_off=NOW - timedelta(hours=1),
        )  # fmt: skip


def test_too_many_days_at_once_are_refused(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)

    with pytest.raises(Broken, match="days would be closed at once"):
        close(books, date(2030, 1, 1))


def test_what_comes_to_be_known_of_a_closed_day_is_restated_with_its_cause(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    close(books, MARCH_19)
    day = open_day(db, MARCH_2)
    books.book(cash_entries.refund("re_late", Money(300, Currency("usd")), 0, Split(), When(PAID_AT, day), Owner()))

    found = restate(ClosedDayStore(db, "UTC"), MARCH_2, MARCH_19)

    assert [(c.day, c.booked_on, c.source, c.minor) for c in found.changes] == [
        (MARCH_2, date(2026, 3, 20), "refund:re_late", 300)
    ]
    assert [(a.account, a.as_closed_minor, a.as_known_minor) for a in found.accounts if a.account == "refunds"] == [
        ("refunds", 900, 1200)
    ]


def test_the_day_on_which_it_was_booked_is_restated_too(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    close(books, MARCH_19)
    day = open_day(db, MARCH_2)
    books.book(cash_entries.refund("re_late", Money(300, Currency("usd")), 0, Split(), When(PAID_AT, day), Owner()))

    booked, both = (restate(ClosedDayStore(db, "UTC"), since, day) for since in (day, MARCH_2))

    assert [(a.account, a.as_closed_minor, a.as_known_minor) for a in booked.accounts if a.account == "refunds"] == [
        ("refunds", 300, 0)
    ]
    assert [c.source for c in booked.changes] == ["refund:re_late"]
    assert ([a.account for a in both.accounts], [c.source for c in both.changes]) == ([], ["refund:re_late"])


def test_a_span_that_runs_backwards_is_refused(db: Database) -> None:
    with pytest.raises(Broken, match="turn them round"):
        restate(ClosedDayStore(db, "UTC"), MARCH_19, MARCH_2)


def test_nothing_is_closed_while_the_books_are_empty(db: Database) -> None:
    done = close_day(
        ClosedDayStore(db, "UTC"), Proof(()), TwoBooks(db, Path("/nowhere")).clock, through=MARCH_2, zone_name="UTC", zone=UTC,
        who="x", cut_off=NOW,
    )  # fmt: skip

    assert done.days == 0


def test_a_remainder_is_a_line_that_is_not_zero() -> None:
    zero, some = (BridgeLine(MARCH_2, "usd", "b", "remainder", minor, 1) for minor in (0, 5))

    assert Proof((zero, some)).remainders == (some,)
