"""Comparing what was touched finds what comparing everything finds."""

import shutil
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog, stripe
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.domain.reconciliation import Finding
from billing_pipeline.flows.ports.reconciliation import Run
from tests.reconciliation.faults import FAULTS, Fault
from tests.seeds import add, change, fetch
from tests.two_books import NOW, PAID_AT, TwoBooks, agreed, seconds

SEEDS = [*range(6), *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(6, 60))]


def run_of(books: TwoBooks) -> Run:
    return Run("r", books.policy.cut_off(books.clock.now()), books.clock.now())


def touched(books: TwoBooks) -> list[Finding] | None:
    """What an increment finds; None when everything must be compared."""
    examined = DuckComparison(books.workbench).examine_touched(run_of(books), books.policy, zone=books.zone)
    return examined and without_bridges(examined.findings)


def everything(books: TwoBooks, folder: Path) -> list[Finding]:
    """What a whole comparison finds that knows nothing of earlier ones."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(books.lake.folder, folder / "lake", ignore=shutil.ignore_patterns("bench"))
    fresh = DuckComparison(Workbench(ParquetLake.at(folder)))
    return without_bridges(fresh.examine(run_of(books), books.policy, zone=books.zone).findings)


def without_bridges(findings: tuple[Finding, ...]) -> list[Finding]:
    return [one for one in findings if not one.subject.startswith("bridge:")]


def compared(db: Database, home: Path) -> TwoBooks:
    """Books that agree, with a whole comparison behind them."""
    books = agreed(db, home / "books")
    books.reconcile()
    return books


def turn_round(books: TwoBooks, random: Random) -> None:
    """Something changes on Stripe's side that was there before."""
    intent = random.choice(sorted(books.objects["payment_intent"]))
    match random.randrange(6):
        case 0:
            books.change("payment_intent", intent, status="canceled", canceled_at=seconds(books.clock.now()))
        case 1:
            books.change("payment_intent", intent, metadata={"invoice_id": f"inv-{random.choice('abc')}"})
        case 2:
            charge = random.choice(sorted(books.objects["charge"]))
            books.change("charge", charge, balance_transaction=None)
        case 3:
            transaction = random.choice(sorted(books.objects["balance_transaction"]))
            books.change("balance_transaction", transaction, fee=random.randrange(300))
        case 4:
            books.change("customer", "cus_zeta", deleted=random.random() < 0.5)
        case _:
            books.change("payout", "po_1", status=random.choice(("failed", "paid", "in_transit")))


