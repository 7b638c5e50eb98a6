"""A billing run that is killed at any moment: what it had committed stands, the next run does the rest, once."""

import signal
import subprocess
import sys
from collections import Counter
from typing import Final

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.adapters.tables.billing import billed_periods, invoice_lines, invoices
from billing_pipeline.adapters.tables.catalog import accounts
from billing_pipeline.adapters.tables.ledger import journal_entries, postings
from billing_pipeline.flows.issue_invoices import issue_invoices
from tests.fakes import START, FakeClock
from tests.seeds import fetch, insert_account, insert_price, insert_subscription

ACCOUNTS: Final = 30
WORKER: Final = """
import sys
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores import billing_store
from billing_pipeline.flows.issue_invoices import issue_invoices
from datetime import datetime, UTC

class Clock:
    def now(self):
        return datetime(2026, 1, 1, tzinfo=UTC)

class Store(billing_store.BillingStore):
    def write(self, batch, now, run_id):
        super().write(batch, now, run_id)
        print("written", flush=True)
        sys.stdin.readline()

issue_invoices(Store(Database(sys.argv[1])), Clock(), through=Clock().now().date(), chunk=5)
"""


def kill_worker(url: str, at: int) -> None:
    """Start a worker and kill it in the transaction of its group number `at`, after it wrote and before it committed."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER, url], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    if worker.stdin is None or worker.stdout is None:
        raise RuntimeError("the worker has no pipes")
    with worker:
        for group in range(at):
            assert worker.stdout.readline() == b"written\n"
            if group < at - 1:
                worker.stdin.write(b"go on\n")
                worker.stdin.flush()
        worker.send_signal(signal.SIGKILL)
        worker.wait()


@pytest.mark.parametrize("at", [1, 3])
def test_a_run_that_is_killed_before_a_commit_is_finished_by_the_next(db: Database, database_url: str, at: int) -> None:
    insert_price(db)
    for number in range(ACCOUNTS):
        insert_account(db, f"a{number:02d}")
        insert_subscription(db, f"s{number:02d}", f"a{number:02d}")

    kill_worker(database_url, at)
    left = len(fetch(db, invoices))
    done = issue_invoices(BillingStore(db), FakeClock(), through=START.date())

    assert left == (at - 1) * 5
    assert done.invoices == ACCOUNTS - left
    assert {row["number"][-4:] for row in fetch(db, invoices)} == {"0001"}
    assert {row["next_invoice_number"] for row in fetch(db, accounts)} == {2}
    assert set(Counter(row["subscription_id"] for row in fetch(db, billed_periods)).values()) == {1}
    assert [len(fetch(db, table)) for table in (invoice_lines, journal_entries, postings)] == [30, 30, 60]
