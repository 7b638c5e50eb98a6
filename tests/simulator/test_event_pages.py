"""Pages of events: whatever is asked for, the indexes find what reading all of them would find, and read no more."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlencode

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_simulator import Simulator
from stripe_simulator.wire import Json

START = 1_767_225_600  # 2026-01-01
TYPES = ("charge.failed", "charge.succeeded", "payout.paid")
KEY = {"Authorization": "Bearer sk_test_pages"}
told = st.tuples(st.integers(0, 2), st.sampled_from(TYPES), st.integers(0, 1))


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the list. limits: seconds since the beginning. cursor: place of an event, -1 without."""

    wanted: tuple[str, ...]
    limits: tuple[int, int]
    delivered: bool | None
    cursor: int
    back: bool


questions = st.builds(
    Question,
    wanted=st.sampled_from([(), ("*",), ("charge.*",), ("refund.*",), ("payout.paid",), ("charge.failed", "payout.*")]),
    limits=st.tuples(st.integers(0, 12), st.integers(0, 12)),
    delivered=st.sampled_from([None, True, False]),
    cursor=st.integers(-1, 14),
    back=st.booleans(),
)


def _simulator(story: list[tuple[int, str, int]]) -> Simulator:
    """Events that came so many seconds after each other, of such a type, with so many deliveries open."""
    sim = Simulator()
    for number, (pause, kind, pending) in enumerate(story):
        sim.clock.seconds += pause
        sim.world.store.add(
            {
                "id": f"evt_{number}", "object": "event", "api_version": "2026-10-28.endive", "created": sim.clock.seconds,
                "livemode": False, "pending_webhooks": pending, "request": None, "type": kind,
                "_": {"body": "{}", "previous": None, "shown_at": 0},
            }
        )  # fmt: skip
    return sim


def _query(asked: Question, known: int) -> str:
    pairs: list[tuple[str, Any]] = [("limit", 3)]
    pairs += [(f"types[{n}]", kind) for n, kind in enumerate(asked.wanted)]
    pairs += [("created[gte]", START + asked.limits[0]), ("created[lte]", START + asked.limits[1])]
    if asked.delivered is not None:
        pairs.append(("delivery_success", str(asked.delivered).lower()))
    if 0 <= asked.cursor < known:
        pairs.append(("ending_before" if asked.back else "starting_after", f"evt_{asked.cursor}"))
    return urlencode(pairs)


def _expected(events: list[Json], asked: Question) -> tuple[list[str], bool]:
    """The ids of the page and whether there are more, found by reading every event."""
    first, last = (START + second for second in asked.limits)
    fitting = [
        place
        for place, event in enumerate(events)
        if first <= event["created"] <= last
        and (not asked.wanted or any(fnmatchcase(event["type"], wanted) for wanted in asked.wanted))
        and asked.delivered in (None, event["pending_webhooks"] == 0)
    ]
    at = asked.cursor if 0 <= asked.cursor < len(events) else None
    if asked.back and at is not None:
        after = [place for place in fitting if place > at]
        return [f"evt_{place}" for place in after[:3][::-1]], len(after) > 3
    before = [place for place in fitting[::-1] if at is None or place < at]
    return [f"evt_{place}" for place in before[:3]], len(before) > 3


@settings(max_examples=100, deadline=None)
@given(story=st.lists(told, max_size=14), asked=questions)
def test_a_page_is_what_reading_everything_would_find(story: list[tuple[int, str, int]], asked: Question) -> None:
    sim = _simulator(story)

    page = orjson.loads(sim.handle("get", "/v1/events", KEY, _query(asked, len(story))).body)

    assert ([event["id"] for event in page["data"]], page["has_more"]) == _expected(sim.objects("event"), asked)


def test_a_wildcard_and_the_undelivered_are_found_through_an_index() -> None:
    sim = _simulator([(1, "charge.succeeded", 0)] * 500 + [(1, "payout.paid", 1)] + [(1, "charge.succeeded", 0)] * 500)
    read: list[str] = []
    table = sim.world.store.table("event")
    table.rows = Noted(table.rows, read)

    for asked in ("types[]=payout.*", "delivery_success=false", "types[]=refund.*", f"created[lt]={START}"):
        sim.handle("get", "/v1/events", KEY, asked)

    assert read == ["evt_500", "evt_500"]


class Noted(dict[str, Json]):
    """Rows that note which of them were read."""

    def __init__(self, rows: dict[str, Json], read: list[str]) -> None:
        super().__init__(rows)
        self.read = read

    def __getitem__(self, name: str) -> Json:
        """The row."""
        self.read.append(name)
        return super().__getitem__(name)
