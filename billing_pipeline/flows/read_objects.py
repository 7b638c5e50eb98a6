"""Read objects from Stripe as they are now: each once, several at a time, balance transactions by the hundred."""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.domain.errors import Refused, TryLater, Unknown
from billing_pipeline.domain.events import Topic, read_path
from billing_pipeline.flows.ports import Gateway, Json

THREADS: Final = 8  # Stripe's default limit of 25 reads a second at 300 ms each
LISTED_FROM: Final = 20  # this many balance transactions are cheaper by the page of 100 than one by one
SLACK: Final = timedelta(minutes=10)  # between a charge and its balance transaction


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object to read."""

    about: Topic
    object_id: str


Answers = dict[Wanted, Json | None]
"""What Stripe said: the object, or None where it has none. An object that could not be asked for is not in it."""


def read_objects(gateway: Gateway, wanted: Mapping[Wanted, datetime]) -> Answers:
    """The objects as they are now. wanted: with when the fact about them was told."""
    answers = _listed(gateway, wanted)
    rest = [one for one in wanted if one not in answers]
    read = _reader(gateway)
    if len(rest) <= 1:
        found: Iterable[Json | Later | None] = map(read, rest)
        return answers | _answered(rest, found)
    with ThreadPoolExecutor(max_workers=min(THREADS, len(rest))) as pool:
        return answers | _answered(rest, pool.map(read, rest))


@dataclass(frozen=True, slots=True)
class Later:
    """Stripe could not be asked."""


def _reader(gateway: Gateway) -> Callable[[Wanted], Json | Later | None]:
    def read(one: Wanted) -> Json | Later | None:
        path = read_path(one.about, one.object_id)
        if path is None:
            return None
        try:
            return gateway.read(path[0], {"expand": list(path[1])} if path[1] else None)
        except (TryLater, Unknown, Refused):
            return Later()

    return read


def _answered(rest: list[Wanted], found: Iterable[Json | Later | None]) -> Answers:
    return {one: answer for one, answer in zip(rest, found, strict=True) if not isinstance(answer, Later)}


def _listed(gateway: Gateway, wanted: Mapping[Wanted, datetime]) -> Answers:
    """Many balance transactions by the page: those that the list of their time brings."""
    times = {one.object_id: at for one, at in wanted.items() if one.about is Topic.BALANCE_TRANSACTION}
    if len(times) < LISTED_FROM:
        return {}
    first, last = min(times.values()) - SLACK, max(times.values()) + SLACK
    window = {"created": {"gte": int(first.timestamp()), "lte": int(last.timestamp())}, "limit": 100}
    answers: Answers = {}
    try:
        for page in gateway.pages("/v1/balance_transactions", window):
            answers |= {Wanted(Topic.BALANCE_TRANSACTION, one["id"]): one for one in page.objects if one["id"] in times}
            if len(answers) == len(times):
                break
    except (TryLater, Unknown, Refused):
        return answers
    return answers
