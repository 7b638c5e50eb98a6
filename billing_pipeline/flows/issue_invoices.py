"""Issuing invoices for every period that is due: once each, by any number of workers, in order."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache, reduce
from itertools import pairwise
from operator import add, attrgetter
from typing import Final

from billing_pipeline.domain.boundaries import Step, steps_due
from billing_pipeline.domain.coupons import Duration
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, CouponId, InvoiceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Issue, Used, period_draft, period_invoice_id, purse_after
from billing_pipeline.domain.periods import midnight
from billing_pipeline.domain.subscriptions import Charger
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import (
    Arrears,
    Batch,
    BillingStore,
    DueAccount,
    DueSubscription,
    Numbered,
    Unbillable,
)

ACCOUNTS_PER_CHUNK: Final = 2_000  # one transaction: long enough for COPY, short enough to hold locks for a second
LATE_NAMED_MAX: Final = 20  # enough to find the sender; all of them are marked in usage_records
MOMENT: Final = timedelta(microseconds=1)
LATEST_MIDNIGHT: Final = timedelta(days=1, hours=12)  # by then the next day has begun everywhere, in UTC-12 too


@dataclass(frozen=True, slots=True)
class Issued:
    """What a run did. Sums by currency in minor units. parked: subscription -> reason.

    late_usage: records refused; late_keys: the first LATE_NAMED_MAX of them.
    """

    invoices: int = 0
    born_paid: int = 0
    idle_periods: int = 0
    ended: int = 0
    late_usage: int = 0
    total_by_currency: Mapping[str, int] = field(default_factory=dict)
    due_by_currency: Mapping[str, int] = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)
    late_keys: tuple[str, ...] = ()

    @property
    def boundaries(self) -> int:
        """How many boundaries were passed."""
        return self.invoices + self.idle_periods + self.ended

    def __add__(self, other: "Issued") -> "Issued":
        return Issued(
            self.invoices + other.invoices,
            self.born_paid + other.born_paid,
            self.idle_periods + other.idle_periods,
            self.ended + other.ended,
            self.late_usage + other.late_usage,
            dict(Counter(self.total_by_currency) + Counter(other.total_by_currency)),
            dict(Counter(self.due_by_currency) + Counter(other.due_by_currency)),
            {**self.parked, **other.parked},
            (self.late_keys + other.late_keys)[:LATE_NAMED_MAX],
        )


# long because a run has options, and each has a good default
def issue_invoices(
    store: BillingStore,
    clock: Clock,
    *,
    through: date,
    dry_run: bool = False,
    chunk: int = ACCOUNTS_PER_CHUNK,
    close_zone: tzinfo = UTC,
    run_id: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> Issued:
    """Bill everything that is due by the end of that day, where each subscription lives, but nothing in the future.

    close_zone: the seller's, whose calendar dates the invoices. dry_run: compute all of it and roll it back.
    progress: told the number of invoices so far.
    """
    now, done = clock.now(), Issued()
    run = Run(through, Issue(now, now.astimezone(close_zone).date()), run_id, dry_run)
    for low, high in ranges(store.due_ranges(run.until, chunk)):
        done += bill_range(store, low, high, run)
        progress(done.invoices)
    return done


@dataclass(frozen=True, slots=True)
class Run:
    """What holds for a whole run."""

    through: date
    issue: Issue
    run_id: str = ""
    dry_run: bool = False

    @property
    def until(self) -> datetime:
        """No boundary after this moment is due anywhere: now, or when the day is over in the last zone."""
        midnight_utc = datetime(self.through.year, self.through.month, self.through.day, tzinfo=UTC)
        return min(self.issue.at, midnight_utc + LATEST_MIDNIGHT)


def bill_range(store: BillingStore, low: AccountId, high: AccountId | None, run: Run) -> Issued:
    """Bill the accounts from low up to high in one transaction.

    What the database refuses is billed account by account; the subscriptions of the one that it refuses are parked.
    """
    names: list[AccountId] = []
    try:
        with unscanned(), store.rehearsal() if run.dry_run else store.transaction():
            accounts = store.claim_due(low, high, run.until)
            names += [account.account for account in accounts]
            return bill_accounts(store, accounts, run)
    except Broken as error:
        if len(names) > 1:
            alone = (bill_range(store, name, just_after(name), run) for name in names)
            return reduce(add, alone, Issued())
        return park_range(store, low, high, run, str(error))


def just_after(name: AccountId) -> AccountId:
    """The end of a range that holds this account alone."""
    return AccountId(f"{name}\x01")


def park_range(store: BillingStore, low: AccountId, high: AccountId | None, run: Run, reason: str) -> Issued:
    """Park what is due in the range: it cannot be billed, and nobody knows which of it is to blame."""
    with store.rehearsal() if run.dry_run else store.transaction():
        accounts = store.claim_due(low, high, run.until)
        due = [each.subscription.subscription_id for account in accounts for each in account.subscriptions]
        store.write(Batch(parked=tuple(Unbillable(name, reason) for name in due)), run.issue.at, run.run_id)
    return Issued(parked=dict.fromkeys(due, reason))


@contextmanager
def unscanned() -> Iterator[None]:
    """No search for cyclic garbage meanwhile: there is none, and looking through a chunk takes a tenth of its time."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


