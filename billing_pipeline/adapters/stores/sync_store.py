"""The catalogue, the mirrors and who charges, in PostgreSQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any, Final

from billing_pipeline.adapters.stores import billing_rows as rows
from billing_pipeline.adapters.stores.attempt_rows import AttemptRows, attempt_from
from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.domain.attempts import LEASE, Attempt, Operation
from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.coupons import Coupon, Duration
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import (
    CouponId,
    CustomerId,
    ItemId,
    PriceId,
    StripeInvoiceId,
    StripeSubscriptionId,
    SubscriptionId,
)
from billing_pipeline.domain.mirror import Links, Mirrored, Sold, as_of_boundary
from billing_pipeline.domain.mirror_policy import Proposal
from billing_pipeline.domain.mirror_requests import Aspect
from billing_pipeline.domain.stripe_catalog import CatalogKind, Listed, coupon, price, product, tax_rate
from billing_pipeline.domain.subscriptions import Subscription
from billing_pipeline.domain.taxes import TaxRate
from billing_pipeline.flows.ports.sync import MirrorCase, MirrorNote, StoredProposal

EVERYTHING: Final[Mapping[str, Any]] = {
    "names": None, "stale": False, "charger": None, "segment": None, "due": None, "limit": None,
}  # fmt: skip
"""No filter of sync/mirrors."""

BILLING_COLUMNS: Final = 25
"""So many columns of sync/mirrors, the first, are those of billing/subscriptions_to_bill."""


@dataclass(frozen=True, slots=True)
class CallRows(AttemptRows):
    """flows.ports.sync.CallStore on a database."""

    def call_open(self, operation: Operation, subject: str) -> bool:
        """Whether a call about the subject is under way, or its outcome unknown."""
        row = self.db.row("sync/call_open", operation=operation, subject=subject)
        return bool(row and row.is_open)

    def attempts_made(self, operation: Operation, subject: str) -> int:
        """How many calls there were about the subject, open ones included."""
        row = self.db.row("sync/attempts_made", operation=operation, subject=subject)
        return int(row.attempts) if row else 0

    def claim_unknown(self, operations: Sequence[Operation], now: datetime, limit: int) -> list[Attempt]:
        """Attempts whose outcome is to be asked for now; the lease keeps other processes off them."""
        found = self.db.rows(
            "collection/claim_unknown", operations=[*operations], now=now, lease_until=now + LEASE, limit=limit
        )
        return [attempt_from(row) for row in found]


@dataclass(frozen=True, slots=True)
class CatalogStore(CallRows):
    """flows.ports.sync.CatalogStore on a database."""

    def listed(self, kind: CatalogKind) -> list[Listed]:
        """Everything of that kind as Stripe should have it."""
        found = self.db.rows(f"sync/catalog_{kind}s")
        if kind is not CatalogKind.PRICE:
            return [SHOWN[kind](row) for row in found]
        sold = BillingStore(self.db).prices([PriceId(row.price_id) for row in found])
        return [price(sold[row.price_id], row.product, row.stripe_id) for row in found if row.price_id in sold]

    def link_catalog(self, kind: CatalogKind, our_id: str, stripe_id: str) -> None:
        """Ours is that object in Stripe."""
        self.db.run(f"sync/link_{kind}", our_id=our_id, stripe_id=stripe_id)


def listed_coupon(row: Any) -> Listed:
    """A coupon from its row."""
    sold = Coupon(
        row.coupon_id, Duration(row.duration), row.percent_ppm, row.amount_minor, row.currency, row.duration_months,
        row.redeem_by,
    )  # fmt: skip
    return coupon(sold, row.name, row.stripe_id)


SHOWN: Final[Mapping[CatalogKind, Callable[[Any], Listed]]] = {
    CatalogKind.PRODUCT: lambda row: product(row.plan_id, row.name, row.stripe_id, row.active),
    CatalogKind.TAX_RATE: lambda row: tax_rate(
        TaxRate(row.tax_rate_id, row.rate_ppm, row.inclusive, row.active), row.name, row.jurisdiction, row.stripe_id
    ),
    CatalogKind.COUPON: listed_coupon,
}


@dataclass(frozen=True, slots=True)
class SyncStore(CallRows):
    """flows.ports.sync.SyncStore and ProposalStore on a database."""

    def mirrors_to_check(self, limit: int) -> list[MirrorCase]:
        """Subscriptions whose mirror does not follow from them as they are now, oldest first. One question for all."""
        return [case for case, _ in self.cases(stale=True, limit=limit)]

    def mirror_case(self, subscription_id: SubscriptionId) -> MirrorCase | None:
        """One subscription with its mirror, whatever its state."""
        return next((case for case, _ in self.cases(names=[subscription_id])), None)

    def cases(self, **filters: Any) -> list[tuple[MirrorCase, Any]]:
        """Cases by the filters of sync/mirrors, each with its row."""
        found = self.db.rows("sync/mirrors", **{**EVERYTHING, **filters})
        if not found:
            return []
        build = CaseBuilder.load(self, [row.subscription_id for row in found])
        return [(build.case(row), row) for row in found]

    def note_mirror(self, note: MirrorNote) -> None:
        """Write down what was seen or done."""
        with self.db.transaction():
            self.db.run(
                "sync/note_mirror", subscription_id=note.subscription_id, state=note.state, reason=note.reason,
                digest=note.digest, stripe_id=note.stripe_id,
            )  # fmt: skip
            if note.items is not None:
                ours, theirs = list(note.items), list(note.items.values())
                self.db.run("sync/link_items", subscription_id=note.subscription_id, items=ours, stripe_items=theirs)

    def request(self, change: Change, now: datetime) -> bool:
        """Put a change on the list; False when its source is there already."""
        return BillingStore(self.db).request(change, now)

    def propose(self, proposal: Proposal, now: datetime) -> bool:
        """Keep what a person must decide; False when it is there already."""
        return bool(
            self.db.run(
                "sync/propose", source=proposal.source, subscription_id=proposal.subscription_id, aspect=proposal.aspect,
                words=proposal.words, kind=proposal.kind, wish=dumps(dict(proposal.wish)), now=now,
            )
        )  # fmt: skip

    def open_stripe_invoices(self, subscription_id: SubscriptionId) -> list[StripeInvoiceId]:
        """Invoices of the subscription's account that Stripe is collecting."""
        found = self.db.rows("sync/open_stripe_invoices", subscription_id=subscription_id)
        return [StripeInvoiceId(row.stripe_invoice_id) for row in found]

    def open_proposals(self, limit: int) -> list[StoredProposal]:
        """Changes made in Stripe that nobody has decided, oldest first."""
        return [proposal_of(row) for row in self.db.rows("sync/open_proposals", limit=limit)]

    def decide(self, proposal_id: int, state: str, who: str, now: datetime) -> bool:
        """Close a proposal; False when it was not open."""
        return bool(self.db.run("sync/decide_proposal", proposal_id=proposal_id, state=state, who=who, now=now))

    def push_again(self, subscription_id: SubscriptionId) -> None:
        """Have the mirror brought in step by the next run, whatever was changed in Stripe."""
        self.db.run("sync/push_again", subscription_id=subscription_id)


