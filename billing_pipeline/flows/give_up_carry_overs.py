"""Amounts too small to charge that no next invoice came for: they are given up, and the loss is booked."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from billing_pipeline.domain.billing_entries import When, carry_over_written_off
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.documents import CarryOverStore
from billing_pipeline.flows.zones import day_in

WAITS_DAYS_MAX: Final = 90  # who starts again within a quarter still pays it with the next invoice
BATCH_MAX: Final = 500  # one transaction: small enough that no invoice waits for it


@dataclass(frozen=True, slots=True)
class CarryOversGivenUp:
    """How many there were, and how much that was in minor units by currency."""

    carry_overs: int = 0
    minor_by_currency: Mapping[str, int] = field(default_factory=dict)


def give_up_carry_overs(
    store: CarryOverStore, clock: Clock, *, zone: str = "UTC", run_id: str = ""
) -> CarryOversGivenUp:
    """Book the loss of what has waited for WAITS_DAYS_MAX and whose account has nothing in its currency left to bill.

    Running it again books nothing.
    """
    now, count = clock.now(), 0
    lost: Counter[str] = Counter()
    while True:
        with store.transaction():
            found = store.idle_carry_overs(now - timedelta(days=WAITS_DAYS_MAX), BATCH_MAX)
            if not found:
                return CarryOversGivenUp(count, dict(lost))
            when = When(now, store.open_day(day_in(now, zone)))
            entries = [carry_over_written_off(each.account, each.currency, each.minor, when) for each in found]
            store.write(entries, run_id, now)
            store.end_carry_overs(found)
        count += len(found)
        for each in found:
            lost[each.currency] += each.minor