def ranges(firsts: Sequence[AccountId]) -> Iterator[tuple[AccountId, AccountId | None]]:
    """The groups of accounts as [low, high); the last one has no end."""
    yield from pairwise(firsts)
    if firsts:
        yield firsts[-1], None


@dataclass(slots=True)
class Bill:
    """What billing one account comes to. It grows while the account is billed; nobody else sees it before."""

    account: DueAccount
    steps: list[tuple[Step, InvoiceId | None]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    parked: list[Unbillable] = field(default_factory=list)


def bill_accounts(store: BillingStore, accounts: Sequence[DueAccount], run: Run) -> Issued:
    """Bill these accounts and write it, in the transaction that locked them."""
    due = [(account, *due_steps(account, run)) for account in accounts]
    arrears = [a for _, steps, _ in due for step in steps for a in arrears_of(step)]
    used = store.count_usage(arrears)
    late = sorted(store.refuse_late_usage(sorted({a.subscription_id for a in arrears})))
    bills = [billed(Bill(account, parked=parked), steps, used, run.issue) for account, steps, parked in due]
    batch = batch_of(bills, store.open_day(run.issue.on))
    store.write(batch, run.issue.at, run.run_id)
    return replace(summary(batch, bills), late_usage=len(late), late_keys=tuple(late[:LATE_NAMED_MAX]))


def due_steps(account: DueAccount, run: Run) -> tuple[list[Step], list[Unbillable]]:
    """Every boundary of the account that is due, in order of time, and the subscriptions that cannot be billed."""
    steps: list[Step] = []
    parked = list(account.unbillable)
    for due in account.subscriptions:
        try:
            steps += list(steps_due(due.subscription, due.last, due.has_card, last_moment(due, run)))
        except Broken as error:
            parked.append(Unbillable(due.subscription.subscription_id, str(error)))
    if len(account.subscriptions) > 1:
        steps.sort(key=attrgetter("at", "subscription.subscription_id"))
    return steps, parked


def last_moment(due: DueSubscription, run: Run) -> datetime:
    """Up to when boundaries are billed: to the end of the run, or just before the first open change takes effect."""
    ends = end_of_run(due, run)
    return ends if due.change_at is None else min(ends, due.change_at - MOMENT)


def end_of_run(due: DueSubscription, run: Run) -> datetime:
    """Up to when anything of the subscription is due: the end of the day where it lives, or now if that is sooner."""
    return min(end_of_day(run.through, due.subscription.cycle.zone), run.issue.at)


@lru_cache(maxsize=1024)
def end_of_day(day: date, zone: str) -> datetime:
    """The last moment of the day in the zone."""
    return midnight(day + timedelta(days=1), zone) - MOMENT


def arrears_of(step: Step) -> list[Arrears]:
    """The usage that a boundary bills."""
    if not step.arrears:
        return []
    name = period_invoice_id(step)
    return [Arrears(step.subscription.subscription_id, item, window, name) for item, window in step.arrears]


def billed(bill: Bill, steps: Sequence[Step], used: Used, issue: Issue) -> Bill:
    """The bill with every step in it. A subscription whose invoice cannot be drafted is parked and waits."""
    purse = bill.account.purse
    parked: set[SubscriptionId] = set()
    for step in steps:
        name = step.subscription.subscription_id
        if name in parked:
            continue
        try:
            draft = period_draft(step, used, bill.account.terms, purse, issue) if step.billable else None
        except Broken as error:
            parked.add(name)
            bill.parked.append(Unbillable(name, str(error)))
            continue
        bill.steps.append((step, draft.invoice_id if draft else None))
        if draft is not None:
            bill.drafts.append(draft)
            purse = purse_after(purse, draft)
    return bill


def batch_of(bills: Sequence[Bill], day: date) -> Batch:
    """All that the bills write."""
    before = {s.subscription.subscription_id: s.subscription for b in bills for s in b.account.subscriptions}
    last = {step.subscription.subscription_id: step for bill in bills for step, _ in bill.steps}
    moved = {name for name, step in last.items() if step.subscription is not before[name]}
    steps = [each for bill in bills for each in bill.steps]
    return Batch(
        invoices=tuple(each for bill in bills for each in numbered(bill.account, bill.drafts, day)),
        tiles=tuple((step, invoice) for step, invoice in steps if step.tile is not None),
        advanced=tuple((name, step.next_at) for name, step in last.items() if name not in moved),
        moved=tuple(step.after for name, step in last.items() if name in moved),
        spent=tuple(use for step, invoice in steps if invoice for use in coupons_used(step)),
        parked=tuple(each for bill in bills for each in bill.parked),
        numbers={bill.account.account: len(bill.drafts) for bill in bills if bill.drafts},
    )


def numbered(account: DueAccount, drafts: Sequence[Draft], day: date) -> Iterator[Numbered]:
    """The drafts with numbers of the account's own series."""
    for number, draft in enumerate(drafts, start=account.next_number):
        name = f"{account.prefix}-{number:04d}"
        yield Numbered(draft, name, account.legal_entity_id, day)


def coupons_used(step: Step) -> Iterator[tuple[SubscriptionId, CouponId, datetime | None]]:
    """The coupons that took something off; one that is good for one period ends with this one."""
    for discount in step.subscription.discounts:
        if step.tile is not None and step.charging and discount.covers(step.at, step.subscription.cycle.zone):
            once = discount.coupon.duration is Duration.ONCE
            yield step.subscription.subscription_id, discount.coupon.coupon_id, step.tile.period.end if once else None


def summary(batch: Batch, bills: Sequence[Bill]) -> Issued:
    """The bills in numbers."""
    drafts = [each.draft for each in batch.invoices]
    total: Counter[str] = Counter()
    due: Counter[str] = Counter()
    for draft in drafts:
        total[draft.currency] += draft.settlement.total_minor
        due[draft.currency] += draft.settlement.due_minor
    return Issued(
        len(drafts),
        sum(not draft.settlement.due_minor for draft in drafts),
        sum(step.tile is not None and step.tile.charger is Charger.NONE for step, _ in batch.tiles),
        sum(step.tile is None and step.subscription.ended_at is not None for bill in bills for step, _ in bill.steps),
        total_by_currency=dict(total),
        due_by_currency=dict(due),
        parked={each.subscription_id: each.reason for each in batch.parked},
    )
