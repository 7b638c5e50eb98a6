"""What the changes of some accounts come to, as the one batch that is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from billing_pipeline.domain.change_steps import Changed
from billing_pipeline.domain.changes import Change, Pause, wish_of
from billing_pipeline.domain.ids import InvoiceId, SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.issuing import Purse
from billing_pipeline.domain.subscriptions import Item, Subscription
from billing_pipeline.flows.issue_invoices import numbered
from billing_pipeline.flows.ports.billing import Batch, DueAccount, Numbered, Unbillable


@dataclass(slots=True)
class Changing:
    """What the changes of one account come to. It grows while they are applied; nobody else sees it before."""

    account: DueAccount
    purse: Purse
    before: dict[SubscriptionId, Subscription] = field(default_factory=dict)
    results: list[tuple[Changed, Draft | None]] = field(default_factory=list)
    parked: list[Unbillable] = field(default_factory=list)
    waiting: int = 0


def batch_of(done: Sequence[Changing], day: date) -> Batch:
    """All that the changes write."""
    results = [each for changing in done for each in changing.results]
    last = {result.subscription.subscription_id: result.subscription for result, _ in results}
    before = {name: sub for changing in done for name, sub in changing.before.items()}
    return Batch(
        invoices=tuple(each for changing in done for each in invoices_of(changing, day)),
        tiles=tuple((result.bridge, None) for result, _ in results if result.bridge),
        moved=tuple(last.values()),
        spent=tuple(
            (name, new.coupon.coupon_id, new.ends_at)
            for name, after in last.items()
            for old, new in zip(before[name].discounts, after.discounts, strict=True)
            if old != new
        ),
        items=tuple(item for name, after in last.items() for item in items_changed(before[name], after)),
        new_items=tuple((name, item) for name, after in last.items() for item in items_new(before[name], after)),
        parked=tuple(each for changing in done for each in (*changing.account.unbillable, *changing.parked)),
        numbers={c.account.account: n for c in done if (n := sum(made is not None for _, made in c.results))},
        answers=tuple(answer for result, made in results for answer in answers_of(result, made)),
        follow_ups=tuple(each for result, _ in results for each in follow_ups(result)),
    )


def invoices_of(changing: Changing, day: date) -> Iterator[Numbered]:
    """The invoices of an account's changes."""
    return numbered(changing.account, [made for _, made in changing.results if made is not None], day)


def answers_of(result: Changed, made: Draft | None) -> Iterator[tuple[Change, InvoiceId | None, str]]:
    """What became of each change."""
    for change in result.granted:
        yield change, made.invoice_id if made else None, ""
    for change, reason in result.refused:
        yield change, None, reason


def follow_ups(result: Changed) -> Iterator[Change]:
    """The end of a pause that ends by itself, as a change of its own."""
    for change in result.granted:
        if isinstance(wish := wish_of(change), Pause) and wish.resumes_at is not None:
            begun = (result.subscription.paused_at or change.effective_at.replace(microsecond=0)).isoformat()
            yield Change(
                change.subscription_id, f"resume:{change.source}", "resume", {"paused_at": begun}, "now",
                wish.resumes_at, change.requested_by,
            )  # fmt: skip


def items_changed(before: Subscription, after: Subscription) -> Iterator[Item]:
    """The items that are something else now."""
    old = {item.item_id: item for item in before.items}
    return (item for item in after.items if item.item_id in old and item != old[item.item_id])


def items_new(before: Subscription, after: Subscription) -> Iterator[Item]:
    """The items that were added, and the versions of items that ended, under names of their own."""
    old = {item.item_id for item in before.items}
    return (item for item in after.items if item.item_id not in old)
