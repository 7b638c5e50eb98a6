"""Virtual time: a clock that moves only when told, and the work that waits for it."""

import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeAlias

GLOBAL: Final = ""  # the clock of everything that is on no test clock

Timer: TypeAlias = tuple[int, int, str, str, str]  # due (unix seconds), sequence, work, object id, clock


LAST_SECOND: Final = 7_258_118_399  # 2199: nothing in an account lies that far ahead


def wall_seconds() -> float:
    """Monotonic real seconds, for rate limits only: business time is virtual."""
    return time.monotonic()


@dataclass(slots=True)
class Clock:
    """The simulator's time in unix seconds. It stands still until somebody moves it, and never goes back."""

    seconds: int

    def now(self) -> datetime:
        """The virtual time, aware UTC."""
        return datetime.fromtimestamp(self.seconds, UTC)

    def move(self, seconds: int) -> None:
        """Nothing; afterwards the clock shows `seconds`. Raises ValueError when that is in the past."""
        if seconds < self.seconds:
            raise ValueError(f"the clock shows {self.seconds} and cannot go back to {seconds}")
        self.seconds = seconds


def unix(moment: datetime) -> int:
    """Whole unix seconds. Raises ValueError for a naive datetime: the simulator speaks UTC only."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment} has no time zone; give an aware UTC datetime")
    return int(moment.timestamp())


@dataclass(slots=True)
class Timers:
    """Work that waits for a clock, one heap per clock. Work is named, not a closure, so that it can be saved."""

    heaps: dict[str, list[Timer]] = field(default_factory=dict)
    sequence: int = 0
    on_change: Callable[[Timer, bool], None] | None = None

    def add(self, due: int, work: str, target: str, clock: str) -> None:
        """Nothing; `work` runs on `target` when `clock` reaches `due`."""
        self.sequence += 1
        self.push((due, self.sequence, work, target, clock))

    def push(self, timer: Timer) -> None:
        """Nothing; the timer waits on its own clock's heap."""
        heapq.heappush(self.heaps.setdefault(timer[4], []), timer)
        if self.on_change:
            self.on_change(timer, True)

    def pop_due(self, clock: str, until: int) -> Timer | None:
        """The earliest timer of the clock due at or before `until`, taken off the heap; None when there is none."""
        heap = self.heaps.get(clock)
        if not heap or heap[0][0] > until:
            return None
        timer = heapq.heappop(heap)
        if self.on_change:
            self.on_change(timer, False)
        return timer

    def forget_after(self, mark: int) -> None:
        """Nothing; timers added after sequence `mark` are gone (a request was undone)."""
        if self.sequence == mark:
            return
        for clock, heap in self.heaps.items():
            self._drop([t for t in heap if t[1] > mark])
            self.heaps[clock] = [t for t in heap if t[1] <= mark]
            heapq.heapify(self.heaps[clock])

    def forget_clock(self, clock: str) -> None:
        """Nothing; a deleted test clock takes its timers with it."""
        self._drop(self.heaps.pop(clock, []))

    def _drop(self, gone: list[Timer]) -> None:
        for timer in gone:
            if self.on_change:
                self.on_change(timer, False)

    def waiting(self) -> list[Timer]:
        """All timers, earliest first."""
        return sorted(t for heap in self.heaps.values() for t in heap)
