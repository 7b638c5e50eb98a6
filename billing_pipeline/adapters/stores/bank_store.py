"""Bank lines, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import open_day, write_entries
from billing_pipeline.domain.bank_receipts import Receipt, Shown
from billing_pipeline.domain.bank_statements import BankLine, Match, Payable
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import PaymentId, PayoutId
from billing_pipeline.domain.ledger import Entry


@dataclass(frozen=True, slots=True)
class BankLineStore:
    """The port BankStore."""

    db: Database

    def transaction(self) -> Any:
        """One transaction; within another one it joins it."""
        return self.db.transaction()

    def days_of_other_files(self, bank_account: str, days: Sequence[date], file: str) -> Mapping[date, str]:
        """Of those days the ones that another file has told already, with its name."""
        rows = self.db.rows("reconciliation/bank_days_told", bank_account=bank_account, days=list(days), file=file)
        return {row.booked_on: row.file for row in rows}

    def add_lines(self, lines: Sequence[BankLine], file: str, now: datetime) -> int:
        """Keep lines not seen before; how many were new."""
        rows = [
            {
                "bank_line_id": line.bank_line_id, "file": file, "bank_account": line.bank_account,
                "booked_on": line.booked_on, "currency": line.currency, "amount_minor": line.amount_minor,
                "reference": line.reference, "at": now,
            }
            for line in lines
        ]  # fmt: skip
        return self.db.run_many("reconciliation/add_bank_lines", rows)

    def unmatched_lines(self) -> Sequence[BankLine]:
        """Lines that no payout explains yet."""
        return [
            BankLine(
                row.bank_line_id,
                row.bank_account,
                row.booked_on,
                Currency(row.currency),
                row.amount_minor,
                row.reference,
            )
            for row in self.db.rows("reconciliation/unmatched_bank_lines")
        ]

    def payables(self) -> Sequence[Payable]:
        """Payouts, payouts that came back and top-ups that no bank line shows yet."""
        return [
            Payable(
                PayoutId(row.payout_id), Currency(row.currency), row.amount_minor, row.arrival_on,
                (row.trace_id, row.payout_id),
            )
            for row in self.db.rows("reconciliation/unmatched_payouts")
        ]  # fmt: skip

    def save_matches(self, matches: Sequence[Match], entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Note which payout each line paid and book the lines; how many entries were new."""
        rows = [
            {
                "bank_line_id": match.bank_line_id, "payout_id": match.payout_id, "amount_minor": match.amount_minor,
                "rule": match.rule, "at": now,
            }
            for match in matches
        ]  # fmt: skip
        self.db.run_many("reconciliation/save_bank_match", rows)
        return write_entries(self.db, entries, run_id=run_id, recorded_at=now)

    def receipts(self, zone: str) -> Sequence[Receipt]:
        """Payments booked by hand that no line shows yet, with the day in that zone on which they arrived."""
        rows = self.db.rows("reconciliation/unseen_receipts", zone=zone)
        return [
            Receipt(PaymentId(row.payment_id), Currency(row.currency), row.amount_minor, row.received_on, row.reference)
            for row in rows
        ]

    def show_receipts(self, shown: Sequence[Shown]) -> None:
        """Note which line shows which payment."""
        self.db.run_many("reconciliation/show_receipt", [asdict(one) for one in shown])

    def first_open_day(self, day: date) -> date:
        """The day itself, or the first open one after it."""
        return open_day(self.db, day)
