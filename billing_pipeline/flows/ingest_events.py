"""Bring Stripe's events into the inbox by asking for them; the webhook brings the same ones sooner."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from billing_pipeline.flows.facts import canonical, event_fact
from billing_pipeline.flows.ports import Clock, Fact, Gateway, Json, Page
from billing_pipeline.flows.ports.inbox import CursorStore

CURSOR: Final = "events"
OVERLAP: Final = timedelta(seconds=600)  # events become visible up to minutes after the second they are stamped with
LAG: Final = timedelta(seconds=60)  # the mark never runs ahead of what may still appear
QUIET: Final = timedelta(days=1)  # no outage of Stripe's event list was longer: an older silence is a quiet account
KEPT: Final = timedelta(days=30)  # Stripe forgets events after this: past it only the objects themselves can tell
BOOTSTRAP_BACK: Final = timedelta(hours=1)
PAGE_SIZE: Final = 100
COMMIT_SIZE: Final = 1000  # facts per transaction: a commit per page would cost more than the page


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought. lag_seconds: how old the newest event is. bootstrapped: from the objects, not events.

    skipped: another process polled just before.
    """

    events: int = 0
    new: int = 0
    pages: int = 0
    lag_seconds: int = 0
    bootstrapped: bool = False
    skipped: bool = False


def ingest_events(  # long because a poll is told how to begin, when to do nothing, and how to write
    store: CursorStore,
    gateway: Gateway,
    clock: Clock,
    *,
    bootstrap: Callable[[], object],
    unless_within: timedelta = timedelta(0),
    dump: Callable[[Json], str] = canonical,
    progress: Callable[[int], None] = lambda seen: None,
) -> Polled:
    """All events since the last poll, with an overlap; the mark moves in the transaction of the last ones.

    bootstrap: sweeps everything, or raises (sweep_everything). It is called first when there never was a poll, or when the
    last one is so long ago that Stripe has forgotten events since. unless_within: nothing is asked when any process polled so
    lately, as each poll costs a read of which Stripe grants a small account few. dump: how a payload becomes JSON text; a
    caller in a hurry brings a faster one. Raises TryLater, Unknown or Refused from the gateway; the next poll then begins
    where this one did.
    """
    now, mark, checked_at = clock.now(), store.high_water(CURSOR), store.checked_at(CURSOR)
    if checked_at is not None and now - checked_at < unless_within:
        return Polled(skipped=True)
    if mark is None or now - mark > KEPT:
        bootstrap()
        with store.transaction():
            store.advance(CURSOR, now - BOOTSTRAP_BACK, now, {"bootstrapped": True})
        return Polled(bootstrapped=True)
    return _walk(store, gateway, clock, Walk(mark, dump), progress)


@dataclass(slots=True)
class Walk:
    """A walk over the pages: what was seen so far, and what is read but not yet stored."""

    newest: datetime
    dump: Callable[[Json], str]
    server_now: datetime | None = None
    events: int = 0
    pages: int = 0
    waiting: list[Fact] = field(default_factory=list)

    def take(self, page: Page, now: datetime) -> None:
        """Add a page."""
        self.server_now = self.server_now or page.answered_at or now
        self.newest = max(self.newest, *_stamps(page), self.newest)
        self.events, self.pages = self.events + len(page.objects), self.pages + 1
        self.waiting += [event_fact(one, "poll", self.dump) for one in page.objects]

    def mark(self, now: datetime) -> datetime:
        """Where the next walk may begin: at the newest event, as a list that shows nothing may only be late; but not for ever.

        How long it has been quiet is told by the slower of the two clocks: one that runs ahead would skip events.
        """
        server_now = self.server_now or now
        return max(min(self.newest, server_now - LAG), min(server_now, now) - QUIET)


def _walk(store: CursorStore, gateway: Gateway, clock: Clock, walk: Walk, progress: Callable[[int], None]) -> Polled:
    """Every page from the newest event back to the mark less the overlap. gte, never gt: stamps are whole seconds.

    While some facts are written the next pages are fetched; the mark moves with the last ones, after all others.
    """
    since = {"created": {"gte": int((walk.newest - OVERLAP).timestamp())}, "limit": PAGE_SIZE}
    new, now = 0, clock.now()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="poll writer") as writer:
        writing: Future[int] | None = None
        for page in gateway.pages("/v1/events", since):
            walk.take(page, now)
            if page.has_more and len(walk.waiting) < COMMIT_SIZE:
                continue
            new += writing.result() if writing else 0
            advance_to = None if page.has_more else walk.mark(now)
            writing = writer.submit(_store, store, walk.waiting, now, advance_to)
            walk.waiting = []
            progress(walk.events)
        new += writing.result() if writing else 0
    lag = int(((walk.server_now or now) - walk.newest).total_seconds())
    return Polled(walk.events, new, walk.pages, max(0, lag))


def _store(store: CursorStore, facts: list[Fact], now: datetime, advance_to: datetime | None) -> int:
    """How many facts were new. advance_to: where the mark moves, in the same transaction; None while pages follow."""
    with store.transaction():
        new = store.put(facts, now)
        if advance_to is not None:
            store.advance(CURSOR, advance_to, now, {"new": new})
    return new


def _stamps(page: Page) -> Sequence[datetime]:
    """When the page's events were made."""
    return [datetime.fromtimestamp(_created(one), UTC) for one in page.objects]


def _created(event: Json) -> int:
    return int(event["created"])
