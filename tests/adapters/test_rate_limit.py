"""One limit for all processes: nobody gets more slots than the limit has."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.rate_limit import NoLimit, SharedLimit
from billing_pipeline.domain.errors import Broken, TryLater


def slots(limit: SharedLimit, calls: int, operation: str = "post /v1/x") -> list[float]:
    """The seconds of that many slots, counted from the first, without waiting for them."""
    taken = sorted(limit.take(operation) for _ in range(calls))
    return [slot - taken[0] for slot in taken]


def test_slots_come_at_the_pace_of_the_operation(db: Database) -> None:
    taken = slots(SharedLimit(db, global_per_second=100, operation_per_second=25), 50)

    assert taken[-1] >= 45 / 25  # the first run of slots starts at once


def test_two_processes_share_one_limit(db: Database) -> None:
    one, other = (SharedLimit(Database(str_url(db)), global_per_second=25, operation_per_second=25) for _ in range(2))

    taken = sorted(limit.take("post /v1/x") for _ in range(20) for limit in (one, other))

    assert taken[-1] - taken[0] >= 35 / 25
    one.db.close()
    other.db.close()


def test_the_global_limit_binds_all_operations_together(db: Database) -> None:
    limit = SharedLimit(db, global_per_second=20, operation_per_second=20)

    taken = sorted(limit.take(f"post /v1/{name}") for _ in range(10) for name in "abcd")

    assert taken[-1] - taken[0] >= 30 / 20


def test_threads_that_wait_get_every_slot(db: Database) -> None:
    limit = SharedLimit(db, global_per_second=100, operation_per_second=100)

    began = time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: limit.wait("post /v1/x"), range(50)))

    assert time.monotonic() - began >= 48 / 100


def test_a_queue_of_more_than_a_minute_is_refused(db: Database) -> None:
    limit = SharedLimit(db, global_per_second=1, operation_per_second=1)

    with pytest.raises(TryLater, match="booked out"):
        slots(limit, 70)


def test_a_limit_of_nothing_is_refused(db: Database) -> None:
    with pytest.raises(Broken, match="raise it"):
        SharedLimit(db, global_per_second=0, operation_per_second=25)


def test_no_limit_lets_everything_through() -> None:
    NoLimit().wait("post /v1/x")


def str_url(db: Database) -> str:
    return db.url.render_as_string(hide_password=False)
