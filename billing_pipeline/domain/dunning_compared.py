"""Policies side by side: what each did and brought under equal luck, as the rows of one table."""

from collections.abc import Sequence
from dataclasses import dataclass

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_sums import percent
from billing_pipeline.domain.money import Money


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one policy did and brought in one world. Minor units of US dollars.

    invoices, owed_minor: every invoice whose first charge failed; recovered within WATCHED_DAYS of that.
    """

    invoices: int
    owed_minor: int
    recovered_minor: int
    by_retry_minor: int
    retries: int
    messages: int
    suspended: int
    canceled: int
    tries_of_one_card_30_days_max: int


@dataclass(frozen=True, slots=True)
class Compared:
    """One ladder over all seeds. Shares are of the money on all invoices whose first charge failed."""

    policy: str
    invoices: int
    owed: str
    recovered: str
    share: str
    lowest: str
    highest: str
    by_retry: str
    retries_per_invoice: str
    mails_per_invoice: str
    suspended: str
    canceled: str
    tries_of_one_card_30_days_max: int


def compared(name: str, found: Sequence[Outcome]) -> Compared:
    """The row of one ladder over its worlds."""
    invoices, owed = sum(one.invoices for one in found), sum(one.owed_minor for one in found)
    back = sum(one.recovered_minor for one in found)
    by_share = sorted(found, key=lambda one: one.recovered_minor * 10_000 // one.owed_minor)
    return Compared(
        policy=name,
        invoices=invoices,
        owed=str(Money(owed, Currency("usd"))),
        recovered=str(Money(back, Currency("usd"))),
        share=percent(back, owed),
        lowest=percent(by_share[0].recovered_minor, by_share[0].owed_minor),
        highest=percent(by_share[-1].recovered_minor, by_share[-1].owed_minor),
        by_retry=percent(sum(one.by_retry_minor for one in found), owed),
        retries_per_invoice=ratio(sum(one.retries for one in found), invoices),
        mails_per_invoice=ratio(sum(one.messages for one in found), invoices),
        suspended=percent(sum(one.suspended for one in found), invoices),
        canceled=percent(sum(one.canceled for one in found), invoices),
        tries_of_one_card_30_days_max=max(one.tries_of_one_card_30_days_max for one in found),
    )


def ratio(part: int, whole: int) -> str:
    """part / whole as text with one decimal, such as '2.6'."""
    tenths = (part * 10 + whole // 2) // whole
    return f"{tenths // 10}.{tenths % 10}"
