"""The journal as CSV for a general ledger, and as Beancount."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any, Final, TextIO

from billing_pipeline.adapters.exports.gl_accounts import Mapped
from billing_pipeline.adapters.postgres import Database, statement
from billing_pipeline.domain.currencies import Currency, exponent
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.zones import end_of

STREAM_ROWS: Final = 10_000  # postings held at a time: a journal of years goes through
HEADER: Final = (
    "accounting_date", "entry_id", "line_no", "source", "kind", "gl_account", "gl_name", "debit", "credit", "currency",
    "customer", "invoice", "occurred_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """From since to until, by accounting date, both counted."""

    since: date
    until: date


def journal_rows(db: Database, span: Span) -> Iterator[Any]:
    """Every posting of the span in the order of the journal, streamed."""
    options = {"stream_results": True, "max_row_buffer": STREAM_ROWS}
    with db.transaction() as connection:
        where = {"since": span.since, "until": span.until}
        yield from connection.execute(statement("ledger/journal_rows"), where, execution_options=options)


def write_csv(db: Database, span: Span, mapping: Mapped, target: TextIO) -> int:
    """How many postings were written, one a line, amounts in major units."""
    lines = csv.writer(target)
    lines.writerow(HEADER)
    count = 0
    for row in journal_rows(db, span):
        account = mapping[LedgerAccount(row.ledger_account)]
        lines.writerow((
            row.accounting_date, row.entry_id, row.line_no, row.source, row.kind, account.code, account.name,
            amount(max(row.minor, 0), row.currency), amount(max(-row.minor, 0), row.currency), row.currency.upper(),
            row.customer_id or "", row.invoice_id or "", row.occurred_at.isoformat(),
        ))  # fmt: skip
        count += 1
    return count


def amount(minor: int, currency: str) -> str:
    """The amount in major units, '' for nothing."""
    return str(Money(minor, Currency(currency))).split()[0] if minor else ""


def write_beancount(db: Database, span: Span, mapping: Mapped, target: TextIO) -> int:
    """How many transactions were written. The file begins with the balances before the span and asserts those after.

    All of it is read as of one moment: what is booked meanwhile would be in the balances and not among the transactions.
    """
    before = span.since - timedelta(days=1)
    with db.transaction():
        db.run("ledger/read_one_moment")
        target.writelines(head_lines(balances(db, before), before, mapping))
        count = 0
        for _, group in groupby(journal_rows(db, span), key=lambda row: row.entry_id):
            target.writelines(transaction_lines(list(group), mapping))
            count += 1
        target.write("\n")
        for row in merged(balances(db, span.until), mapping):
            target.write(f"{span.until + timedelta(days=1)} balance {row}\n")
    return count


def head_lines(opens: Sequence[Any], day: date, mapping: Mapped) -> Iterator[str]:
    """The accounts, and the balances carried forward from that day where there are any."""
    yield 'option "title" "Billing journal"\n\n'
    for account in sorted({each.beancount for each in mapping.values()}):
        yield f"{day} open {account}\n"
    if opens:
        yield f"\n{transaction(day, 'opening', 'Balances carried forward')}"
        yield from (posting(mapping, row.ledger_account, net(row), row.currency) for row in opens)


def transaction_lines(rows: Sequence[Any], mapping: Mapped) -> Iterator[str]:
    """One entry as a Beancount transaction."""
    first = rows[0]
    yield "\n" + transaction(first.accounting_date, first.kind, first.source)
    yield f"  entry_id: {first.entry_id}\n"
    if first.invoice_id:
        yield f"  invoice: {quoted(first.invoice_id)}\n"
    for row in rows:
        yield posting(mapping, row.ledger_account, row.minor, row.currency)
        if row.customer_id:
            yield f"    customer: {quoted(row.customer_id)}\n"


def transaction(day: date, payee: str, narration: str) -> str:
    """The first line of a transaction."""
    return f"{day} * {quoted(payee)} {quoted(narration)}\n"


def posting(mapping: Mapped, account: int, minor: int, currency: str) -> str:
    """A posting of a transaction; Beancount's sign is ours: + debit."""
    return f"  {mapping[LedgerAccount(account)].beancount}  {decimal(minor, currency)} {currency.upper()}\n"


def decimal(minor: int, currency: str) -> str:
    """The amount in major units, with all its decimals."""
    places = exponent(Currency(currency))
    sign, whole = "-" if minor < 0 else "", abs(minor)
    return f"{sign}{whole // 10**places}.{whole % 10**places:0{places}d}" if places else f"{minor}"


def quoted(text: str) -> str:
    """The text as a Beancount string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'


def balances(db: Database, as_of: date) -> Sequence[Any]:
    """The trial balance by accounting date."""
    return db.rows("ledger/trial_balance", as_of=as_of, basis="closed", until=end_of(as_of, "UTC"))


def net(row: Any) -> int:
    """The balance in minor units: + debit."""
    return int(row.debit_minor - row.credit_minor)


def merged(rows: Iterable[Any], mapping: Mapped) -> Iterator[str]:
    """Account and balance by the company's account, where several of ours may share one."""
    sums: dict[tuple[str, str], int] = {}
    for row in rows:
        key = mapping[LedgerAccount(row.ledger_account)].beancount, row.currency
        sums[key] = sums.get(key, 0) + net(row)
    for (account, currency), minor in sorted(sums.items()):
        yield f"{account}  {decimal(minor, currency)} {currency.upper()}"
