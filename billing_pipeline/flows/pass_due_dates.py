"""Tell the inbox which due dates have passed."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final

from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.inbox import EventStore

LIMIT: Final = 50_000  # invoices per call; more only after a long stop: the next call goes on


@dataclass(frozen=True, slots=True)
class DueDatesPassed:
    """How many invoices became due without being paid."""

    facts: int


def pass_due_dates(store: EventStore, clock: Clock) -> DueDatesPassed:
    """A fact for every pending invoice whose due day is over; apply_events makes it overdue. Each invoice once."""
    now = clock.now()
    day = timedelta(days=1)
    with store.transaction():
        facts = [
            own_fact(
                "calendar", "invoice.due_date_passed", "invoice", invoice, datetime.combine(due_on, time(), UTC) + day,
                {"due_on": due_on.isoformat()}, name=due_on.isoformat(),
            )
            for invoice, due_on in store.due_passed(now.date(), LIMIT)
        ]  # fmt: skip
        return DueDatesPassed(store.put(facts, now))
