"""Policies in numbers: the walks of many invoices added up, with the denominator of every rate."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final, Protocol

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_policy import Action
from billing_pipeline.domain.dunning_replay import CERTAIN, Tries, Walk
from billing_pipeline.domain.money import Money

MONTH: Final = timedelta(days=30)  # in which card networks count


@dataclass(frozen=True, slots=True)
class Sums:
    """A policy over many invoices. Counts are expected values, rounded; minor units by currency.

    invoices and owed_minor are the denominator: every invoice whose first charge failed.
    customers_mailed_at_most: were nothing ever paid. tries_of_one_card_30_days_max: for all invoices of that card, first
    charges included. held_by_budget: invoices with a retry that had to wait because tries were used up.
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
    held_by_budget: int
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


def sums(policy: str, walks: Sequence[Walk], tries: Tries) -> Sums:
    """The walks of one policy, added up. tries: all of their cards."""
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
        tries_of_one_card_30_days_max=tries_of_one_card_30_days_max(tries.by_card.values()),
        held_by_budget=sum(1 for one in walks if one.budget_spent),
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


def tries_of_one_card_30_days_max(tries_by_card: Iterable[Sequence[datetime]]) -> int:
    """The most tries that any card got within any 30 days."""
    return max((_peak(tries) for tries in tries_by_card), default=0)


def _peak(tries: Sequence[datetime]) -> int:
    """Most tries within any 30 days."""
    return max((sum(1 for other in tries if at - MONTH < other <= at) for at in tries), default=0)
