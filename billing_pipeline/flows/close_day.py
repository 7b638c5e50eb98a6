"""Close days: freeze what was booked with its proof, and show later what came to be known afterwards."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.closing import CloseStore
from billing_pipeline.flows.ports.reconciliation import BridgeLine, Proof

DAYS_MAX: Final = 400  # one call closes at most a year and a bit: more is a mistake in the date

Zone = Any
"""A datetime.tzinfo."""


@dataclass(frozen=True, slots=True)
class Closed:
    """What was closed. through: the last closed day now. unexplained: accepted remainders by currency."""

    days: int
    through: date | None
    unexplained: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def close_day(  # long because a close names its zone, its cut-off and who answers for it
    store: CloseStore,
    proof: Proof,
    clock: Clock,
    *,
    through: date,
    zone_name: str,
    zone: Zone,
    who: str,
    cut_off: datetime,
    accept_remainder: bool = False,
) -> Closed:
    """Close every open day up to `through`, in order. Closing a closed day changes nothing.

    Raises Broken when a day has not ended before the cut-off, or when a bridge has a remainder that nobody explains and
    accept_remainder does not say that it is to stay in the proof as such.
    """
    days = days_to_close(store, through)
    refuse_early(through, cut_off, zone, zone_name)
    if not accept_remainder:
        refuse_remainders(proof, days)
    closed = Closed(0, store.last_closed())
    for day in days:
        with store.transaction():
            store.stop_writers()
            refuse_moved(store, proof, day)
            content = content_of(store, proof, day)
            digest = digest_of(content)
            store.close(day, zone_name, content, digest, clock.now(), who)
        remainder = add(closed.unexplained, {line.currency: line.minor for line in proof.remainders if line.day == day})
        closed = Closed(closed.days + 1, day, remainder, closed.digests | {day.isoformat(): digest})
    return closed


def days_to_close(store: CloseStore, through: date) -> list[date]:
    """Open days up to that one, from the first entry in the books on."""
    last, first = store.last_closed(), store.first_day()
    if first is None:
        return []
    begin = first if last is None else last + timedelta(days=1)
    days = (through - begin).days + 1
    if days > DAYS_MAX:
        raise Broken(
            f"{days} days would be closed at once, from {begin} to {through}: close at most {DAYS_MAX} days a time"
        )
    return [begin + timedelta(days=n) for n in range(days)]


def refuse_early(through: date, cut_off: datetime, zone: Zone, zone_name: str) -> None:
    """Nothing. Raises Broken when the day has not ended, or what happened in it is not compared yet."""
    if cut_off.astimezone(zone).date() <= through:
        raise Broken(
            f"{through} cannot be closed yet: its end in {zone_name} is not behind the last reconciliation's cut-off"
        )


def refuse_remainders(proof: Proof, days: Sequence[date]) -> None:
    """Nothing. Raises Broken naming the first remainder."""
    for line in proof.remainders:
        if line.day in days:
            raise Broken(
                f"{line.day} cannot be closed: {line.minor} {line.currency} (minor units) of {line.bridge} are explained by "
                "nothing; look with `billing-pipeline reconcile proof`, or say --accept-remainder"
            )


def refuse_moved(store: CloseStore, proof: Proof, day: date) -> None:
    """Nothing. Raises Broken when the day's books are not those that were proven."""
    booked, proven = store.entries_on(day), proof.entries.get(day, 0)
    if booked != proven:
        raise Broken(
            f"{day} has {booked} entries, {proven} of them were reconciled: run `billing-pipeline reconcile run` again"
        )


def content_of(store: CloseStore, proof: Proof, day: date) -> dict[str, Any]:
    """What is frozen of a day: what was booked, and its bridges."""
    bridges = [line_of(line) for line in proof.lines if line.day == day]
    return {"day": day.isoformat(), "booked": {k: dict(v) for k, v in store.sums_of(day).items()}, "bridges": bridges}


def line_of(line: BridgeLine) -> dict[str, Any]:
    """A line of the proof as JSON."""
    return asdict(line) | {"day": line.day.isoformat()}


def digest_of(content: Mapping[str, Any]) -> str:
    """SHA-256 of what is frozen: two closes of the same books are the same."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def add(sums: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    """The sums by currency with the others added."""
    return {key: sums.get(key, 0) + more.get(key, 0) for key in {*sums, *more}}
