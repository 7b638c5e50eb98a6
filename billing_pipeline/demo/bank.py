"""The demo company's bank: a statement per account and week, with a line for every payout that arrived."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from billing_pipeline.adapters.bank_files import read_statement
from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.bank_statements import MatchRules
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.import_bank import import_bank

HEAD: Final = ("Date", "Type", "Description", "Reference", "Amount", "Balance")
ACCOUNTS: Final = {"usd": "main", "eur": "eur", "jpy": "jpy"}
STRAY: Final = "STRIPE TRANSFER 0000"

Line = tuple[date, str, int]
"""(day, reference, minor units)"""


@dataclass(slots=True)
class Bank:
    """balances: minor units by currency. told: the last day that a statement covers."""

    folder: Path
    told: date
    balances: dict[str, int] = field(default_factory=dict)
    stray: dict[str, int] = field(default_factory=dict)

    def deliver(self, world: World, until: date) -> None:
        """Statements of the days after the last one up to before `until`, imported as a person would."""
        arrived = payouts_arrived(world, self.told, until)
        for currency, amount in self.stray.items():
            arrived.setdefault(currency, []).append((until, STRAY, amount))
        self.stray.clear()
        for currency, lines in arrived.items():
            import_statement(world, self.write(currency, sorted(lines), until), ACCOUNTS[currency])
        self.told = until

    def write(self, currency: str, lines: Iterable[Line], until: date) -> Path:
        """The statement as a CSV file; every line carries the balance after it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"statement-{currency}-{until}.csv"
        with open(path, "w", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(HEAD)
            for day, reference, amount in lines:
                balance = self.balances[currency] = self.balances.get(currency, 0) + amount
                rows.writerow(
                    (day, "CREDIT", "STRIPE PAYOUT", reference, plain(amount, currency), plain(balance, currency))
                )
        return path


def payouts_arrived(world: World, after: date, until: date) -> dict[str, list[Line]]:
    """Paid payouts that arrived on days after..until, by currency."""
    since = int(datetime(after.year, after.month, after.day, tzinfo=UTC).timestamp())
    lines: dict[str, list[Line]] = {}
    for page in world.reader.pages("/v1/payouts", {"arrival_date": {"gte": since}, "status": "paid"}):
        for payout in page.objects:
            day = datetime.fromtimestamp(payout["arrival_date"], UTC).date()
            if after < day <= until:
                lines.setdefault(payout["currency"], []).append((day, payout["id"], payout["amount"]))
    return lines


def import_statement(world: World, path: Path, account: str) -> None:
    """What `billing-pipeline bank import` does."""
    parts = parts_of(world)
    policy = parts.policy_file.policy
    statement = read_statement(path, account, parts.policy_file.banks)
    rules = MatchRules(policy.bank_tolerance_minor, policy.bank_lag_days)
    zone = world.settings.zone
    import_bank(parts.bank, world.clock, rules, statement.lines, file=statement.file, run_id=path.stem, zone=zone)


def plain(minor: int, currency: str) -> str:
    """The amount as a bank prints it, such as '1234.50'."""
    return str(Money(minor, Currency(currency))).split(" ", maxsplit=1)[0]
