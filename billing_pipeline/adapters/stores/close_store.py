"""Closed days, in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.flows.ports.closing import Restated, RestatedAccount


@dataclass(frozen=True, slots=True)
class ClosedDayStore:
    """The port CloseStore. zone: whose midnight ends a day."""

    db: Database
    zone: str

    def transaction(self) -> Any:
        """One transaction; within another one it joins it."""
        return self.db.transaction()

    def last_closed(self) -> date | None:
        """The last closed day."""
        row = self.db.row("reconciliation/last_closed_day")
        return row.day if row else None

    def first_day(self) -> date | None:
        """The day of the first entry in the books."""
        row = self.db.row("reconciliation/first_booked_day")
        return row.day if row else None

    def close(self, day: date, zone: str, proof: Mapping[str, object], digest: str, at: datetime, who: str) -> None:
        """Close the day: what is written later finds it closed."""
        told = json.dumps(dict(proof), default=str)
        self.db.run("reconciliation/close_day", day=day, zone=zone, digest=digest, proof=told, at=at, who=who)

    def stop_writers(self) -> None:
        """Wait for writers of the journal that are under way; later ones wait until this transaction ends."""
        self.db.run("reconciliation/lock_journal")

    def entries_on(self, day: date) -> int:
        """How many entries are booked on that day."""
        row = self.db.row("reconciliation/entries_on_day", day=day)
        return int(row.entries) if row else 0

    def sums_of(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """By currency the sum of each ledger account's postings on that day, in minor units."""
        sums: dict[str, dict[str, int]] = {}
        for row in self.db.rows("reconciliation/sums_of_day", day=day):
            sums.setdefault(row.currency, {})[str(row.ledger_account)] = row.minor
        return sums

    def restatement(self, from_day: date, to_day: date) -> Sequence[Restated]:
        """Entries that were booked later than they belong, because that day was closed: from those days, or into them."""
        rows = self.db.rows("reconciliation/restatement", from_day=from_day, to_day=to_day, zone=self.zone)
        return [Restated(r.day, r.booked_on, r.currency, r.kind, r.source, r.minor, r.recorded_at) for r in rows]

    def restated_accounts(self, from_day: date, to_day: date) -> Sequence[RestatedAccount]:
        """The accounts of which those days hold other sums by occurrence than were booked in them."""
        rows = self.db.rows("reconciliation/restated_accounts", from_day=from_day, to_day=to_day, zone=self.zone)
        return [RestatedAccount(r.currency, r.account, r.as_closed_minor, r.as_known_minor) for r in rows]
