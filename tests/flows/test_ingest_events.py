"""Polling: every event once, none lost at the seams, the mark only where nothing more can appear."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.domain.errors import TryLater
from billing_pipeline.flows.ingest_events import CURSOR, Polled, ingest_events
from billing_pipeline.flows.ports import Json, Page
from stripe_simulator import Fault, Simulator
from tests.fakes import START, FakeClock
from tests.flows.event_world import FakeGateway, event, intent
from tests.flows.month import LivingClock, gateway_of

ASKED_AT = START + timedelta(seconds=100)


class Pages(FakeGateway):
    """Stripe whose event list comes in these pages; asked: the filters it was asked with. clock: what its replies say."""

    def __init__(self, *pages: list[Json], fails_after: int | None = None, clock: datetime = ASKED_AT) -> None:
        super().__init__()
        self.listed, self.fails_after, self.asked, self.clock = pages, fails_after, list[Json](), clock

    def pages(self, path: str, params: Json | None = None) -> Iterator[Page]:
        self.asked.append(params or {})
        for number, objects in enumerate(self.listed):
            if number == self.fails_after:
                raise TryLater("the connection died between two pages")
            yield Page(tuple(objects), number + 1 < len(self.listed), self.clock)


def told(name: str, at: int = 0) -> Json:
    made = int(START.timestamp()) + at
    return event("payment_intent.succeeded", intent(), name, created=made)


@pytest.fixture
def store(db: Database) -> SweepStore:
    made = SweepStore(db)
    with made.transaction():
        made.advance(CURSOR, START, START, {})
    return made


def poll(store: SweepStore, stripe: FakeGateway) -> Polled:
    return ingest_events(store, stripe, FakeClock(ASKED_AT), bootstrap=lambda: None)


def names(store: SweepStore) -> list[str]:
    with store.db.cursor() as cursor:
        return [name for (name,) in cursor.execute("select event_id from inbox order by event_id").fetchall()]


def test_all_pages_are_read_from_ten_minutes_before_the_mark_with_gte(store: SweepStore) -> None:
    stripe = Pages([told("evt_3", 3), told("evt_2", 2)], [told("evt_1", 1)])

    polled = poll(store, stripe)

    assert stripe.asked == [{"created": {"gte": int(START.timestamp()) - 600}, "limit": 100}]
    assert (polled.events, polled.new, polled.pages, names(store)) == (3, 3, 2, ["evt_1", "evt_2", "evt_3"])


def test_events_of_the_overlap_are_stored_once(store: SweepStore) -> None:
    poll(store, Pages([told("evt_1", 1)]))

    again = poll(store, Pages([told("evt_2", 1), told("evt_1", 1)]))

    assert (again.events, again.new, names(store)) == (2, 1, ["evt_1", "evt_2"])


def test_the_mark_stays_where_it_was_when_a_walk_breaks_off(store: SweepStore) -> None:
    with pytest.raises(TryLater):
        poll(store, Pages([told("evt_2", 2)], [told("evt_1", 1)], fails_after=1))

    assert store.high_water(CURSOR) == START


def test_what_was_read_before_a_walk_breaks_off_is_kept_and_read_again(store: SweepStore) -> None:
    many = [[told(f"evt_{page:02d}{number:03d}", 1) for number in range(100)] for page in range(12)]
    with pytest.raises(TryLater):
        poll(store, Pages(*many, fails_after=11))
    kept = len(names(store))

    poll(store, Pages(*many))

    assert (kept, len(names(store))) == (1000, 1200)


def test_the_mark_never_runs_into_the_minute_in_which_more_may_appear(store: SweepStore) -> None:
    poll(store, Pages([told("evt_1", 95)]))

    assert store.high_water(CURSOR) == START + timedelta(seconds=40)


def test_the_mark_never_goes_back(store: SweepStore) -> None:
    poll(store, Pages([told("evt_1", 30)]))
    poll(store, Pages([told("evt_0", -500)]))

    assert store.high_water(CURSOR) == START + timedelta(seconds=30)


def test_on_a_quiet_account_the_mark_follows_a_day_behind_and_the_objects_are_never_swept_again(db: Database) -> None:
    store, swept = SweepStore(db), list[str]()
    marks = []

    for day in range(45):
        now = START + timedelta(days=day)
        stripe = FakeGateway(lists={"/v1/events": []})
        ingest_events(store, stripe, FakeClock(now), bootstrap=lambda: swept.append("all"))
        marks.append(now - (store.high_water(CURSOR) or now))

    assert swept == ["all"]
    assert max(marks[2:]) == timedelta(days=1)


def test_a_server_whose_clock_runs_ahead_does_not_take_the_mark_with_it(store: SweepStore) -> None:
    poll(store, Pages([], clock=START + timedelta(days=300)))

    assert store.high_water(CURSOR) == START


def test_a_list_that_shows_nothing_for_hours_may_be_late_so_the_mark_waits(store: SweepStore) -> None:
    late = FakeClock(START + timedelta(hours=20))
    ingest_events(store, FakeGateway(lists={"/v1/events": []}), late, bootstrap=lambda: None)

    appeared = FakeGateway(lists={"/v1/events": [told("evt_1", 60)]})
    polled = ingest_events(store, appeared, late, bootstrap=lambda: None)

    assert (polled.new, names(store)) == (1, ["evt_1"])
    assert store.high_water(CURSOR) == START + timedelta(seconds=60)


def test_a_walk_that_breaks_off_does_not_move_the_mark_however_old_it_is(store: SweepStore) -> None:
    late = FakeClock(START + timedelta(days=20))

    with pytest.raises(TryLater):
        ingest_events(store, Pages([told("evt_1", 1)], [], fails_after=1), late, bootstrap=lambda: None)

    assert store.high_water(CURSOR) == START


def test_nothing_is_asked_when_another_process_polled_lately_and_all_is_when_none_did(store: SweepStore) -> None:
    def poll_after(seconds: int, stripe: FakeGateway) -> Polled:
        clock = FakeClock(START + timedelta(seconds=seconds))
        return ingest_events(store, stripe, clock, bootstrap=lambda: None, unless_within=timedelta(seconds=270))

    quiet, asked = FakeGateway(), FakeGateway(lists={"/v1/events": [told("evt_1")]})

    skipped, done = poll_after(269, quiet), poll_after(270, asked)

    assert (skipped.skipped, quiet.reads) == (True, [])
    assert (done.skipped, done.new) == (False, 1)


def test_the_first_poll_begins_with_the_objects_themselves(db: Database) -> None:
    store, stripe, swept = SweepStore(db), Pages(), list[str]()

    polled = ingest_events(store, stripe, FakeClock(START), bootstrap=lambda: swept.append("all"))

    assert (polled.bootstrapped, swept, stripe.asked) == (True, ["all"], [])
    assert store.high_water(CURSOR) == START - timedelta(hours=1)


def test_a_gap_longer_than_stripe_remembers_begins_with_the_objects_again(store: SweepStore) -> None:
    swept: list[str] = []
    late = FakeClock(START + timedelta(days=31))

    polled = ingest_events(store, Pages(), late, bootstrap=lambda: swept.append("all"))

    assert (polled.bootstrapped, swept) == (True, ["all"])


def test_a_bootstrap_that_fails_is_not_taken_for_done(db: Database) -> None:
    store = SweepStore(db)

    def fail() -> None:
        raise TryLater("Stripe is away")

    with pytest.raises(TryLater):
        ingest_events(store, Pages(), FakeClock(), bootstrap=fail)

    assert store.high_water(CURSOR) is None


def test_events_that_stripe_shows_late_are_still_found(store: SweepStore, simulator: Simulator) -> None:
    simulator.faults.add(Fault(kind="event_late", seconds=120))
    simulator.client().v1.customers.create({"email": "late@example.com"})
    first = ingest_events(store, gateway_of(simulator), LivingClock(simulator), bootstrap=lambda: None)
    simulator.advance(seconds=300)

    second = ingest_events(store, gateway_of(simulator), LivingClock(simulator), bootstrap=lambda: None)

    assert (first.new, second.new) == (0, 1)


def test_of_two_polls_at_once_the_slower_one_cannot_move_the_mark_back(store: SweepStore) -> None:
    store.advance(CURSOR, START + timedelta(hours=2), START, {})
    store.advance(CURSOR, START + timedelta(hours=1), START, {})

    assert store.high_water(CURSOR) == START + timedelta(hours=2)
