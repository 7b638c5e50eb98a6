"""Take a bank statement in, find the payouts it paid, book them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.bank_receipts import Shown, find_receipts
from billing_pipeline.domain.bank_statements import BankLine, Match, MatchRules, match_lines
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.periods import midnight
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.reconciliation import BankStore


@dataclass(frozen=True, slots=True)
class BankImported:
    """What became of the statement. lines: new ones; matched: those that paid a payout; unmatched: all that wait.

    received: payments booked by hand that were found on it.
    """

    lines: int
    matched: int
    booked: int
    unmatched: int
    received: int = 0
    by_rule: dict[str, int] = field(default_factory=dict)


def import_bank(  # long because each word is one of the command line
    store: BankStore,
    clock: Clock,
    rules: MatchRules,
    lines: Sequence[BankLine],
    *,
    file: str,
    run_id: str,
    zone: str,
    others: Sequence[BankLine] = (),
) -> BankImported:
    """What became of the statement; with no lines, what became of those that still waited.

    zone: in which a line's day begins and ends, the close's. others: lines that are none of Stripe's; kept are those that
    show a wire or cheque which was booked by hand. Raises Broken when another file has told one of its days already; then
    nothing is taken in.
    """
    now = clock.now()
    with store.transaction():
        refuse_days_told_twice(store, [*lines, *others], file)
        new = store.add_lines(lines, file, now)
        waiting = store.unmatched_lines()
        matches = match_lines(waiting, store.payables(), rules)
        booked = store.save_matches(matches, entries_for(store, waiting, matches, zone), run_id, now)
        matched = {match.bank_line_id for match in matches}
        free = [line for line in waiting if line.bank_line_id not in matched]
        shown = show_receipts(store, [*free, *others], rules, file, now, zone)
    left = {line.bank_line_id for line in free} - {one.bank_line_id for one in shown}
    return BankImported(new, len(matched), booked, len(left), len(shown), by_rule(matches))


def show_receipts(
    store: BankStore, lines: Sequence[BankLine], rules: MatchRules, file: str, now: datetime, zone: str
) -> list[Shown]:
    """The payments booked by hand that these lines show. They are in the books already: nothing is booked again."""
    shown = find_receipts(lines, store.receipts(zone), rules)
    found = {one.bank_line_id for one in shown}
    store.add_lines([line for line in lines if line.bank_line_id in found], file, now)
    store.show_receipts(shown)
    return shown


def refuse_days_told_twice(store: BankStore, lines: Sequence[BankLine], file: str) -> None:
    """Nothing. Raises Broken, naming day and file, when a day is in two files: lines would count twice."""
    for account in sorted({line.bank_account for line in lines}):
        days = sorted({line.booked_on for line in lines if line.bank_account == account})
        for day, other in store.days_of_other_files(account, days, file).items():
            raise Broken(
                f"{file}: {day} of account {account} is already told by {other}: cut the files so that they do not overlap"
            )


def entries_for(store: BankStore, lines: Sequence[BankLine], matches: Sequence[Match], zone: str) -> list[Entry]:
    """One entry for each line that paid a payout."""
    paid = {match.bank_line_id for match in matches}
    return [entry_for(store, line, zone) for line in lines if line.bank_line_id in paid and line.amount_minor]


def entry_for(store: BankStore, line: BankLine, zone: str) -> Entry:
    """The entry of a line, on its day or the first open one after it."""
    at, day = midnight(line.booked_on, zone), store.first_open_day(line.booked_on)
    return cash_entries.bank_line(line.bank_line_id, line.amount_minor, line.currency, at, day)


def by_rule(matches: Sequence[Match]) -> dict[str, int]:
    """How many matches each rule made."""
    counts: dict[str, int] = {}
    for match in matches:
        counts[match.rule] = counts.get(match.rule, 0) + 1
    return counts
