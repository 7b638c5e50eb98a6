"""A made-up crowd of customers whose card is refused: a documented mix, the same hidden truth for every policy.

Not a forecast. The mix and the chances below are assumptions in the range of published figures; what the crowd is good
for is the difference between policies under equal luck. Luck comes from a seed and depends on nothing that a policy does.
All chances are parts per million.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from typing import Final, TypeVar

from billing_pipeline.domain.dunning_replay import CERTAIN
from billing_pipeline.domain.dunning_timing import local_moment

Choice = TypeVar("Choice")

PERCENT: Final = CERTAIN // 100

MIX: Final[tuple[tuple[str, int], ...]] = (
    ("insufficient_funds", 44),
    ("do_not_honor", 15),
    ("generic_decline", 10),
    ("expired_card", 10),
    ("lost_card", 6),
    ("transaction_not_allowed", 4),
    ("processing_error", 2),
    ("issuer_not_available", 2),
    ("authentication_required", 4),
    ("incorrect_cvc", 3),
)
"""First declines, in percent of all."""

WAGES_FILL: Final = 45 * PERCENT  # that a payday fills an empty account enough
WAGES_LAST_DAYS_MAX: Final = 5  # then the money is spent again, after 1 to 5 days
WINDFALL: Final = 5 * PERCENT  # that the account is filled on any other day
NEVER_AGAIN: Final = 45 * PERCENT  # of vague declines (do_not_honor, generic_decline): the bank says no to every try
BANK_MOOD: Final = 20 * PERCENT  # else: that the bank says yes on a given day
OUTAGE: Final = timedelta(hours=6)
OUTAGE_OVER: Final = 90 * PERCENT  # that the card pays after the outage
CARD_UPDATER: Final = 30 * PERCENT  # of expired and lost cards: the network brings the new number within 3 to 20 days
NEW_CARD_WORKS: Final = 85 * PERCENT
REACTS: Final = {"payment_failed": 12, "escalation": 8, "final_notice": 10, "suspended": 18, "canceled": 2}
"""Percent of customers who pay because of that message, within three days."""
REACTION_MINUTES_MAX: Final = 3 * 24 * 60
ZONES: Final = {
    "America/New_York": "US", "America/Los_Angeles": "US", "Europe/Berlin": "DE", "Europe/London": "GB", "Asia/Tokyo": "JP",
}  # fmt: skip
AMOUNTS: Final = (1900, 4900, 4900, 9900, 19900, 49900, 129900)  # US cents
CONSUMERS: Final = 40 * PERCENT
FIRST_DAY: Final = date(2026, 1, 1)
CHARGED_DAYS: Final = 30  # first charges are spread over so many days
WATCHED_DAYS: Final = 45  # so long after its first failure an invoice is watched; the last retries are made by then
CHARGED_AT: Final = time(9)  # UTC
DAY: Final = timedelta(days=1)

Window = tuple[datetime, datetime]


def _first_and_fifteenth(day: date) -> bool:
    return day.day in (1, 15)


def _twenty_fifth(day: date) -> bool:
    return day.day == 25


def _every_other_friday(day: date) -> bool:
    return (day - date(2026, 1, 2)).days % 14 == 0


PAYDAYS: Final[tuple[tuple[Callable[[date], bool], int], ...]] = (
    (_first_and_fifteenth, 50),
    (_twenty_fifth, 25),
    (_every_other_friday, 25),
)
"""When wages come in, in percent of all customers. A policy may know some of it; the crowd is not made to fit one."""


@dataclass(frozen=True, slots=True)
class Debtor:
    """A customer whose card is refused on the day of the first charge, and how that card behaves afterwards.

    pays_within: spans in which it pays all the same. new_card_at: when another card is put in by itself, if ever.
    """

    name: str
    zone: str
    kind: str
    amount_minor: int
    charged_at: datetime
    decline: str
    pays_within: tuple[Window, ...]
    new_card_at: datetime | None
    new_card_works: bool

    @property
    def country(self) -> str:
        """Where the customer lives."""
        return ZONES[self.zone]


@dataclass(frozen=True, slots=True)
class Model:
    """The hidden truth of one seed."""

    seed: int

    def draw(self, *names: object) -> int:
        """A number from 0 to CERTAIN - 1 that depends on the seed and the names only."""
        text = "|".join(map(str, (self.seed, *names)))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % CERTAIN

    def debtors(self, count: int) -> list[Debtor]:
        """That many customers."""
        return [self._debtor(f"debtor-{number}") for number in range(count)]

    def reaction(self, debtor: Debtor, template: str) -> timedelta | None:
        """How long after that message the customer pays because of it; None: not because of this one."""
        if self.draw(debtor.name, "reacts", template) >= REACTS.get(template, 0) * PERCENT:
            return None
        return timedelta(minutes=self.draw(debtor.name, "delay", template) % REACTION_MINUTES_MAX)

    def _debtor(self, name: str) -> Debtor:
        zone = list(ZONES)[self.draw(name, "zone") % len(ZONES)]
        day = FIRST_DAY + timedelta(days=self.draw(name, "day") % CHARGED_DAYS)
        charged_at = datetime.combine(day, CHARGED_AT, UTC)
        decline = self._decline(name)
        return Debtor(
            name=name,
            zone=zone,
            kind="consumer" if self.draw(name, "kind") < CONSUMERS else "business",
            amount_minor=AMOUNTS[self.draw(name, "amount") % len(AMOUNTS)],
            charged_at=charged_at,
            decline=decline,
            pays_within=tuple(self._windows(name, decline, zone, charged_at)),
            new_card_at=self._new_card_at(name, decline, charged_at),
            new_card_works=self.draw(name, "new card works") < NEW_CARD_WORKS,
        )

    def _decline(self, name: str) -> str:
        return self._one_of(MIX, name, "decline")

    def _new_card_at(self, name: str, decline: str, charged_at: datetime) -> datetime | None:
        if decline not in ("expired_card", "lost_card") or self.draw(name, "updater") >= CARD_UPDATER:
            return None
        return charged_at + timedelta(days=3 + self.draw(name, "updated") % 18)

    def _windows(self, name: str, decline: str, zone: str, charged_at: datetime) -> Iterator[Window]:
        """When the refused card pays: never within the day of the first charge, except after an outage."""
        match decline:
            case "insufficient_funds":
                yield from self._days(charged_at, zone, self._days_with_funds(name, charged_at))
            case "do_not_honor" | "generic_decline" if self.draw(name, "never again") >= NEVER_AGAIN:
                good = {day for day in _watched(charged_at) if self.draw(name, "mood", day) < BANK_MOOD}
                yield from self._days(charged_at, zone, good)
            case "processing_error" | "issuer_not_available" if self.draw(name, "outage over") < OUTAGE_OVER:
                yield charged_at + OUTAGE, charged_at + (WATCHED_DAYS + 1) * DAY

    def _days_with_funds(self, name: str, charged_at: datetime) -> set[date]:
        """Days on which wages of a payday after the first charge are still there, or that brought something."""
        is_payday = self._payday(name)
        days = list(_watched(charged_at))
        found = {day for day in days if self.draw(name, "windfall", day) < WINDFALL}
        for payday in filter(is_payday, days):
            if self.draw(name, "wages", payday) < WAGES_FILL:
                lasts = 1 + self.draw(name, "wages last", payday) % WAGES_LAST_DAYS_MAX
                found |= {payday + timedelta(days=back) for back in range(lasts)}
        return found

    def _payday(self, name: str) -> Callable[[date], bool]:
        return self._one_of(PAYDAYS, name, "payday")

    def _one_of(self, mix: Sequence[tuple[Choice, int]], name: str, what: str) -> Choice:
        """What was drawn from a mix whose shares are percent of all; the first where they come to less."""
        point = self.draw(name, what) * 100 // CERTAIN
        for found, share in mix:
            if point < share:
                return found
            point -= share
        return mix[0][0]

    def _days(self, charged_at: datetime, zone: str, days: set[date]) -> Iterator[Window]:
        """Runs of local days as spans."""
        ordered = sorted(days)
        for _, run in groupby(enumerate(ordered), key=lambda pair: pair[1].toordinal() - pair[0]):
            block = [day for _, day in run]
            yield local_moment(block[0], time(), zone), local_moment(block[-1] + DAY, time(), zone)


def _watched(charged_at: datetime) -> Iterator[date]:
    """The days after the first charge."""
    for number in range(1, WATCHED_DAYS + 1):
        yield charged_at.date() + timedelta(days=number)
