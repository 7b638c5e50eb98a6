"""The time machine: an invoice walked up a ladder in a world whose answers are given, and the sums over many of them.

Chances are parts per million, so that no float touches money. A world that knows answers 0 or CERTAIN; one that only
estimates answers in between, and every count is then weighed by how likely the invoice is still unpaid.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Protocol

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning import planned_steps
from billing_pipeline.domain.dunning_cases import Card, Held, LateInvoice, PlannedStep, Taken
from billing_pipeline.domain.dunning_policy import Action, Policy
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.retry_rules import decline_class

CERTAIN: Final = 1_000_000
WALK_DAYS_MAX: Final = 400  # no ladder is longer than a year
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
    """What became of one invoice. recovered_ppm: how likely it was paid; weights: how likely each step happened."""

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
    paid: tuple[tuple[datetime, int], ...] = ()


@dataclass(slots=True)
class Walker:
    """One invoice on its way: what it has met so far. weight: how likely it is still unpaid, in parts per million."""

    case: Case
    late: LateInvoice
    weight: int
    walk: Walk

    def take(self, row: PlannedStep, world: Answers, at: datetime) -> None:
        """The step happens; a retry may end it."""
        taken = {**self.late.taken, row.step: Taken(at, str(row.action))}
        self.late = replace(self.late, taken=taken)
        if row.action is Action.RETRY:
            self._retry(world, at)
        elif row.action and row.action is not Action.MAIL:
            self.walk = replace(self.walk, ends={**self.walk.ends, row.action: (at, self.weight)})
        if row.template:
            self.walk = replace(self.walk, notices=(*self.walk.notices, (Notified(at, row.template), self.weight)))

    def _retry(self, world: Answers, at: datetime) -> None:
        late, card = self.late, self.late.card
        if card is None:
            return
        chance = world.retry_chance(self.case, card, at, len(self.walk.retries) + 1)
        self.walk = replace(self.walk, retries=(*self.walk.retries, (at, self.weight)))
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
    """What becomes of the invoice under that policy, until it is paid or its ladder ends."""
    late, at = case.late, case.failed_at
    decline = str(decline_class(late.codes, late.card.brand if late.card else ""))
    walker = Walker(case, late, CERTAIN, Walk(late.invoice, "", decline, late.owed, case.failed_at))
    end = case.failed_at + timedelta(days=WALK_DAYS_MAX)
    for _ in range(LOOKS_MAX):
        if at >= end or not walker.weight:
            break
        walker.late = _as_of(walker, world, at)
        rows = planned_steps(walker.late, policy, at)
        walker.walk = replace(walker.walk, segment=rows[0].segment)
        due = [row for row in rows if not row.held]
        for row in due:
            walker.take(row, world, at)
        if due and Action.WRITE_OFF in {row.action for row in due}:
            break
        following = at + SOON if due else _next_look(rows, at)
        paid_at = world.pays_at(case, [notice for notice, _ in walker.walk.notices])
        if paid_at and paid_at <= following:
            walker.paid(max(paid_at, at), walker.weight, by_retry=False)
        at = following
    return walker.walk


def _as_of(walker: Walker, world: Answers, at: datetime) -> LateInvoice:
    """The invoice as dunning sees it at that moment."""
    recent = sum(1 for notice, _ in walker.walk.notices if notice.at > at - NOTICES_WITHIN)
    card = world.new_card(walker.case, at)
    late = replace(walker.late, notices_7_days=recent)
    is_new = card is not None and (late.card is None or card.fingerprint != late.card.fingerprint)
    return replace(late, card=card) if is_new else late


def _next_look(rows: Iterable[PlannedStep], at: datetime) -> datetime:
    """When something may change: the next due step, or tomorrow where only time or the customer can help."""
    coming = [row.at for row in rows if row.held in (Held.NOT_DUE_YET, Held.QUIET_HOURS) and row.at > at]
    waits = any(row.held not in (Held.NOT_DUE_YET, Held.QUIET_HOURS) for row in rows)
    return min([*coming, at + LATER] if waits or not coming else coming)


@dataclass(frozen=True, slots=True)
class Sums:
    """A policy over many invoices. Counts are expected values, rounded; minor units by currency.

    invoices and owed_minor are the denominator: every invoice whose first charge failed.
    customers_mailed_at_most: were nothing ever paid.
    """

    policy: str
    invoices: int
    owed_minor: dict[str, int]
    recovered_minor: dict[str, int]
    recovered_by_retry_minor: dict[str, int]
    recovered_invoices: int
    retries: int
    mails: int
    customers_mailed_at_most: int
    suspended: int
    canceled: int
    written_off: int
    tries_of_one_card_30_days_max: int
    days_to_recover_median: int | None

    @property
    def recovery_percent(self) -> dict[str, str]:
        """Recovered of owed, by currency, with one decimal."""
        return {code: percent(self.recovered_minor.get(code, 0), owed) for code, owed in self.owed_minor.items()}


def percent(part: int, whole: int) -> str:
    """part of whole as text with one decimal, such as '41.7 %'."""
    tenths = (part * 1000 + whole // 2) // whole if whole else 0
    return f"{tenths // 10}.{tenths % 10} %"


def shown_sums(minor: Mapping[str, int]) -> str:
    """Sums by currency as text, such as '12.00 usd, 500 jpy'; '0' for none."""
    return ", ".join(str(Money(amount, Currency(code))) for code, amount in sorted(minor.items())) or "0"


def sums(policy: str, walks: Sequence[Walk]) -> Sums:
    """The walks of one policy, added up."""
    days = [(at - one.failed_at).days for one in walks for at, ppm in one.paid if ppm * 2 >= CERTAIN]
    return Sums(
        policy=policy,
        invoices=len(walks),
        owed_minor=_by_currency(walks, lambda one: CERTAIN),
        recovered_minor=_by_currency(walks, lambda one: one.recovered_ppm),
        recovered_by_retry_minor=_by_currency(walks, lambda one: one.by_retry_ppm),
        recovered_invoices=_whole(one.recovered_ppm for one in walks),
        retries=_whole(weight for one in walks for _, weight in one.retries),
        mails=_whole(weight for one in walks for _, weight in one.notices),
        customers_mailed_at_most=sum(1 for one in walks if one.notices),
        suspended=_ended(walks, Action.SUSPEND),
        canceled=_ended(walks, Action.CANCEL),
        written_off=_ended(walks, Action.WRITE_OFF),
        tries_of_one_card_30_days_max=max(
            (_peak([one.failed_at, *(at for at, _ in one.retries)]) for one in walks), default=0
        ),
        days_to_recover_median=int(median(days)) if days else None,
    )


def _by_currency(walks: Sequence[Walk], ppm: "WeightOf") -> dict[str, int]:
    found: dict[str, int] = {}
    for one in walks:
        found[one.owed.currency] = found.get(one.owed.currency, 0) + one.owed.minor * ppm(one)
    return {code: (amount + CERTAIN // 2) // CERTAIN for code, amount in found.items()}


class WeightOf(Protocol):
    """How much of a walk counts, in parts per million."""

    def __call__(self, one: Walk, /) -> int: ...


def _whole(weights: Iterable[int]) -> int:
    return (sum(weights) + CERTAIN // 2) // CERTAIN


def _ended(walks: Sequence[Walk], action: Action) -> int:
    return _whole(one.ends[action][1] for one in walks if action in one.ends)


def _peak(tries: Sequence[datetime]) -> int:
    """Most tries within any 30 days."""
    return max(sum(1 for other in tries if at - timedelta(days=30) < other <= at) for at in tries)
