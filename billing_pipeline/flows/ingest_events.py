"""Bring Stripe's events into the inbox by asking for them; the webhook brings the same ones sooner."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from billing_pipeline.flows.facts import event_fact
from billing_pipeline.flows.ports import Clock, Fact, Gateway, Json, Page
from billing_pipeline.flows.ports.inbox import CursorStore

CURSOR: Final = "events"
OVERLAP: Final = timedelta(seconds=600)  # events become visible up to minutes after the second they are stamped with
LAG: Final = timedelta(seconds=60)  # the mark never runs ahead of what may still appear
KEPT: Final = timedelta(days=30)  # Stripe forgets events after this: past it only the objects themselves can tell
BOOTSTRAP_BACK: Final = timedelta(hours=1)
PAGE_SIZE: Final = 100
COMMIT_SIZE: Final = 1000  # facts per transaction: a commit per page would cost more than the page


@dataclass(frozen=True, slots=True)
class Polled:
    """What a poll brought. lag_seconds: how far behind Stripe's clock it stands. bootstrapped: from the objects, not events."""

    events: int = 0
    new: int = 0
    pages: int = 0
    lag_seconds: int = 0
    bootstrapped: bool = False


def ingest_events(
    store: CursorStore,
    gateway: Gateway,
    clock: Clock,
    *,
    bootstrap: Callable[[], object],
    progress: Callable[[int], None] = lambda seen: None,
) -> Polled:
    """All events since the last poll, with an overlap; the mark moves in the transaction of the last ones.

    bootstrap: sweeps everything, or raises (sweep_everything). It is called first when there never was a poll, or when the
    last one is so long ago that Stripe has forgotten events since. Raises TryLater, Unknown or Refused from the gateway; the
    next poll then begins where this one did.
    """
    now, mark = clock.now(), store.high_water(CURSOR)
    if mark is None or now - mark > KEPT:
        bootstrap()
        with store.transaction():
            store.advance(CURSOR, now - BOOTSTRAP_BACK, now, {"bootstrapped": True})
        return Polled(bootstrapped=True)
    return _walk(store, gateway, clock, mark, progress)


def _walk(
    store: CursorStore, gateway: Gateway, clock: Clock, mark: datetime, progress: Callable[[int], None]
) -> Polled:
    """Every page from the newest event back to the mark less the overlap. gte, never gt: stamps are whole seconds."""
    since = {"created": {"gte": int((mark - OVERLAP).timestamp())}, "limit": PAGE_SIZE}
    events = new = pages = 0
    newest, server_now = mark, None
    waiting: list[Fact] = []
    for page in gateway.pages("/v1/events", since):
        server_now = server_now or page.answered_at or clock.now()
        newest = max(newest, *_stamps(page), mark)
        events, pages = events + len(page.objects), pages + 1
        waiting += [event_fact(one, "poll") for one in page.objects]
        if page.has_more and len(waiting) < COMMIT_SIZE:
            continue
        with store.transaction():
            new += store.put(waiting, clock.now())
            if not page.has_more:
                _advance(store, clock, newest, server_now, new)
        waiting = []
        progress(events)
    lag = int(((server_now or clock.now()) - newest).total_seconds())
    return Polled(events, new, pages, max(0, lag))


def _stamps(page: Page) -> Sequence[datetime]:
    """When the page's events were made."""
    return [datetime.fromtimestamp(_created(one), UTC) for one in page.objects]


def _created(event: Json) -> int:
    return int(event["created"])


def _advance(store: CursorStore, clock: Clock, newest: datetime, server_now: datetime, new: int) -> None:
    """Move the mark to the newest event, but not into the minute in which more may still appear."""
    store.advance(CURSOR, min(newest, server_now - LAG), clock.now(), {"new": new})
