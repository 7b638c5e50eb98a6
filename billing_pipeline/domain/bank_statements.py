"""Bank statements: their lines, what makes a file unbelievable, and which payouts a line paid.

A line pays one payout (1:1), several at once (n payouts : 1 line), or a part of one (1 payout : n lines).
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Final, TypeVar

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PayoutId

T = TypeVar("T")
CANDIDATES_MAX: Final = 12  # combinations grow fast; where more could be meant, none is taken for certain
TOGETHER_MAX: Final = 4  # payouts in one line, or lines for one payout


@dataclass(frozen=True, slots=True)
class BankLine:
    """One booking on the company's bank account. amount_minor: + came in, - went out. reference: the bank's text."""

    bank_line_id: str
    bank_account: str
    booked_on: date
    currency: Currency
    amount_minor: int
    reference: str


@dataclass(frozen=True, slots=True)
class Payable:
    """A payout, or a top-up, that should appear on the bank statement: + came in, - went out.

    hints: texts that its line may carry, such as the trace id.
    """

    payout_id: PayoutId
    currency: Currency
    amount_minor: int
    arrival_on: date
    hints: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A line and a payout that belong together. amount_minor: the share of this line in this payout."""

    bank_line_id: str
    payout_id: PayoutId
    amount_minor: int
    rule: str


@dataclass(frozen=True, slots=True)
class MatchRules:
    """tolerance_minor: by how much amounts may differ. lag_days: how far booking and arrival may lie apart."""

    tolerance_minor: int = 0
    lag_days: int = 5


def line_id(bank_account: str, booked_on: date, amount_minor: int, reference: str, nth: int) -> str:
    """The id of a line: the same file read twice gives the same ids. nth: counts lines that are equal in all else."""
    text = f"{bank_account}|{booked_on}|{amount_minor}|{reference}|{nth}"
    return f"bl_{hashlib.sha256(text.encode()).hexdigest()[:20]}"


def numbered(rows: Iterable[tuple[str, date, Currency, int, str]]) -> list[BankLine]:
    """The lines of one file with their ids. rows: (bank account, day, currency, minor units, reference)."""
    seen: dict[tuple[str, date, int, str], int] = {}
    lines = []
    for account, booked_on, currency, minor, reference in rows:
        same = (account, booked_on, minor, reference)
        seen[same] = seen.get(same, 0) + 1
        name = line_id(account, booked_on, minor, reference, seen[same])
        lines.append(BankLine(name, account, booked_on, currency, minor, reference))
    return lines


def check_one_currency(lines: Sequence[BankLine], file: str) -> None:
    """Nothing. Raises Broken, naming the line, when an account's statement mixes currencies."""
    first: dict[str, BankLine] = {}
    for place, line in enumerate(lines, start=1):
        known = first.setdefault(line.bank_account, line)
        if line.currency != known.currency:
            raise Broken(
                f"{file}: line {place} of account {line.bank_account} is in {line.currency}, the lines before are in "
                f"{known.currency}: one account has one currency, split the file"
            )


def match_lines(lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules) -> list[Match]:
    """Which payouts the lines paid: 1:1 first, with a hint before without; then n:1; then 1:n. Each is used once."""
    matches: list[Match] = []
    for step in (by_hint, by_amount, several_payouts, several_lines):
        free_lines = [line for line in lines if line.bank_line_id not in {m.bank_line_id for m in matches}]
        free_payables = [p for p in payables if p.payout_id not in {m.payout_id for m in matches}]
        matches += step(free_lines, free_payables, rules)
    return matches


def by_hint(lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules) -> list[Match]:
    """1:1 where the line carries one of the payout's hints and the amounts agree."""
    return one_to_one(lines, payables, rules, hinted=True)


def by_amount(lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules) -> list[Match]:
    """1:1 by amount and day alone; of several fitting payouts the one nearest in time."""
    return one_to_one(lines, payables, rules, hinted=False)


def one_to_one(
    lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules, *, hinted: bool
) -> list[Match]:
    """One line, one payout."""
    free = {payable.payout_id: payable for payable in payables}
    matches = []
    for line in sorted(lines, key=lambda found: (found.booked_on, found.bank_line_id)):
        fitting = [p for p in free.values() if fits(line, p, rules) and (not hinted or carries_hint(line, p))]
        if fitting:
            nearest = min(fitting, key=lambda p: (abs((p.arrival_on - line.booked_on).days), p.payout_id))
            del free[nearest.payout_id]
            matches.append(Match(line.bank_line_id, nearest.payout_id, line.amount_minor, "one_to_one"))
    return matches


def several_payouts(lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules) -> list[Match]:
    """n payouts : 1 line, where exactly one combination of payouts gives the line's amount."""
    free, matches = list(payables), list[Match]()
    for line in lines:
        near = [p for p in free if near_in_time(line, p, rules) and is_part(p.amount_minor, line.amount_minor, rules)]
        found = [
            c for c in groups(near) if abs(sum(p.amount_minor for p in c) - line.amount_minor) <= rules.tolerance_minor
        ]
        if len(found) == 1:
            free = [p for p in free if p not in found[0]]
            matches += [Match(line.bank_line_id, p.payout_id, p.amount_minor, "many_to_one") for p in found[0]]
    return matches


def several_lines(lines: Sequence[BankLine], payables: Sequence[Payable], rules: MatchRules) -> list[Match]:
    """1 payout : n lines, where exactly one combination of lines gives the payout's amount."""
    free, matches = list(lines), list[Match]()
    for payable in payables:
        near = [
            x for x in free if near_in_time(x, payable, rules) and is_part(x.amount_minor, payable.amount_minor, rules)
        ]
        found = [
            c
            for c in groups(near)
            if abs(sum(x.amount_minor for x in c) - payable.amount_minor) <= rules.tolerance_minor
        ]
        if len(found) == 1:
            free = [line for line in free if line not in found[0]]
            matches += [Match(x.bank_line_id, payable.payout_id, x.amount_minor, "one_to_many") for x in found[0]]
    return matches


def groups(candidates: Sequence[T]) -> Iterable[tuple[T, ...]]:
    """All combinations of two to TOGETHER_MAX of them; none where they are too many to try all."""
    if len(candidates) > CANDIDATES_MAX:
        return
    for size in range(2, TOGETHER_MAX + 1):
        yield from combinations(candidates, size)


def is_part(minor: int, whole_minor: int, rules: MatchRules) -> bool:
    """Whether the amount goes the same way as the whole and is no more than it."""
    return minor * whole_minor > 0 and abs(minor) <= abs(whole_minor) + rules.tolerance_minor


def fits(line: BankLine, payable: Payable, rules: MatchRules) -> bool:
    """Whether currency, day and amount agree within the rules."""
    return near_in_time(line, payable, rules) and abs(line.amount_minor - payable.amount_minor) <= rules.tolerance_minor


def near_in_time(line: BankLine, payable: Payable, rules: MatchRules) -> bool:
    """Whether currency and day agree within the rules."""
    apart = abs((line.booked_on - payable.arrival_on).days)
    return line.currency == payable.currency and apart <= rules.lag_days


def carries_hint(line: BankLine, payable: Payable) -> bool:
    """Whether the line's text names the payout."""
    text = line.reference.lower()
    return any(hint and hint.lower() in text for hint in payable.hints)
