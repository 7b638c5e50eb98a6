"""Deferred revenue: what a line has earned by a day, and what a credit note, a void or a write-off takes back.

Days, not seconds: a line over [start, end) earns minor x elapsed / length, rounded half-up on the running total, so the
days always sum to the line. The same arithmetic stands in sql/ledger/earned_revenue.sql; a test holds them together.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.money import round_half_up


@dataclass(frozen=True, slots=True)
class Stretch:
    """What one line deferred and over which days it is earned. minor: net of tax, negative for unused time.

    start: first day of service. end: the day after the last; not after start means earned at once, on start.
    """

    line_no: int
    minor: int
    start: date
    end: date


@dataclass(frozen=True, slots=True)
class Adjustment:
    """Revenue of a line that will not be earned after all. adjusted_on: what was earned through this day stays."""

    line_no: int
    adjusted_on: date
    minor: int


def earned(stretch: Stretch, through: date) -> int:
    """Minor units earned by the end of that day, as if nothing had been taken back."""
    elapsed, length = (through - stretch.start).days + 1, (stretch.end - stretch.start).days
    if elapsed <= 0:
        return 0
    if elapsed >= length:
        return stretch.minor
    return round_half_up(Fraction(stretch.minor * elapsed, length))


def taken_back(stretch: Stretch, adjustment: Adjustment, through: date) -> int:
    """How much of the adjustment would have been earned by the end of that day: it shrinks the days that follow it."""
    base = earned(stretch, adjustment.adjusted_on)
    rest = stretch.minor - base
    if through <= adjustment.adjusted_on or not rest:
        return 0
    return round_half_up(Fraction(adjustment.minor * (earned(stretch, through) - base), rest))


def recognised(stretch: Stretch, adjustments: Iterable[Adjustment], through: date) -> int:
    """Minor units of revenue by the end of that day, adjustments of this line counted."""
    mine = (a for a in adjustments if a.line_no == stretch.line_no)
    return earned(stretch, through) - sum(taken_back(stretch, a, through) for a in mine)


def unearned(stretch: Stretch, adjustments: Sequence[Adjustment], through: date) -> int:
    """What is still deferred at the end of that day, adjustments up to it counted."""
    told = [a for a in adjustments if a.line_no == stretch.line_no and a.adjusted_on <= through]
    return stretch.minor - sum(a.minor for a in told) - recognised(stretch, told, through)


def take_back(
    stretches: Sequence[Stretch], adjustments: Sequence[Adjustment], amount: int, on: date
) -> tuple[Adjustment, ...]:
    """The adjustments by line that take amount out of what is unearned at the end of that day; none for 0.

    amount: minor units between 0 and the unearned whole. Raises Broken when that much is not there.
    """
    rests = [unearned(stretch, adjustments, on) for stretch in stretches]
    shares = prorate(amount, rests)
    return tuple(Adjustment(s.line_no, on, share) for s, share in zip(stretches, shares, strict=True) if share)


def prorate(amount: int, rests: Sequence[int]) -> list[int]:
    """Shares of amount in proportion to rests, which may have both signs; they sum to amount exactly.

    Rounded on the running total, so amount = sum(rests) gives rests. Raises Broken outside 0..sum(rests).
    """
    whole = sum(rests)
    if not 0 <= amount <= whole:
        raise Broken(f"cannot take {amount} out of {whole} of unearned revenue")
    if not amount:
        return [0] * len(rests)
    shares: list[int] = []
    running = 0
    for rest in rests:
        running += rest
        shares.append(round_half_up(Fraction(amount * running, whole)) - sum(shares))
    return shares
