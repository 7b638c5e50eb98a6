"""The time machine: invoices walked up a ladder in a world whose answers are given.

Chances are parts per million, so that no float touches money. A world that knows answers 0 or CERTAIN; one that only
estimates answers in between, and every count is then weighed by how likely the invoice is still unpaid.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from typing import Final, Protocol

from billing_pipeline.domain.dunning import planned_steps
from billing_pipeline.domain.dunning_cases import Card, Held, LateInvoice, PlannedStep, Taken
from billing_pipeline.domain.dunning_policy import Action, Policy
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.retry_rules import decline_class

CERTAIN: Final = 1_000_000
WALK_MAX: Final = timedelta(days=400)  # no ladder is longer than a year
LOOKS_MAX: Final = 2_000  # looks per invoice; a walk that needs more is a bug in a ladder
SOON: Final = timedelta(hours=1)  # when the outcome of a retry is known
LATER: Final = timedelta(days=1)
NOTICES_WITHIN: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Case:
    """An invoice right after its first failure."""

    late: LateInvoice
    failed_at: datetime


@dataclass(frozen=True, slots=True)
class Notified:
    """A message that the customer got."""

    at: datetime
    template: str


class Answers(Protocol):
    """How the world answers."""

    def retry_chance(self, case: Case, card: Card, at: datetime, nth: int) -> int:
        """Parts per million that a try of this card at this moment succeeds. nth: 1 for the first retry."""

    def pays_at(self, case: Case, notified: Sequence[Notified]) -> datetime | None:
        """When the customer pays on their own, having got those messages; None: not because of these."""

    def new_card(self, case: Case, at: datetime) -> Card | None:
        """Another card that stands in the account by then, or None."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What became of one invoice. recovered_ppm: how likely it was paid; weights: how likely each step happened.

    budget_spent: a retry had to wait because the tries of its card or of the invoice were used up.
    """

    invoice: InvoiceId
    segment: str
    decline: str
    owed: Money
    failed_at: datetime
    retries: tuple[tuple[datetime, int], ...] = ()
    notices: tuple[tuple[Notified, int], ...] = ()
    ends: Mapping[Action, tuple[datetime, int]] = field(default_factory=dict)
    recovered_ppm: int = 0
    by_retry_ppm: int = 0
    budget_spent: bool = False
    paid: tuple[tuple[datetime, int], ...] = ()


@dataclass(slots=True)
class Tries:
    """When each card was tried, over all invoices. Only tries that are likelier than not are counted."""

    by_card: dict[str, list[datetime]] = field(default_factory=dict)

    def knows(self, card: str, at: datetime) -> bool:
        """Whether a try of the card at that very moment is known."""
        return at in self.by_card.get(card, ())

    def add(self, card: str, at: datetime) -> None:
        """Nothing; afterwards the try is known. card: a fingerprint, or what stands for one."""
        self.by_card.setdefault(card, []).append(at)

    def of(self, card: str, until: datetime) -> tuple[datetime, ...]:
        """The card's tries up to that moment."""
        return tuple(sorted(at for at in self.by_card.get(card, ()) if at <= until))


