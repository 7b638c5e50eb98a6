"""What both sides of a divergence say, for people: stored words tell amounts in minor units, read ones with decimals."""

import re
from typing import Final

from billing_pipeline.domain.currencies import THREE_DECIMAL, TWO_DECIMAL, ZERO_DECIMAL, Currency
from billing_pipeline.domain.money import Money

KNOWN: Final = ZERO_DECIMAL | TWO_DECIMAL | THREE_DECIMAL
WITH_CURRENCY: Final = re.compile(
    r"^(?P<before>(?:[a-z_]+ )?)(?P<minor>-?\d+) (?P<currency>[a-z]{3})(?=$|, | on | to arrive )"
)
"""Such as 'succeeded 4900 usd', '4900 usd on 2026-03-01' and 'paid 4900 usd, not in the journal'."""
BARE: Final = (
    re.compile(r"^(?P<before>its \d+ transactions sum to )(?P<minor>-?\d+)$"),
    re.compile(r"^(?P<before>)(?P<minor>\d+)(?= booked as goodwill$| of credits stay unused$)"),
)
"""Amounts in the currency of the divergence."""


def readable(words: str, currency: str | None = None) -> str:
    """The words with their amount in major units, such as 'succeeded 49.00 usd'; all else stays as it is.

    currency: of the divergence, for amounts told without one.
    """
    told = WITH_CURRENCY.match(words)
    if told and told["currency"] in KNOWN:
        return in_major(words, told, told["currency"])
    bare = next(filter(None, (shape.match(words) for shape in BARE)), None)
    return in_major(words, bare, currency) if bare and currency in KNOWN else words


def in_major(words: str, told: re.Match[str], currency: str) -> str:
    """The words with the amount that was found in them written out."""
    return f"{told['before']}{Money(int(told['minor']), Currency(currency))}{words[told.end() :]}"
