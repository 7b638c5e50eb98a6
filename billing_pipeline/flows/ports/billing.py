"""What billing needs from the database: accounts to bill, their usage, and one way to write what was billed."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_pipeline.domain.billing_entries import invoice_issued
from billing_pipeline.domain.boundaries import Billed, Step
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.ids import AccountId, CouponId, CreditGrantId, InvoiceId, PriceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Purse, Terms, Used
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.periods import Period
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.subscriptions import Item, Subscription
from billing_pipeline.domain.taxes import TaxRate
from billing_pipeline.flows.ports import Transactional

Charged = Mapping[SubscriptionId, Mapping[PriceId, TaxRate | None]]
"""The tax rate at which each price of a subscription was charged last in its last tile; None: without tax."""

Shared = Mapping[SubscriptionId, tuple[tuple[int, bool], ...]]
"""By line of an invoice: the amount, and whether it is of an item that is paid in advance."""


@dataclass(frozen=True, slots=True)
class Unbillable:
    """A subscription whose rows do not make sense. reason: what is wrong and what to do."""

    subscription_id: SubscriptionId
    reason: str


@dataclass(frozen=True, slots=True)
class DueSubscription:
    """A subscription to bill. last: the tile before its next boundary. change_at: when its first open change is due."""

    subscription: Subscription
    last: Billed | None
    has_card: bool = True
    change_at: datetime | None = None
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class DueAccount:
    """An account that this transaction has locked. next_number: of its next invoice, in its own series."""

    account: AccountId
    legal_entity_id: str
    prefix: str
    next_number: int
    terms: Terms
    purse: Purse
    subscriptions: tuple[DueSubscription, ...]
    unbillable: tuple[Unbillable, ...] = ()


@dataclass(frozen=True, slots=True)
class Arrears:
    """Usage to count: of one item, in one stretch of time, for one invoice."""

    subscription_id: SubscriptionId
    item: Item
    window: Period
    invoice_id: InvoiceId


@dataclass(frozen=True, slots=True)
class Numbered:
    """An invoice with its number in the account's series and the seller. day: the open day that it is booked on."""

    draft: Draft
    number: str
    legal_entity_id: str
    day: date

    def entry(self) -> Entry | None:
        """What issuing it books."""
        return invoice_issued(self.draft, self.day)


@dataclass(frozen=True, slots=True)
class Batch:
    """Everything that billing a group of accounts writes, in one transaction.

    tiles: periods with the invoices that bill them. advanced: subscriptions that only move on, with their next
    boundary; moved: those that changed otherwise, as they are now. spent: used coupons, with the end that a use gives
    them. items: that are something else now; new_items: added, or versions that ended, under names of their own.
    numbers: how many invoice numbers each account used. answers: changes with the invoice they made, or why they were
    refused.
    """

    invoices: tuple[Numbered, ...] = ()
    tiles: tuple[tuple[Step, InvoiceId | None], ...] = ()
    advanced: tuple[tuple[SubscriptionId, datetime | None], ...] = ()
    moved: tuple[Subscription, ...] = ()
    spent: tuple[tuple[SubscriptionId, CouponId, datetime | None], ...] = ()
    items: tuple[Item, ...] = ()
    new_items: tuple[tuple[SubscriptionId, Item], ...] = ()
    parked: tuple[Unbillable, ...] = ()
    numbers: Mapping[AccountId, int] | None = None
    answers: tuple[tuple[Change, InvoiceId | None, str], ...] = ()
    follow_ups: tuple[Change, ...] = ()


class BillingStore(Transactional, Protocol):
    """The accounts to bill. A claim locks accounts; whoever meets a locked one passes it by."""

    def rehearsal(self) -> AbstractContextManager[object]:
        """A transaction that is rolled back at its end, whatever happens in it."""

    def due_ranges(self, until: datetime, chunk: int) -> list[AccountId]:
        """The first account of every group of `chunk` accounts that have something due at until or before, in order."""

    def claim_due(self, low: AccountId, high: AccountId | None, until: datetime) -> list[DueAccount]:
        """The accounts of a range that have subscriptions due, locked, with all that is needed to bill them."""

    def claim_changing(self, until: datetime, limit: int, after: AccountId) -> list[DueAccount]:
        """Accounts that have changes due at until or before, locked; their subscriptions bring them in order."""

    def one(self, subscription_id: SubscriptionId) -> DueAccount | None:
        """The account of one subscription with that subscription alone, not locked: for a preview."""

    def prices(self, ids: Sequence[PriceId]) -> Mapping[PriceId, Price]:
        """The prices that exist and make sense."""

    def count_usage(self, arrears: Sequence[Arrears]) -> Used:
        """What the usage comes to; each record is marked with the invoice that counts it, so none is counted twice."""

    def refuse_late_usage(self, subscriptions: Sequence[SubscriptionId]) -> list[str]:
        """The keys of usage that came for a stretch that is billed already; it is marked with the reason."""

    def open_day(self, day: date) -> date:
        """The day itself, or the first open day after it when it is closed."""

    def change_invoices(self, subscriptions: Sequence[SubscriptionId], day: date) -> Mapping[SubscriptionId, int]:
        """How many invoices for changes each of them got that day; those with none are left out."""

    def rates_charged(self, subscriptions: Sequence[SubscriptionId]) -> Charged:
        """The tax rate at which each price of each of them was charged last in its last tile; no others were charged."""

    def shared_lines(self, subscriptions: Sequence[SubscriptionId]) -> Shared:
        """What the coupons on the invoice of the last tile of each of them were shared by."""

    def invoices_named(self, subscription_id: SubscriptionId, name: InvoiceId) -> set[InvoiceId]:
        """The ids of the subscription's invoices that begin with that name."""

    def write(self, batch: Batch, now: datetime, run_id: str) -> None:
        """Write all of it, in the transaction that claimed the accounts."""

    def request(self, change: Change, now: datetime) -> bool:
        """Put a change on the list; False when its source is there already."""

    def expiring(self, now: datetime, limit: int) -> list[CreditGrant]:
        """Grants that have expired and are not booked so, locked."""

    def expire(self, grants: Sequence[CreditGrantId], entries: Sequence[Entry], now: datetime, run_id: str) -> None:
        """Note that the grants have expired, and write the entries."""
