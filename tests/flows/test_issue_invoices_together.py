"""Several workers at once: each period is billed once, numbers have no gap, nobody waits for anybody."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, date, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import billed_periods, invoices
from billing_pipeline.adapters.tables.catalog import accounts
from billing_pipeline.adapters.tables.ledger import journal_entries
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from billing_pipeline.flows.ports.billing import Batch
from tests.fakes import FakeClock
from tests.seeds import fetch, insert_account, insert_price, insert_subscription

APR = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PausingStore(BillingStore):
    """A store that lets somebody else work just before it writes: with its accounts locked and nothing committed."""

    meanwhile: Callable[[], object]

    def write(self, batch: Batch, now: datetime, run_id: str) -> None:
        self.meanwhile()
        BillingStore.write(self, batch, now, run_id)


def issue(store: BillingStore, chunk: int) -> Issued:
    return issue_invoices(store, FakeClock(APR), through=APR.date(), chunk=chunk)


def seed(db: Database, names: list[str], each: int) -> None:
    insert_price(db) if not fetch(db, accounts) else None
    for name in names:
        insert_account(db, name)
        for number in range(each):
            insert_subscription(db, f"{name}-{number}", name)


def assert_billed_once(db: Database, names: list[str], each: int) -> None:
    """Four months of every subscription, tiled, numbered from 1 without a gap, booked once."""
    numbers = {name: sorted(row["number"] for row in fetch(db, invoices, account_id=name)) for name in names}
    assert numbers == {name: [f"{name.upper()}-{n:04d}" for n in range(1, 4 * each + 1)] for name in names}
    tiles = Counter(row["subscription_id"] for row in fetch(db, billed_periods))
    assert all(tiles[f"{name}-{number}"] == 4 for name in names for number in range(each))
    booked = {row["source"] for row in fetch(db, journal_entries)}
    assert booked == {f"invoice:{row['invoice_id']}" for row in fetch(db, invoices)}


def test_a_worker_that_comes_meanwhile_passes_locked_accounts_by_and_bills_the_others(db: Database) -> None:
    seed(db, ["a", "b", "c"], 2)
    found: list[Issued] = []
    other = BillingStore(Database(db.engine.url.render_as_string(hide_password=False)))

    with ThreadPoolExecutor(1) as thread:
        first = PausingStore(db, lambda: found.append(thread.submit(issue, other, 1).result(timeout=30)))
        mine = issue(first, 1)
    other.db.close()

    assert (mine.invoices, [done.invoices for done in found]) == (8, [16, 0, 0])
    assert_billed_once(db, ["a", "b", "c"], 2)


def names() -> Iterator[str]:
    """Account names that no earlier example used."""
    number = 0
    while True:
        number += 1
        yield f"x{number}"


FRESH = names()


@given(st.integers(1, 5), st.integers(1, 2), st.tuples(st.integers(1, 4), st.integers(1, 4)))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_two_workers_bill_every_period_once(db: Database, many: int, each: int, chunks: tuple[int, int]) -> None:
    own = [next(FRESH) for _ in range(many)]
    seed(db, own, each)

    with ThreadPoolExecutor(2) as threads:
        done = list(threads.map(lambda chunk: issue(BillingStore(db), chunk), chunks))
    done.append(issue(BillingStore(db), 10))

    assert sum(each.invoices for each in done) == 4 * many * each
    assert_billed_once(db, own, each)


def test_a_day_run_again_after_the_next_changes_nothing(db: Database) -> None:
    seed(db, ["a"], 1)
    issue(BillingStore(db), 10)

    again = issue_invoices(BillingStore(db), FakeClock(APR), through=date(2026, 2, 1))

    assert again == Issued()
