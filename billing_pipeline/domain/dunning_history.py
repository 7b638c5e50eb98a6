"""What really happened after first failures, and the chances that can be read from it, with what they stand on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from billing_pipeline.domain.dunning import NO_FUNDS
from billing_pipeline.domain.dunning_cases import Card
from billing_pipeline.domain.dunning_replay import CERTAIN, Case, Notified, Tries
from billing_pipeline.domain.dunning_timing import local_day
from billing_pipeline.domain.retry_rules import DeclineClass, decline_class

ENOUGH: Final = 20  # fewer retries than this say nothing
PAYDAYS: Final = frozenset({1, 2, 15, 16})  # the day that wages come in, and the one after
NTH_MAX: Final = 4  # the fourth retry and all later ones are one kind
ASSUMED_PERCENT: Final = {
    "no funds": (18, 15, 12, 9),
    "other soft": (20, 14, 9, 6),
    "new card": (70, 40, 20, 10),
    "hard": (0,) * 4,
}
"""Chances of the 1st to 4th retry where history holds fewer than ENOUGH; in the range of published figures."""


@dataclass(frozen=True, slots=True)
class Told:
    """A case, and how it went. by_retry: whether one of our own retries brought the money. card: one put in later."""

    case: Case
    paid_at: datetime | None
    by_retry: bool
    card: Card | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """One retry of history. nth: 1 for the first after the first failure."""

    kind: str
    on_payday: bool
    nth: int
    succeeded: bool


Key = tuple[str, bool | None, int | None]


def kind_of(case: Case, fingerprint: str) -> str:
    """The sort of retry: on another card than failed, on an empty account, after a vague decline, or hopeless."""
    if fingerprint and case.late.tried_fingerprint and fingerprint != case.late.tried_fingerprint:
        return "new card"
    if case.late.codes.decline == NO_FUNDS:
        return "no funds"
    return "other soft" if decline_class(case.late.codes) is DeclineClass.SOFT else "hard"


def is_payday(at: datetime, zone: str) -> bool:
    """Whether wages have just come in there."""
    return local_day(at, zone).day in PAYDAYS


@dataclass(frozen=True, slots=True)
class History:
    """The answers of history: customers paid when they paid; retries succeed as often as such retries did.

    first_tries: by card fingerprint, when an invoice was charged for the first time.
    """

    told: Sequence[Told]
    observed: Sequence[Observed]
    first_tries: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    _by_invoice: dict[str, Told] = field(init=False)
    _counts: dict[Key, tuple[int, int]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_invoice", {one.case.late.invoice: one for one in self.told})
        counts: dict[Key, tuple[int, int]] = {}
        for one in self.observed:
            for key in _keys(one.kind, one.on_payday, one.nth):
                tries, successes = counts.get(key, (0, 0))
                counts[key] = (tries + 1, successes + one.succeeded)
        object.__setattr__(self, "_counts", counts)

    def tries(self) -> Tries:
        """First charges by card, of all invoices: no policy changes them. A new one each time, to be added to."""
        return Tries({card: list(moments) for card, moments in self.first_tries.items()})

    def retry_chance(self, case: Case, card: Card, at: datetime, nth: int) -> int:
        """Parts per million, from the narrowest group of history that is large enough, else the assumed figure."""
        kind = kind_of(case, card.fingerprint)
        for key in _keys(kind, is_payday(at, case.late.zone), nth):
            tries, successes = self._counts.get(key, (0, 0))
            if tries >= ENOUGH:
                return successes * CERTAIN // tries
        return ASSUMED_PERCENT[kind][min(nth, NTH_MAX) - 1] * CERTAIN // 100

    def pays_at(self, case: Case, notified: Sequence[Notified]) -> datetime | None:
        """When the customer really paid, unless it was a retry of ours; whatever was mailed."""
        one = self._by_invoice[case.late.invoice]
        return None if one.by_retry else one.paid_at

    def new_card(self, case: Case, at: datetime) -> Card | None:
        """The card that was really put in, from its moment on."""
        card = self._by_invoice[case.late.invoice].card
        return card if card and card.attached_at <= at else None

    def basis(self) -> list[str]:
        """What the expected recovery stands on, one line per kind of retry."""
        return [self._basis_of(kind) for kind in ASSUMED_PERCENT]

    def _basis_of(self, kind: str) -> str:
        tries, successes = self._counts.get((kind, None, None), (0, 0))
        if tries >= ENOUGH:
            return f"{kind}: {successes} of {tries} retries in this history succeeded"
        assumed = ", ".join(f"{chance} %" for chance in ASSUMED_PERCENT[kind])
        return (
            f"{kind}: only {tries} retries in this history; assumed {assumed} for the first, second, third, later ones"
        )


def _keys(kind: str, on_payday: bool, nth: int) -> tuple[Key, ...]:
    """From the narrowest group to the widest."""
    nth = min(nth, NTH_MAX)
    return (kind, on_payday, nth), (kind, None, nth), (kind, None, None)
