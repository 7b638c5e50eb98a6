"""Wires and cheques that a person booked, and the lines of the bank statement on which they arrived.

Such money was booked into the bank account when it was recorded; a line that is found says that it really came.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from billing_pipeline.domain.bank_statements import BankLine, MatchRules
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import PaymentId

BY_REFERENCE, BY_AMOUNT = "reference", "amount"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A payment booked by hand that no line of a statement shows yet."""

    payment_id: PaymentId
    currency: Currency
    amount_minor: int
    received_on: date
    reference: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A payment and the line that shows it. rule: by what it was found."""

    bank_line_id: str
    payment_id: PaymentId
    rule: str


def find_receipts(lines: Sequence[BankLine], receipts: Sequence[Receipt], rules: MatchRules) -> list[Shown]:
    """Each payment on one line at most: where the line carries its reference, else where nothing else could be meant."""
    found: list[Shown] = []
    for rule, belongs in ((BY_REFERENCE, carries), (BY_AMOUNT, anything)):
        free = [line for line in lines if line.bank_line_id not in {one.bank_line_id for one in found}]
        open_ = [one for one in receipts if one.payment_id not in {shown.payment_id for shown in found}]
        found += [Shown(line, payment, rule) for line, payment in certain(free, open_, rules, belongs)]
    return found


def certain(
    lines: Sequence[BankLine],
    receipts: Sequence[Receipt],
    rules: MatchRules,
    belongs: Callable[[BankLine, Receipt], bool],
) -> list[tuple[str, PaymentId]]:
    """Line and payment that fit each other and nobody else."""
    pairs = [(line, one) for line in lines for one in receipts if fits(line, one, rules) and belongs(line, one)]
    return [
        (line.bank_line_id, one.payment_id)
        for line, one in pairs
        if sum(other is line for other, _ in pairs) == 1 and sum(other is one for _, other in pairs) == 1
    ]


def fits(line: BankLine, receipt: Receipt, rules: MatchRules) -> bool:
    """Whether currency, amount and day agree; money from a customer has no tolerance."""
    apart = abs((line.booked_on - receipt.received_on).days)
    same = (line.currency, line.amount_minor) == (receipt.currency, receipt.amount_minor)
    return same and apart <= rules.lag_days


def carries(line: BankLine, receipt: Receipt) -> bool:
    """Whether the line's text holds the reference of the payment."""
    reference = plain(receipt.reference)
    return bool(reference) and reference in plain(line.reference)


def anything(line: BankLine, receipt: Receipt) -> bool:
    """Whether amount and day alone will do."""
    return True


def plain(text: str) -> str:
    """The text without what banks add or drop: blanks, dots, dashes, case."""
    return "".join(filter(str.isalnum, text)).lower()
