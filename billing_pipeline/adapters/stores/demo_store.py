"""The demo's own rows: written as an importer would, read for its closing screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import insert

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.tables import billing, catalog

TABLES: Final = {
    table.name: table
    for table in (
        catalog.legal_entities, catalog.tax_rates, catalog.plans, catalog.prices, catalog.price_tiers, catalog.coupons,
        catalog.accounts, billing.subscriptions, billing.subscription_items, billing.subscription_discounts,
    )
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class DemoStore:
    """Rows in, numbers out."""

    db: Database

    def insert(self, rows_by_table: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        """Write the rows, all tables in one transaction, in the order given."""
        with self.db.transaction() as connection:
            for name, rows in rows_by_table.items():
                if rows:
                    connection.execute(insert(TABLES[name]), list(rows))

    def stripe_ids(self, accounts: Sequence[str]) -> dict[str, str]:
        """Account -> Stripe customer, of those that have one."""
        found = self.db.rows("demo/stripe_ids", accounts=list(accounts))
        return {row.account_id: row.stripe_customer_id for row in found}

    def figures(self) -> list[dict[str, Any]]:
        """The rows of the closing screen: section, label, currency (or null), count and minor units."""
        return [dict(row._mapping) for row in self.db.rows("demo/figures")]

    def accounts(self) -> int:
        """How many accounts there are."""
        return int(self.db.rows("demo/accounts")[0].accounts)

    def closed_through(self) -> str | None:
        """The last closed day, as text."""
        day = self.db.rows("demo/closed_through")[0].day
        return day.isoformat() if day else None
