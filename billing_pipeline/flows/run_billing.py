"""A day of billing: changes and invoices in turn, until everything that is due by the end of the day is done."""

from dataclasses import replace
from datetime import UTC, date, tzinfo
from typing import Final, NamedTuple

from billing_pipeline.flows.change_subscriptions import ChangesApplied, change_subscriptions
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import BillingStore

ROUNDS_MAX: Final = 200
"""A change waits for the periods before it, a period for the changes before it: a backfill takes a round for each."""


class DayBilled(NamedTuple):
    """What the changes and the invoices came to."""

    changes: ChangesApplied
    invoices: Issued


def run_billing(
    store: BillingStore, clock: Clock, *, through: date, close_zone: tzinfo = UTC, run_id: str = ""
) -> DayBilled:
    """Apply changes and issue invoices in the order of time, up to the end of that day.

    Running it again changes nothing.
    """
    changes, invoices = ChangesApplied(), Issued()
    for _ in range(ROUNDS_MAX):
        changed = change_subscriptions(store, clock, through=through, close_zone=close_zone, run_id=run_id)
        issued = issue_invoices(store, clock, through=through, close_zone=close_zone, run_id=run_id)
        changes, invoices = replace(changes + changed, waiting=changed.waiting), invoices + issued
        if not changed.applied and not (changed.waiting and issued.boundaries):
            break
    return DayBilled(changes, invoices)
