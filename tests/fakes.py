"""Doubles written by hand, shared by all tests."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is told to move."""

    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, **by: float) -> datetime:
        """The new time. by: what timedelta takes, such as days=1 or seconds=30."""
        self._now += timedelta(**by)
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now
