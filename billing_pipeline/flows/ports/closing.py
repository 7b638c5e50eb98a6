"""What closing days and explaining numbers need from the outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_pipeline.flows.ports import Transactional


@dataclass(frozen=True, slots=True)
class Restated:
    """One change to a closed day that came to be known later. cause: the entry that made it."""

    day: date
    booked_on: date
    currency: str
    kind: str
    source: str
    minor: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class RestatedAccount:
    """What moved on a ledger account in some days, in minor units: debit above zero. As it was closed, and as it is known now."""

    currency: str
    account: str
    as_closed_minor: int
    as_known_minor: int


class CloseStore(Transactional, Protocol):
    """Where days are closed."""

    def last_closed(self) -> date | None:
        """The last closed day."""

    def first_day(self) -> date | None:
        """The day of the first entry in the books."""

    def close(self, day: date, zone: str, proof: Mapping[str, object], digest: str, at: datetime, who: str) -> None:
        """Close the day: what is written later finds it closed."""

    def stop_writers(self) -> None:
        """Wait for writers of the journal that are under way; later ones wait until this transaction ends."""

    def entries_on(self, day: date) -> int:
        """How many entries are booked on that day."""

    def sums_of(self, day: date) -> Mapping[str, Mapping[str, int]]:
        """By currency the sum of each ledger account's postings on that day, in minor units."""

    def restatement(self, from_day: date, to_day: date) -> Sequence[Restated]:
        """Entries that were booked later than they belong, because that day was closed: from those days, or into them."""

    def restated_accounts(self, from_day: date, to_day: date) -> Sequence[RestatedAccount]:
        """The accounts of which those days hold other sums by occurrence than were booked in them."""


@dataclass(frozen=True, slots=True)
class Trail:
    """One piece of an explanation. what: 'invoice', 'entry', 'attempt', ... facts: its columns."""

    what: str
    id: str
    at: datetime | None
    facts: Mapping[str, object]


class TrailStore(Protocol):
    """Everything that is known about one thing."""

    def related(self, subject: str) -> Mapping[str, Sequence[str]]:
        """Ids of what belongs to the subject, by sort: 'invoice', 'object', 'payout', 'divergence'."""

    def trail(self, related: Mapping[str, Sequence[str]]) -> Sequence[Trail]:
        """The pieces, oldest first."""
