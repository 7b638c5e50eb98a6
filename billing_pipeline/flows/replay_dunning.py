"""The time machine: policies tried on what really happened, side by side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_pipeline.domain.dunning_history import History, Told
from billing_pipeline.domain.dunning_policy import Action, Policy
from billing_pipeline.domain.dunning_replay import CERTAIN, Walk, walk_all
from billing_pipeline.domain.dunning_sums import Sums, percent, sums
from billing_pipeline.domain.errors import Broken


class HistoryStore(Protocol):
    """Where history is kept."""

    def history(self, from_day: date, to_day: date) -> History:
        """Every invoice whose first charge failed on one of those days (UTC), and every retry after it."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What really came back. Minor units by currency; the denominator is every invoice whose first charge failed."""

    invoices: int
    owed_minor: dict[str, int]
    recovered_minor: dict[str, int]
    by_retry_minor: dict[str, int]

    @property
    def recovery_percent(self) -> dict[str, str]:
        """Recovered of owed, by currency."""
        return {code: percent(self.recovered_minor.get(code, 0), owed) for code, owed in self.owed_minor.items()}


@dataclass(frozen=True, slots=True)
class Treated:
    """What a policy would have done about one invoice, were it not paid sooner."""

    invoice: str
    account: str
    mailed: int
    retried: int
    suspended_at: datetime | None
    expected_percent: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """Policies side by side. treated: per policy, in the same order of invoices."""

    from_day: date
    to_day: date
    happened: Happened
    policies: tuple[Sums, ...]
    treated: tuple[tuple[Treated, ...], ...]
    recovered_by_day: tuple[tuple[int, ...], ...]
    basis: tuple[str, ...]


CURVE_DAYS = 60


def replay_dunning(store: HistoryStore, policies: Sequence[Policy], from_day: date, to_day: date) -> Replayed:
    """What each policy would have done with the failures of those days. Raises Broken when there were none."""
    if to_day < from_day:
        raise Broken(f"--to {to_day} is before --from {from_day}: give the earlier day first")
    history = store.history(from_day, to_day)
    if not history.told:
        raise Broken(f"no first charge failed from {from_day} to {to_day}: choose days with failures")
    cases = [one.case for one in history.told]
    walked, added_up = [], []
    for policy in policies:
        tries = history.tries()
        walked.append(walk_all(cases, policy, history, tries))
        added_up.append(sums(policy.version, walked[-1], tries))
    return Replayed(
        from_day=from_day,
        to_day=to_day,
        happened=happened(history.told),
        policies=tuple(added_up),
        treated=tuple(tuple(_treated(one, told) for one, told in zip(w, history.told, strict=True)) for w in walked),
        recovered_by_day=tuple(recovered_by_day(walks) for walks in walked),
        basis=tuple(history.basis()),
    )


def happened(told: Sequence[Told]) -> Happened:
    """What history says, added up."""
    owed, recovered, by_retry = Counter[str](), Counter[str](), Counter[str]()
    for one in told:
        amount = one.case.late.owed
        owed[amount.currency] += amount.minor
        if one.paid_at:
            recovered[amount.currency] += amount.minor
            by_retry[amount.currency] += amount.minor if one.by_retry else 0
    return Happened(len(told), dict(owed), dict(recovered), dict(by_retry))


def recovered_by_day(walks: Sequence[Walk]) -> tuple[int, ...]:
    """For each day after the first failure, how many invoices per thousand are expected to be paid by then."""
    paid = [0] * (CURVE_DAYS + 1)
    for one in walks:
        for at, ppm in one.paid:
            day = (at - one.failed_at).days
            if day <= CURVE_DAYS:
                paid[day] += ppm
    total, whole = 0, len(walks) * CERTAIN
    curve = []
    for ppm in paid:
        total += ppm
        curve.append(total * 1000 // whole)
    return tuple(curve)


def _treated(one: Walk, told: Told) -> Treated:
    suspended = one.ends.get(Action.SUSPEND)
    return Treated(
        invoice=one.invoice,
        account=told.case.late.account,
        mailed=len(one.notices),
        retried=len(one.retries),
        suspended_at=suspended[0] if suspended else None,
        expected_percent=percent(one.recovered_ppm, CERTAIN),
    )
