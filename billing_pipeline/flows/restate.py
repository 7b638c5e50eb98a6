"""As closed and as known now: what came to be known of closed days, and why."""

from dataclasses import dataclass
from datetime import date

from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.ports.closing import CloseStore, Restated


@dataclass(frozen=True, slots=True)
class Restatement:
    """The changes between two readings of the same days. by_currency: sum of the changes in minor units."""

    from_day: date
    to_day: date
    changes: tuple[Restated, ...]
    by_currency: dict[str, int]


def restate(store: CloseStore, from_day: date, to_day: date) -> Restatement:
    """Every entry that belongs to those days and was booked later, because they were closed; its source is why."""
    if to_day < from_day:
        raise Broken(f"from {from_day} to {to_day} holds no day: turn them round")
    changes = tuple(store.restatement(from_day, to_day))
    sums: dict[str, int] = {}
    for change in changes:
        sums[change.currency] = sums.get(change.currency, 0) + change.minor
    return Restatement(from_day, to_day, changes, sums)