@dataclass(slots=True)
class Walker:
    """One invoice on its way: what it has met so far. weight: how likely it is still unpaid, in parts per million."""

    case: Case
    late: LateInvoice
    weight: int
    walk: Walk
    looks: int = 0

    def take(self, row: PlannedStep, world: Answers, tries: Tries, at: datetime) -> None:
        """The step happens; a retry may end it."""
        taken = {**self.late.taken, row.step: Taken(at, str(row.action))}
        self.late = replace(self.late, taken=taken)
        if row.action is Action.RETRY:
            self._retry(world, tries, at)
        elif row.action and row.action is not Action.MAIL:
            self.walk = replace(self.walk, ends={**self.walk.ends, row.action: (at, self.weight)})
        if row.template:
            self.walk = replace(self.walk, notices=(*self.walk.notices, (Notified(at, row.template), self.weight)))

    def _retry(self, world: Answers, tries: Tries, at: datetime) -> None:
        late, card = self.late, self.late.card
        if card is None:
            return
        chance = world.retry_chance(self.case, card, at, len(self.walk.retries) + 1)
        self.walk = replace(self.walk, retries=(*self.walk.retries, (at, self.weight)))
        if self.weight * 2 >= CERTAIN:
            tries.add(card.fingerprint or str(late.invoice), at)
        self.paid(at, self.weight * chance // CERTAIN, by_retry=True)
        tried = replace(card, attempts=(*card.attempts, at))
        self.late = replace(
            late, card=tried, failures=late.failures + 1, last_failed_at=at, tried_fingerprint=card.fingerprint
        )

    def paid(self, at: datetime, ppm: int, *, by_retry: bool) -> None:
        """So likely the invoice was paid at that moment."""
        if ppm:
            walk = self.walk
            self.walk = replace(
                walk,
                recovered_ppm=walk.recovered_ppm + ppm,
                by_retry_ppm=walk.by_retry_ppm + (ppm if by_retry else 0),
                paid=(*walk.paid, (at, ppm)),
            )
            self.weight -= ppm


def walk(case: Case, policy: Policy, world: Answers) -> Walk:
    """What becomes of one invoice under that policy, until it is paid or its ladder ends."""
    return walk_all([case], policy, world, Tries())[0]


def walk_all(cases: Sequence[Case], policy: Policy, world: Answers, tries: Tries) -> list[Walk]:
    """What becomes of each invoice, in the order given. They walk at the same time: invoices of one card share its tries.

    tries: first charges of these cards; afterwards it holds the retries as well.
    """
    walkers = [_starting(case, tries) for case in cases]
    coming = [(case.failed_at, number) for number, case in enumerate(cases)]
    heapify(coming)
    while coming:
        at, number = heappop(coming)
        if following := _look(walkers[number], policy, world, tries, at):
            heappush(coming, (following, number))
    return [walker.walk for walker in walkers]


def _starting(case: Case, tries: Tries) -> Walker:
    late = case.late
    decline = str(decline_class(late.codes, late.card.brand if late.card else ""))
    if late.card:
        name = late.card.fingerprint or str(late.invoice)
        for at in late.card.attempts:
            if not tries.knows(name, at):
                tries.add(name, at)
    return Walker(case, late, CERTAIN, Walk(late.invoice, "", decline, late.owed, case.failed_at))


def _look(walker: Walker, policy: Policy, world: Answers, tries: Tries, at: datetime) -> datetime | None:
    """When to look again, after what is due now was done; None when the walk has come to its end."""
    walker.late = _as_of(walker, world, tries, at)
    rows = planned_steps(walker.late, policy, at)
    spent = any(row.held is Held.BUDGET_SPENT for row in rows)
    walker.walk = replace(walker.walk, segment=rows[0].segment, budget_spent=walker.walk.budget_spent or spent)
    due = [row for row in rows if not row.held]
    for row in due:
        walker.take(row, world, tries, at)
    if Action.WRITE_OFF in {row.action for row in due}:
        return None
    following = at + SOON if due else _next_look(rows, at)
    paid_at = world.pays_at(walker.case, [notice for notice, _ in walker.walk.notices])
    if paid_at and paid_at <= following:
        walker.paid(max(paid_at, at), walker.weight, by_retry=False)
    walker.looks += 1
    is_over = not walker.weight or walker.looks >= LOOKS_MAX
    return None if is_over or following >= walker.case.failed_at + WALK_MAX else following


def _as_of(walker: Walker, world: Answers, tries: Tries, at: datetime) -> LateInvoice:
    """The invoice as dunning sees it at that moment, with every try of its card by then, for whatever invoice."""
    recent = sum(1 for notice, _ in walker.walk.notices if notice.at > at - NOTICES_WITHIN)
    late = replace(walker.late, notices_7_days=recent)
    new = world.new_card(walker.case, at)
    card = new if new and (late.card is None or new.fingerprint != late.card.fingerprint) else late.card
    if card and card.fingerprint:
        card = replace(card, attempts=tries.of(card.fingerprint, at))
    return replace(late, card=card)


def _next_look(rows: Iterable[PlannedStep], at: datetime) -> datetime:
    """When something may change: the next due step, or tomorrow where only time or the customer can help."""
    coming = [row.at for row in rows if row.held in (Held.NOT_DUE_YET, Held.QUIET_HOURS) and row.at > at]
    waits = any(row.held not in (Held.NOT_DUE_YET, Held.QUIET_HOURS) for row in rows)
    return min([*coming, at + LATER] if waits or not coming else coming)
