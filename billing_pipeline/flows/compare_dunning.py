"""A policy against simpler ladders, in a made-up world with equal luck for all."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing_pipeline.domain.dunning_baselines import baselines
from billing_pipeline.domain.dunning_model import Model
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.dunning_replay import Sums, percent, sums, walk


@dataclass(frozen=True, slots=True)
class Compared:
    """One ladder over all seeds. Rates are of the money on all invoices whose first charge failed."""

    policy: str
    invoices: int
    recovered: str
    lowest: str
    highest: str
    by_retry: str
    retries_per_invoice: str
    mails_per_invoice: str
    suspended: str
    canceled: str
    tries_of_one_card_30_days_max: int


def compare_dunning(policy: Policy, seeds: Sequence[int], cases: int) -> list[Compared]:
    """A row per ladder, ours first; each seed is one world, and every ladder meets the same."""
    worlds = [(Model(seed), Model(seed).cases(cases)) for seed in seeds]
    rows = []
    for name, rival in baselines(policy).items():
        per_seed = [sums(name, [walk(case, rival, world) for case in found]) for world, found in worlds]
        rows.append(_row(name, per_seed))
    return rows


def _row(name: str, per_seed: Sequence[Sums]) -> Compared:
    owed = [one.owed_minor["usd"] for one in per_seed]
    back = [one.recovered_minor.get("usd", 0) for one in per_seed]
    rates = sorted(part * 10_000 // whole for part, whole in zip(back, owed, strict=True))
    invoices = sum(one.invoices for one in per_seed)
    return Compared(
        policy=name,
        invoices=invoices,
        recovered=percent(sum(back), sum(owed)),
        lowest=percent(rates[0], 10_000),
        highest=percent(rates[-1], 10_000),
        by_retry=percent(sum(one.recovered_by_retry_minor.get("usd", 0) for one in per_seed), sum(owed)),
        retries_per_invoice=_ratio(sum(one.retries for one in per_seed), invoices),
        mails_per_invoice=_ratio(sum(one.mails for one in per_seed), invoices),
        suspended=percent(sum(one.suspended for one in per_seed), invoices),
        canceled=percent(sum(one.canceled for one in per_seed), invoices),
        tries_of_one_card_30_days_max=max(one.tries_of_one_card_30_days_max for one in per_seed),
    )


def _ratio(part: int, whole: int) -> str:
    tenths = (part * 10 + whole // 2) // whole
    return f"{tenths // 10}.{tenths % 10}"
