"""Credits whose time has passed: what is left of them is gone, and booked where somebody had paid for it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, tzinfo
from typing import Final

from billing_pipeline.domain.billing_entries import When, credit_expired
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import BillingStore

GRANTS_PER_CHUNK: Final = 1_000  # one transaction: small enough that no invoice waits for it


@dataclass(frozen=True, slots=True)
class Expired:
    """What a run did. lost: what was left of the grants, in minor units; booked: the part that somebody had paid for."""

    grants: int = 0
    lost_by_currency: Mapping[str, int] = field(default_factory=dict)
    booked_by_currency: Mapping[str, int] = field(default_factory=dict)


def expire_credits(store: BillingStore, clock: Clock, *, close_zone: tzinfo = UTC, run_id: str = "") -> Expired:
    """Note every grant that has expired by now, and book it on the day on which it expired, or the first open one."""
    now, grants = clock.now(), 0
    lost: Counter[str] = Counter()
    booked: Counter[str] = Counter()
    while True:
        with store.transaction():
            found = store.expiring(now, GRANTS_PER_CHUNK)
            if not found:
                return Expired(grants, dict(lost), dict(booked))
            days: dict[date, date] = {}
            entries = [(g, credit_expired(g, when_expired(store, g, close_zone, days))) for g in found]
            store.expire([g.credit_grant_id for g in found], [e for _, e in entries if e], now, run_id)
        grants += len(found)
        lost.update(by_currency(found))
        booked.update(by_currency([grant for grant, entry in entries if entry]))


def when_expired(store: BillingStore, grant: CreditGrant, zone: tzinfo, days: dict[date, date]) -> When:
    """The moment of expiry and the open day that it is booked on. days: those looked up already."""
    moment = grant.expires_at or grant.granted_at
    day = moment.astimezone(zone).date()
    if day not in days:
        days[day] = store.open_day(day)
    return When(moment, days[day])


def by_currency(grants: list[CreditGrant]) -> Counter[str]:
    """What is left of the grants, summed by currency."""
    sums: Counter[str] = Counter()
    for grant in grants:
        sums[grant.currency] += grant.remaining_minor
    return sums
