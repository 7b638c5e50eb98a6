"""A certificate per object type: complete up to a moment, with count, sums and digest; or plainly why there is none."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from billing_pipeline.flows.ports import Json
from billing_pipeline.flows.ports.inbox import Certificate

LISTS_LAG: Final = timedelta(minutes=5)  # lists were seen to miss objects for that long after they were made


@dataclass(slots=True)
class Count:
    """What a sweep saw of one object type. missed: facts that no event had told. unread: objects that could not be asked for."""

    object_type: str
    objects: int = 0
    sums: Counter[str] = field(default_factory=Counter)
    seen: list[str] = field(default_factory=list)
    missed: int = 0
    unread: int = 0
    failure: str = ""

    def add(self, found: Iterable[Json]) -> None:
        """Count these objects."""
        for one in found:
            self.objects += 1
            self.seen.append(
                f"{one['id']}|{one.get('status') or ''}|{one.get('amount') or 0}|{one.get('currency') or ''}"
            )
            if one.get("currency"):
                self.sums[one["currency"]] += one.get("amount") or 0


def certificate(count: Count, sweep_id: str, started_at: datetime, gap: str) -> Certificate:
    """The certificate of that count, or the plain reason why there is none. gap: what lies before the swept window."""
    reason = count.failure or (f"{count.unread} objects could not be read" if count.unread else "") or gap
    return Certificate(
        object_type=count.object_type,
        sweep_id=sweep_id,
        complete_to=started_at - LISTS_LAG,
        objects=count.objects,
        sums=dict(count.sums),
        digest=digest(count.seen),
        missed_by_events=count.missed,
        issued=not reason,
        reason=reason,
    )


def digest(seen: Iterable[str]) -> str:
    """SHA-256 over what was seen, in any order."""
    return hashlib.sha256("\n".join(sorted(seen)).encode()).hexdigest()