@dataclass(frozen=True, slots=True)
class CaseBuilder:
    """Makes cases of rows, with everything that hangs on them read set by set."""

    items: Mapping[str, list[Any]]
    discounts: Mapping[str, list[Any]]
    prices: Mapping[PriceId, Any]
    sold: Mapping[PriceId, Sold]
    coupons: Mapping[CouponId, str]
    linked: Mapping[ItemId, str]
    changes: Mapping[str, list[Any]]

    @classmethod
    def load(cls, store: CallRows, names: list[str]) -> "CaseBuilder":
        """What those subscriptions need."""
        db = store.db
        items = db.rows("sync/items_of", subscriptions=names)
        linked = db.rows("sync/linked_items", subscriptions=names)
        changes = db.rows("sync/changes_ahead", subscriptions=names)
        wished = {PriceId(str(row.wish.get("price_id"))) for row in changes}
        return cls(
            items=rows.grouped(items, "subscription_id"),
            discounts=rows.grouped(db.rows("sync/discounts_of", subscriptions=names), "subscription_id"),
            prices=BillingStore(db).prices(sorted({PriceId(row.price_id) for row in items} | wished)),
            sold={row.price_id: Sold(row.stripe_price_id, row.active) for row in db.rows("sync/sold_prices")},
            coupons={row.coupon_id: row.stripe_coupon_id for row in db.rows("sync/sold_coupons")},
            linked={row.item_id: row.stripe_item_id for row in linked},
            changes=rows.grouped(changes, "subscription_id"),
        )

    def case(self, row: Any) -> MirrorCase:
        """The case of a row."""
        subscription, last, fault = self.subscription(row)
        own = {item.item_id for item in subscription.items} if subscription else set()
        stripe_id = StripeSubscriptionId(row.stripe_subscription_id) if row.stripe_subscription_id else None
        return MirrorCase(
            subscription_id=row.subscription_id,
            subscription=subscription,
            fault=fault,
            links=Links(
                customer=CustomerId(row.customer_id) if row.customer_id else None,
                prices=self.sold,
                coupons=self.coupons,
                items={name: theirs for name, theirs in self.linked.items() if name in own},
                tax=row.stripe_tax or "",
                tax_missing=row.tax_missing,
                net_terms=row.collection_method == "net_terms",
            ),
            mirrored=Mirrored(stripe_id, row.mirror_state),
            last=last,
            digest=row.digest,
            noted=row.mirror_digest,
            reason=row.mirror_reason,
            switching=row.switching,
        )

    def subscription(self, row: Any) -> tuple[Subscription | None, Billed | None, str]:
        """The subscription of a row and the last tile of its time line, or why it makes no sense."""
        try:
            own = tuple(rows.item_of(item, self.price) for item in self.items.get(row.subscription_id, []))
            off = self.discounts.get(row.subscription_id, ())
            subscription, last, _, _ = rows.subscription_of(row[:BILLING_COLUMNS], own, off)
        except Broken as error:
            return None, None, str(error)
        changes = [rows.change_of(change) for change in self.changes.get(row.subscription_id, ())]
        return as_of_boundary(subscription, changes, self.prices), last, ""

    def price(self, price_id: str) -> Any:
        """The price of that id. Raises Broken when it makes no sense."""
        if (found := self.prices.get(PriceId(price_id))) is None:
            raise Broken(f"price {price_id} makes no sense: `billing-pipeline import` says what is wrong with it")
        return found


def proposal_of(row: Any) -> StoredProposal:
    """A proposal from its row."""
    told = Proposal(row.source, SubscriptionId(row.subscription_id), Aspect(row.aspect), row.words, row.kind, row.wish)
    return StoredProposal(row.proposal_id, told, row.proposed_at)
