"""Recognise revenue: one entry per day and currency, from deferred revenue to revenue."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from billing_pipeline.domain.billing_entries import When, revenue_recognised
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.ledger import Booked, Earned, RevenueStore
from billing_pipeline.flows.zones import day_in, end_of


@dataclass(frozen=True, slots=True)
class RevenueRecognised:
    """What was booked. first_day: where this run began, None when there was nothing to look at."""

    first_day: date | None
    entries: int
    minor_by_currency: dict[str, int]


def recognise_revenue(
    store: RevenueStore, clock: Clock, through: date, *, zone: str = "UTC", run_id: str = ""
) -> RevenueRecognised:
    """Book what was earned up to the end of `through`; running it again books nothing.

    Each day's entry is the difference between what all invoices have earned by then and what the books hold, so an
    invoice that was issued late, or a credit note, is caught up on the next day booked. zone: whose days are counted.
    Raises Broken for a day that is not over: the journal only grows, so what is booked too early stays.
    """
    over = day_in(clock.now(), zone) - timedelta(days=1)
    if through > over:
        raise Broken(f"{through} is not over: what a day earns is booked after its end, up to {over} today")
    with store.transaction():
        store.lock("recognise_revenue")
        booked = store.booked_revenue(zone)
        first = next_day(booked) or store.first_issue_day()
        if first is None or first > through:
            return RevenueRecognised(None, 0, {})
        entries = list(daily_entries(store, store.earned(first, through, zone), booked, zone))
        written = store.write(entries, run_id, clock.now())
    return RevenueRecognised(first, written, by_currency(entries))


def next_day(booked: Iterable[Booked]) -> date | None:
    """The day after the last one that is in the books; None while nothing is."""
    return max((each.last_day + timedelta(days=1) for each in booked), default=None)


def daily_entries(
    store: RevenueStore, earned: Iterable[Earned], booked: Iterable[Booked], zone: str
) -> Iterator[Entry]:
    """The entry of each day and currency: what was earned by then less what was booked before it."""
    so_far = {each.currency: each.minor for each in booked}
    for each in earned:
        when = When(end_of(each.day, zone), store.open_day(each.day))
        entry = revenue_recognised(each.day, each.currency, each.minor - so_far.get(each.currency, 0), when)
        so_far[each.currency] = each.minor
        if entry:
            yield entry


def by_currency(entries: Iterable[Entry]) -> dict[str, int]:
    """Revenue in minor units by currency."""
    sums: dict[str, int] = {}
    for entry in entries:
        sums[entry.currency] = sums.get(entry.currency, 0) + entry.postings[0].minor
    return sums