@pytest.mark.parametrize("seed", SEEDS)
def test_days_of_increments_find_what_one_whole_comparison_finds(db: Database, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    books = compared(db, tmp_path)

    for day in range(4):
        for n, name in enumerate(random.choices([*FAULTS], k=random.randint(0, 8))):
            FAULTS[name](books, f"d{day}n{n}")
        for _ in range(random.randint(0, 3)):
            turn_round(books, random)
        books.clock.advance(minutes=random.choice((20, 50, 600, 1440)))
        books.land()

        found = touched(books)

        assert found == everything(books, tmp_path / "fresh")


@pytest.mark.parametrize("fault", ["charge_made_twice", "refund_made_in_the_dashboard", "payout_that_came_back"])
def test_a_fault_of_yesterday_is_carried_over_and_the_one_of_today_added(
    db: Database, tmp_path: Path, fault: str
) -> None:
    books = compared(db, tmp_path)
    yesterday = FAULTS[fault](books, "x")
    books.reconcile()
    books.clock.advance(days=1)
    today = FAULTS["amount_that_differs"](books, "y")

    done = books.reconcile()

    assert not done.whole
    assert {(one.kind.value, one.subject) for one in books.findings()} == yesterday | today


def test_what_is_put_right_is_no_longer_carried(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    FAULTS["currency_that_differs"](books, "x")
    books.reconcile()
    books.change("payment_intent", "pi_x", currency="usd")

    done = books.reconcile()

    assert (done.whole, done.findings, done.closed) == (False, 0, 1)


def test_a_second_payment_weeks_later_is_held_against_the_first(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    books.charge("late", "acme", 4900, NOW - timedelta(hours=2), invoice="inv-a")

    done = books.reconcile()

    assert (done.whole, done.by_kind) == (False, {"duplicate_charge": 1})


def test_an_intent_that_leaves_its_invoice_clears_what_was_said_of_that(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    books.charge("late", "acme", 4900, PAID_AT, invoice="inv-a")
    books.reconcile()
    books.change("payment_intent", "pi_late", metadata={"invoice_id": "inv-of-another-system"})

    done = books.reconcile()

    assert (done.whole, done.by_kind) == (False, {"orphan_object": 1})


def test_what_lay_behind_the_cut_off_is_compared_when_it_has_passed(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    books.charge("new", "acme", 4900, NOW - timedelta(minutes=10), invoice="inv-open")
    early = books.reconcile().findings
    books.clock.advance(hours=2)

    late = books.reconcile()

    assert (early, late.whole, late.by_kind) == (0, False, {"missing_in_ledger": 1})


def test_time_alone_makes_a_charge_late(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    FAULTS["charge_that_does_not_settle"](books, "x")
    books.clock.set(NOW - timedelta(days=3))
    early = books.reconcile().findings
    books.clock.set(NOW)

    late = books.reconcile()

    assert (early, late.whole, late.by_kind) == (0, False, {"late_settlement": 1})


def test_a_fact_that_no_longer_waits_frees_its_object(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    FAULTS["refund_made_in_the_dashboard"](books, "x")
    waiting = {"event_id": "e", "source": "sweep", "type": "refund.swept", "object_type": "refund", "object_id": "re_x"}
    add(
        db,
        stripe.inbox,
        **waiting,
        fact_key="k",
        payload={},
        api_version="v",
        livemode=False,
        occurred_at=NOW,
        received_at=NOW,
    )
    held = books.reconcile().findings
    with db.transaction() as connection:
        connection.execute(stripe.inbox.update().values(state="applied"))

    freed = books.reconcile()

    assert (held, freed.whole, freed.by_kind) == (0, False, {"refund_mismatch": 1})


def test_an_account_that_takes_over_an_older_customer_owns_what_that_paid(db: Database, tmp_path: Path) -> None:
    books = agreed(db, tmp_path)
    books.customer("late", stripe_customer_id=None)
    books.charge("early", "late", 4900, PAID_AT, invoice="of-another-system")
    books.reconcile()
    change(db, catalog.accounts, "late", stripe_customer_id="cus_late")

    books.reconcile()

    assert [(one.kind.value, one.account) for one in books.findings()] == [("orphan_object", "late")]


def test_what_came_again_unchanged_is_not_compared_again(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    books.clock.advance(hours=2)
    books.reconcile()
    books.clock.advance(hours=2)

    books.land()

    with books.workbench.open() as bench:
        assert bench.connection.execute("select * from carried.touched").fetchall() == []


def test_everything_is_compared_when_the_rules_have_changed_or_a_week_is_over(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    soon = books.reconcile().whole
    books.zone = "Pacific/Auckland"
    elsewhere, again = books.reconcile().whole, books.reconcile().whole
    books.clock.advance(days=7)

    later = books.reconcile().whole

    assert (soon, elsewhere, again, later, books.reconcile(whole=True).whole) == (False, True, False, True, True)


def test_everything_is_compared_after_everything_was_pulled_again(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    books.land(full=True)

    assert books.reconcile().whole
    assert not books.reconcile().whole


def test_a_comparison_that_breaks_leaves_what_was_known(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    FAULTS["amount_that_differs"](books, "x")
    books.land()
    with books.workbench.open() as bench:
        bench.connection.execute("alter table stripe.charges rename captured to seized")

    with pytest.raises(Exception, match="captured"):
        touched(books)
    with books.workbench.open() as bench:
        bench.connection.execute("alter table stripe.charges rename seized to captured")

    found = touched(books)
    assert [one.kind.value for one in found or []] == ["amount"]


def test_every_fault_is_found_by_an_increment(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    faults: list[Fault] = [fault for name, fault in FAULTS.items() if name != "entry_that_nothing_explains"]

    expected = set[tuple[str, str]]().union(*(fault(books, f"m{n}") for n, fault in enumerate(faults)))

    assert {(one.kind.value, one.subject) for one in found_after_landing(books)} == expected
    assert fetch(db, billing.invoices)


def found_after_landing(books: TwoBooks) -> list[Finding]:
    books.land()
    return touched(books) or []


def test_small_books_are_compared_whole_each_time(db: Database, tmp_path: Path) -> None:
    books = compared(db, tmp_path)
    small = DuckComparison(books.workbench, increment_from=1_000)

    small.examine(run_of(books), books.policy, zone=books.zone)

    assert touched(books) is None
