"""Applying the changes to subscriptions that have taken effect: swaps, quantities, trials, pauses, ends."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Final

from billing_pipeline.domain.change_steps import Changed, changed, simultaneous
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, PriceId, SubscriptionId, change_invoice_id
from billing_pipeline.domain.invoice_drafts import Draft, Line
from billing_pipeline.domain.issuing import Issue, charges_of, draft, finished, purse_after
from billing_pipeline.domain.pricing import Price
from billing_pipeline.domain.proration import Taxes
from billing_pipeline.domain.subscriptions import Charger, Subscription
from billing_pipeline.flows.change_batch import Changing, batch_of
from billing_pipeline.flows.issue_invoices import Run, end_of_run
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.billing import (
    Arrears,
    Batch,
    BillingStore,
    Charged,
    DueAccount,
    DueSubscription,
    Unbillable,
)

ACCOUNTS_PER_CHUNK: Final = 500
INVOICES_PER_DAY_MAX: Final = 100
"""A subscription that is changed more often in a day is changed by a program gone wrong: it is parked."""


@dataclass(frozen=True, slots=True)
class ChangesApplied:
    """What a run did. waiting: changes whose subscription must first be billed up to them.

    Sums by currency in minor units; granted: what became credit. refused: source of a change -> reason.
    """

    applied: int = 0
    waiting: int = 0
    invoices: int = 0
    total_by_currency: Mapping[str, int] = field(default_factory=dict)
    granted_by_currency: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    parked: Mapping[str, str] = field(default_factory=dict)

    def __add__(self, other: "ChangesApplied") -> "ChangesApplied":
        return ChangesApplied(
            self.applied + other.applied,
            self.waiting + other.waiting,
            self.invoices + other.invoices,
            dict(Counter(self.total_by_currency) + Counter(other.total_by_currency)),
            dict(Counter(self.granted_by_currency) + Counter(other.granted_by_currency)),
            {**self.refused, **other.refused},
            {**self.parked, **other.parked},
        )


# long because a run has options, and each has a good default
def change_subscriptions(
    store: BillingStore,
    clock: Clock,
    *,
    through: date,
    dry_run: bool = False,
    chunk: int = ACCOUNTS_PER_CHUNK,
    close_zone: tzinfo = UTC,
    run_id: str = "",
    progress: Callable[[int], None] = lambda _: None,
) -> ChangesApplied:
    """Apply every change that has taken effect by the end of that day and whose subscription is billed up to it.

    dry_run: compute all of it and roll it back.
    """
    now, done = clock.now(), ChangesApplied()
    run, after = Run(through, Issue(now, now.astimezone(close_zone).date()), run_id, dry_run), AccountId("")
    while True:
        try:
            some, after = change_some(store, run, after, chunk)
        except Broken:
            some, after = change_some_alone(store, run, after, chunk)
        if not after:
            return done
        done += some
        progress(done.applied)


def change_some(store: BillingStore, run: Run, after: AccountId, limit: int) -> tuple[ChangesApplied, AccountId]:
    """Apply the changes of the next accounts in one transaction; the last of these accounts, or '' for no more."""
    with store.rehearsal() if run.dry_run else store.transaction():
        accounts = store.claim_changing(run.until, limit, after)
        if not accounts:
            return ChangesApplied(), AccountId("")
        return change_accounts(store, accounts, run), accounts[-1].account


def change_some_alone(store: BillingStore, run: Run, after: AccountId, limit: int) -> tuple[ChangesApplied, AccountId]:
    """The same, account by account: what the database refuses is answered with its reason."""
    done, last = ChangesApplied(), after
    for _ in range(limit):
        try:
            some, following = change_some(store, run, last, 1)
        except Broken as error:
            some, following = refuse_next(store, run, last, str(error))
        if not following:
            break
        done, last = done + some, following
    return done, last


def refuse_next(store: BillingStore, run: Run, after: AccountId, reason: str) -> tuple[ChangesApplied, AccountId]:
    """Refuse the changes of the next account."""
    with store.rehearsal() if run.dry_run else store.transaction():
        accounts = store.claim_changing(run.until, 1, after)
        changes = [change for account in accounts for due in account.subscriptions for change in due.changes]
        store.write(Batch(answers=tuple((change, None, reason) for change in changes)), run.issue.at, run.run_id)
    refused = {change.source: reason for change in changes}
    return ChangesApplied(refused=refused), accounts[-1].account if accounts else AccountId("")


def change_accounts(store: BillingStore, accounts: Sequence[DueAccount], run: Run) -> ChangesApplied:
    """Apply the changes of these accounts and write it, in the transaction that locked them."""
    prices = store.prices(sorted(set(prices_wished(accounts))))
    accounts = with_shares(store, accounts)
    ids = [due.subscription.subscription_id for account in accounts for due in account.subscriptions]
    made_today, charged = store.change_invoices(ids, run.issue.on), store.rates_charged(ids)
    done: list[Changing] = []
    for account in accounts:
        changing = Changing(account, account.purse)
        for due in account.subscriptions:
            name = due.subscription.subscription_id
            if words := too_many(due, made_today.get(name, 0)):
                changing.parked.append(Unbillable(name, words))
                continue
            changing.before[name] = due.subscription
            apply_due(store, changing, due, prices, charged, run)
        done.append(changing)
    batch = batch_of(done, store.open_day(run.issue.on))
    store.write(batch, run.issue.at, run.run_id)
    return summary(batch, done)


def with_shares(store: BillingStore, accounts: Sequence[DueAccount]) -> list[DueAccount]:
    """The accounts whose subscriptions know what the coupons of their last tile were shared by."""
    names = [d.subscription.subscription_id for a in accounts for d in a.subscriptions if d.subscription.discounts]
    shared = store.shared_lines(names)

    def informed(due: DueSubscription) -> DueSubscription:
        lines = shared.get(due.subscription.subscription_id)
        return replace(due, last=replace(due.last, shared=lines)) if due.last and lines else due

    return [replace(each, subscriptions=tuple(map(informed, each.subscriptions))) for each in accounts]


def too_many(due: DueSubscription, made_today: int) -> str:
    """Why the subscription is not changed any more on this day, in words; empty when it may be."""
    wanted = made_today + len(simultaneous(due.changes, due.last))
    if wanted <= INVOICES_PER_DAY_MAX:
        return ""
    return (
        f"{wanted} invoices for changes on one day, {INVOICES_PER_DAY_MAX} at most: find out who asks for them, then "
        "`billing-pipeline bill unpark` it tomorrow"
    )


def prices_wished(accounts: Iterable[DueAccount]) -> Iterator[PriceId]:
    """The prices that the changes name."""
    for change in (c for account in accounts for due in account.subscriptions for c in due.changes):
        if isinstance(name := change.wish.get("price_id"), str):
            yield PriceId(name)


def apply_due(
    store: BillingStore,
    changing: Changing,
    due: DueSubscription,
    prices: Mapping[PriceId, Price],
    charged: Charged,
    run: Run,
) -> None:
    """Apply the changes of one subscription, second by second, until one has to wait for a period to be billed."""
    subscription = due.subscription
    taxes = Taxes(changing.account.terms.tax, charged.get(subscription.subscription_id, {}))
    for at, changes in simultaneous(due.changes, due.last):
        if must_wait(subscription, at) or changes[0].effective_at > end_of_run(due, run):
            changing.waiting += len(changes)
            continue
        result = changed(subscription, due.last, changes, at, prices, taxes)
        taxes = taxes.after(result.lines)
        made = drafted(store, changing, result, at, run.issue)
        changing.results.append((result, made))
        subscription = result.subscription


def must_wait(subscription: Subscription, at: datetime) -> bool:
    """Whether a period that starts before the change is still to be billed, by the engine."""
    starts = subscription.next_period_start
    return subscription.charger is Charger.ENGINE and starts is not None and starts < at


def drafted(store: BillingStore, changing: Changing, result: Changed, at: datetime, issue: Issue) -> Draft | None:
    """The invoice of a change, or None when it neither gives back nor charges anything."""
    if not result.lines and result.usage is None:
        return None
    subscription, terms = result.subscription, changing.account.terms
    name = free_name(store, subscription.subscription_id, at)
    lines = (*result.lines, *usage_lines(store, result, name, changing))
    rest = result.lines[0].period if result.lines else None
    made = draft(name, "change", subscription, rest, lines, terms, changing.purse, issue)
    changing.purse = purse_after(changing.purse, made)
    return made


def free_name(store: BillingStore, subscription_id: SubscriptionId, at: datetime) -> InvoiceId:
    """The id of the invoice for changes of that second, numbered where earlier changes of it made one already."""
    name = change_invoice_id(subscription_id, at)
    earlier = store.invoices_named(subscription_id, name)
    return InvoiceId(f"{name}-{len(earlier) + 1}") if earlier else name


def usage_lines(store: BillingStore, result: Changed, name: InvoiceId, changing: Changing) -> tuple[Line, ...]:
    """The lines for the usage that an end in mid-period leaves to bill."""
    if (step := result.usage) is None:
        return ()
    who = step.subscription.subscription_id
    used = store.count_usage([Arrears(who, item, window, name) for item, window in step.arrears])
    return finished(charges_of(step, used), step.subscription, step.at, changing.account.terms.tax)


def summary(batch: Batch, done: Sequence[Changing]) -> ChangesApplied:
    """The changes in numbers."""
    total: Counter[str] = Counter()
    granted: Counter[str] = Counter()
    for each in batch.invoices:
        total[each.draft.currency] += each.draft.settlement.total_minor
        granted[each.draft.currency] += each.draft.settlement.granted_minor
    refused = {change.source: reason for change, _, reason in batch.answers if reason}
    return ChangesApplied(
        len(batch.answers) - len(refused),
        sum(changing.waiting for changing in done),
        len(batch.invoices),
        dict(total),
        dict(granted),
        refused,
        {each.subscription_id: each.reason for each in batch.parked},
    )
