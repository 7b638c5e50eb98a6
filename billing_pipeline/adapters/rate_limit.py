"""One rate limit for all processes: a row per bucket in PostgreSQL says when the next call may go (GCRA).

A process reserves a short run of slots at a time, so the row is touched a few times a second and not once a call.
"""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Protocol

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken, TryLater

RESERVE_SECONDS: Final = 0.2  # of slots at a time: what a process that stops may waste
STALE_SECONDS: Final = 0.1  # a slot not used by then is dropped, so that slots cannot pile up into a burst
WAIT_SECONDS_MAX: Final = 60.0  # a longer queue means that far too much is asked of the limit
MICROSECONDS: Final = 1_000_000
GLOBAL: Final = "global"


class Limiter(Protocol):
    """Lets calls through at the pace that Stripe allows."""

    def wait(self, operation: str) -> float:
        """Come back when a call of this operation may go; the seconds that took. Raises TryLater when that is too far away."""


class NoLimit:
    """Lets everything through: for the simulator, whose limits are off."""

    def wait(self, operation: str) -> float:
        return 0.0


@dataclass(frozen=True, slots=True)
class Slots:
    """The times (monotonic, seconds) at which this process may make calls of one operation, soonest first."""

    due: deque[float] = field(default_factory=deque)
    lock: Lock = field(default_factory=Lock)


class SharedLimit:
    """Calls per second over all processes that use this database: together, and for each operation."""

    def __init__(self, db: Database, *, global_per_second: int, operation_per_second: int) -> None:
        if min(global_per_second, operation_per_second) < 1:
            raise Broken("a rate limit below one call a second would never end: raise it")
        self.db = db
        self.global_gap_us = MICROSECONDS // global_per_second
        self.operation_gap_us = MICROSECONDS // operation_per_second
        self.batch = max(1, int(min(global_per_second, operation_per_second) * RESERVE_SECONDS))
        self._slots: dict[str, Slots] = {}
        self._guard = Lock()

    def wait(self, operation: str) -> float:
        """Sleep until this call's slot; the seconds slept. Raises TryLater when over a minute of calls is queued before it."""
        pause = max(0.0, self.take(operation) - time.monotonic())
        if pause:
            time.sleep(pause)
        return pause

    def take(self, operation: str) -> float:
        """The moment (monotonic, seconds) of the next slot of this operation, now the caller's. Raises as wait does."""
        with self._guard:
            slots = self._slots.setdefault(operation, Slots())
        with slots.lock:
            while slots.due and slots.due[0] < time.monotonic() - STALE_SECONDS:
                slots.due.popleft()
            if not slots.due:
                slots.due.extend(self._reserve(operation))
            return slots.due.popleft()

    def _reserve(self, operation: str) -> list[float]:
        """The times of the next run of slots, of which this process is now the only owner."""
        row = self.db.row(
            "collection/reserve_slots",
            global_bucket=GLOBAL,
            operation_bucket=operation,
            global_cost_us=self.global_gap_us * self.batch,
            operation_cost_us=self.operation_gap_us * self.batch,
        )
        if row is None:
            raise Broken("the rate limit could not be read: is the schema migrated?")
        first = time.monotonic() + row.wait_us / MICROSECONDS
        if row.wait_us > WAIT_SECONDS_MAX * MICROSECONDS:
            raise TryLater(f"{operation} is booked out for the next {row.wait_us // MICROSECONDS} seconds")
        gap = max(self.global_gap_us, self.operation_gap_us) / MICROSECONDS
        return [first + place * gap for place in range(self.batch)]
