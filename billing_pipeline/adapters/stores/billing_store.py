"""Billing on PostgreSQL: claims of accounts, what is needed to bill them, and the one write of a batch."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import psycopg
from sqlalchemy.exc import IntegrityError

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores import billing_rows as rows
from billing_pipeline.adapters.stores.billing_copy import copy_entries, copy_invoices, copy_tiles, stamp
from billing_pipeline.adapters.stores.billing_load import joined, load, prices_by_id
from billing_pipeline.adapters.stores.journal import open_day, write_entries
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CreditGrantId, InvoiceId, PriceId, SubscriptionId
from billing_pipeline.domain.issuing import Used, granted_by
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.pricing import Aggregate, Price
from billing_pipeline.domain.taxes import TaxRate
from billing_pipeline.flows.ports.billing import (
    Arrears,
    Batch,
    Charged,
    DueAccount,
    Numbered,
    Shared,
)


class _RolledBackError(Exception):
    """Ends a rehearsal."""


@dataclass(frozen=True, slots=True)
class BillingStore:
    """Implements flows.ports.billing.BillingStore."""

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        return self.db.transaction()

    @contextmanager
    def rehearsal(self) -> Iterator[None]:
        with suppress(_RolledBackError), self.db.transaction():
            yield
            raise _RolledBackError

    def due_ranges(self, until: datetime, chunk: int) -> list[AccountId]:
        return [row.account_id for row in self.db.rows("billing/due_ranges", until=until, chunk=chunk)]

    def claim_due(self, low: AccountId, high: AccountId | None, until: datetime) -> list[DueAccount]:
        self.db.rows("billing/use_indexes")
        accounts = self.db.rows("billing/claim_due_accounts", low=low, high=high, until=until)
        names = joined([row.account_id for row in accounts])
        due = self.db.rows("billing/lock_due_subscriptions", accounts=names, until=until)
        return load(self.db, accounts, [row.subscription_id for row in due], until)

    def claim_changing(self, until: datetime, limit: int, after: AccountId) -> list[DueAccount]:
        self.db.rows("billing/use_indexes")
        accounts = self.db.rows("billing/changing_accounts", until=until, limit=limit, after=after)
        if not accounts:
            return []
        names = joined([row.account_id for row in accounts])
        found = self.db.rows("billing/lock_changing_subscriptions", accounts=names, until=until)
        subscriptions = [row.subscription_id for row in found]
        changes = self.db.rows("billing/open_changes", subscriptions=joined(subscriptions), until=until)
        return load(self.db, accounts, subscriptions, until, rows.grouped(changes, "subscription_id"))

    def one(self, subscription_id: SubscriptionId) -> DueAccount | None:
        row = self.db.row("billing/subscriptions_to_bill", subscriptions=subscription_id)
        if row is None:
            return None
        accounts = self.db.rows("billing/account_terms", accounts=row.account_id)
        return load(self.db, accounts, [subscription_id], row.next_period_start or row.started_at)[0]

    def prices(self, ids: Sequence[PriceId]) -> Mapping[PriceId, Price]:
        found = prices_by_id(self.db, set(ids))
        return {PriceId(name): price for name, price in found.items() if isinstance(price, Price)}

    def count_usage(self, arrears: Sequence[Arrears]) -> Used:
        if not arrears:
            return {}
        counted = self.db.rows(
            "billing/count_usage",
            places=list(range(len(arrears))),
            subscriptions=[a.subscription_id for a in arrears],
            meters=[a.item.price.meter for a in arrears],
            starts=[a.window.start for a in arrears],
            ends=[a.window.end for a in arrears],
            invoices=[a.invoice_id for a in arrears],
        )
        return {key(arrears[row.place]): used(arrears[row.place].item.price.aggregate, row) for row in counted}

    def refuse_late_usage(self, subscriptions: Sequence[SubscriptionId]) -> list[str]:
        if not subscriptions:
            return []
        return [row.usage_key for row in self.db.rows("billing/refuse_late_usage", subscriptions=joined(subscriptions))]

    def open_day(self, day: date) -> date:
        return open_day(self.db, day)

    def change_invoices(self, subscriptions: Sequence[SubscriptionId], day: date) -> Mapping[SubscriptionId, int]:
        found = self.db.rows("billing/change_invoices_on", subscriptions=joined(subscriptions), day=day)
        return {row.subscription_id: row.invoices for row in found}

    def rates_charged(self, subscriptions: Sequence[SubscriptionId]) -> Charged:
        rates = {row.tax_rate_id: rows.tax_rate_of(row) for row in self.db.rows("billing/tax_rates")}
        found: dict[SubscriptionId, dict[PriceId, TaxRate | None]] = {}
        for row in self.db.rows("billing/rates_charged", subscriptions=joined(subscriptions)):
            found.setdefault(row.subscription_id, {})[row.price_id] = rates.get(row.tax_rate_id)
        return found

    def shared_lines(self, subscriptions: Sequence[SubscriptionId]) -> Shared:
        if not subscriptions:
            return {}
        found: dict[SubscriptionId, tuple[tuple[int, bool], ...]] = {}
        for row in self.db.rows("billing/shared_lines", subscriptions=joined(subscriptions)):
            line = (row.amount_minor, row.in_advance)
            found[row.subscription_id] = (*found.get(row.subscription_id, ()), line)
        return found

    def invoices_named(self, subscription_id: SubscriptionId, name: InvoiceId) -> set[InvoiceId]:
        found = self.db.rows("billing/invoices_named", subscription_id=subscription_id, prefix=name)
        return {row.invoice_id for row in found}

    def write(self, batch: Batch, now: datetime, run_id: str) -> None:
        try:
            write_batch(self.db, batch, now, run_id)
        except (psycopg.IntegrityError, IntegrityError) as error:
            raise Broken(f"the database refuses it: {str(error).splitlines()[0]}") from error

    def request(self, change: Change, now: datetime) -> bool:
        wish = json.dumps(dict(change.wish))
        return bool(
            self.db.run(
                "billing/request_change", subscription_id=change.subscription_id, source=change.source,
                kind=change.kind, wish=wish, timing=change.timing, effective_at=change.effective_at, requested_at=now,
                requested_by=change.requested_by,
            )
        )  # fmt: skip

    def parked(self) -> Sequence[Any]:
        """The parked subscriptions with their accounts and reasons."""
        return self.db.rows("billing/parked")

    def unpark(self, subscription_id: SubscriptionId) -> bool:
        """Have it billed again by the next run; False when it was not parked."""
        return bool(self.db.run("billing/unpark", subscription_id=subscription_id))

    def expiring(self, now: datetime, limit: int) -> list[CreditGrant]:
        return [rows.grant_of(row) for row in self.db.rows("billing/expiring_grants", now=now, limit=limit)]

    def expire(self, grants: Sequence[CreditGrantId], entries: Sequence[Entry], now: datetime, run_id: str) -> None:
        self.db.run("billing/expire_grants", grants=list(grants), now=now)
        write_entries(self.db, entries, run_id=run_id, recorded_at=now)


def key(arrears: Arrears) -> tuple[Any, Any]:
    """What usage is looked up by."""
    return arrears.item.item_id, arrears.window


def used(aggregate: Aggregate, row: Any) -> int:
    """The number of a row of count_usage that the price asks for."""
    total: int = {Aggregate.SUM: row.total, Aggregate.MAX: row.highest, Aggregate.LAST: row.latest}[aggregate]
    return total


def write_batch(db: Database, batch: Batch, now: datetime, run_id: str) -> None:
    """Write all of a batch: rows by COPY, credits and numbers last."""
    invoices = batch.invoices
    write_grants(db, invoices)
    if invoices:
        copy_entries(db, copy_invoices(db, invoices, run_id), now, run_id)
    if batch.tiles:
        copy_tiles(db, batch.tiles)
    write_subscriptions(db, batch)
    write_answers(db, batch, now)
    write_purses(db, invoices, now)
    if batch.numbers:
        db.run("billing/use_numbers", accounts=joined(batch.numbers), counts=joined(map(str, batch.numbers.values())))


def write_grants(db: Database, invoices: Sequence[Numbered]) -> None:
    """The credit grants that negative totals became, still whole."""
    granted = [grant for each in invoices if (grant := granted_by(each.draft))]
    if granted:
        db.copy("credit_grants", rows.GRANT_COLUMNS, (
            (g.credit_grant_id, g.account, g.currency, g.kind.value, g.priority, g.amount_minor, g.amount_minor,
             g.granted_at, f"proration:{g.credit_grant_id}", "from an invoice below zero")
            for g in granted
        ))  # fmt: skip


def write_subscriptions(db: Database, batch: Batch) -> None:
    """Where subscriptions stand from now on, their items and coupons, and those that are parked."""
    if batch.advanced:
        ids, nexts = zip(*batch.advanced, strict=True)
        moments = joined([stamp(moment) if moment else "none" for moment in nexts])
        db.run("billing/advance_subscriptions", subscriptions=joined(ids), nexts=moments)
    db.run_many("billing/move_subscription", [rows.moved_row(each) for each in batch.moved])
    db.run_many(
        "billing/use_coupon",
        [{"subscription_id": s, "coupon_id": coupon, "ends_at": ends} for s, coupon, ends in batch.spent],
    )
    new = [rows.item_row(item) | {"subscription_id": name} for name, item in batch.new_items]
    db.run_many("billing/add_item", new)
    db.run_many("billing/change_item", [rows.item_row(item) for item in batch.items])
    db.run_many(
        "billing/park_subscription",
        [{"subscription_id": each.subscription_id, "reason": each.reason} for each in batch.parked],
    )


def write_answers(db: Database, batch: Batch, now: datetime) -> None:
    """What became of changes, and the changes that follow from them."""
    db.run_many(
        "billing/answer_change",
        [
            {"change_id": change.change_id, "now": now, "invoice_id": invoice, "refused_reason": refused or None}
            for change, invoice, refused in batch.answers
        ],
    )
    for change in batch.follow_ups:
        BillingStore(db).request(change, now)


def write_purses(db: Database, invoices: Sequence[Numbered], now: datetime) -> None:
    """The credits that were used and what is carried over now."""
    uses = [(use, each.draft.issued_at) for each in invoices for use in each.draft.settlement.credits]
    if uses:
        db.copy(
            "credit_uses",
            rows.USE_COLUMNS,
            ((use.credit_grant_id, use.invoice, use.amount_minor, at) for use, at in uses),
        )
        db.run_many(
            "billing/use_credit",
            [{"credit_grant_id": use.credit_grant_id, "minor": use.amount_minor} for use, _ in uses],
        )
    carried = {
        (each.draft.account, each.draft.currency): each.draft.settlement.carried_minor
        for each in invoices
        if each.draft.settlement.carried_minor or each.draft.settlement.previous_balance_minor
    }
    db.run_many(
        "billing/set_carry_over",
        [{"account_id": a, "currency": c, "minor": minor, "now": now} for (a, c), minor in carried.items()],
    )
