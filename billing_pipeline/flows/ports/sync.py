"""What keeping Stripe's catalogue and mirrors in step needs from its store."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from billing_pipeline.domain.attempts import Attempt, Operation
from billing_pipeline.domain.boundaries import Billed
from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.ids import (
    AccountId,
    InvoiceId,
    ItemId,
    StripeInvoiceId,
    StripeSubscriptionId,
    SubscriptionId,
    TaxRateId,
)
from billing_pipeline.domain.mirror import Links, Mirrored
from billing_pipeline.domain.mirror_guard import KnownMirror
from billing_pipeline.domain.mirror_policy import Proposal
from billing_pipeline.domain.reconciliation import Finding
from billing_pipeline.domain.stripe_catalog import CatalogKind, Listed
from billing_pipeline.domain.subscriptions import Subscription
from billing_pipeline.domain.takeover import PastLine
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.collection import AttemptStore


@dataclass(frozen=True, slots=True)
class MirrorCase:
    """A subscription whose mirror may not be as it should be. subscription: None where its rows make no sense (fault).

    digest: of what the mirror should follow from; noted: of what it was last seen to follow; '?' first: changed in
    Stripe since. switching: a take-over is planned, which alone releases the hold.
    """

    subscription_id: SubscriptionId
    subscription: Subscription | None
    fault: str
    links: Links
    mirrored: Mirrored
    last: Billed | None
    digest: str
    noted: str
    reason: str
    switching: bool = False

    @property
    def edited_there(self) -> bool:
        """Whether the mirror was changed in Stripe and our subscription was not."""
        return self.noted == f"?{self.digest}"


@dataclass(frozen=True, slots=True)
class MirrorNote:
    """What is known of a mirror after it was looked at. digest: None leaves the noted one. items: None likewise."""

    subscription_id: SubscriptionId
    state: str
    reason: str = ""
    digest: str | None = None
    stripe_id: StripeSubscriptionId | None = None
    items: Mapping[ItemId, str] | None = None


@dataclass(frozen=True, slots=True)
class StoredProposal:
    """A change made in Stripe that waits for a person."""

    proposal_id: int
    proposal: Proposal
    proposed_at: datetime


class CallStore(AttemptStore, Protocol):
    """Attempts of calls that are no charges."""

    def call_open(self, operation: Operation, subject: str) -> bool:
        """Whether a call about the subject is under way, or its outcome unknown."""

    def attempts_made(self, operation: Operation, subject: str) -> int:
        """How many calls there were about the subject, open ones included."""

    def claim_unknown(self, operations: Sequence[Operation], now: datetime, limit: int) -> list[Attempt]:
        """Attempts whose outcome is to be asked for now; the lease keeps other processes off them."""


class CatalogStore(CallStore, Protocol):
    """What is sold."""

    def listed(self, kind: CatalogKind) -> list[Listed]:
        """Everything of that kind as Stripe should have it."""

    def link_catalog(self, kind: CatalogKind, our_id: str, stripe_id: str) -> None:
        """Ours is that object in Stripe."""


class SyncStore(CallStore, Protocol):
    """Subscriptions and their mirrors."""

    def mirrors_to_check(self, limit: int) -> list[MirrorCase]:
        """Subscriptions whose mirror does not follow from them as they are now, oldest first. One question for all."""

    def mirror_case(self, subscription_id: SubscriptionId) -> MirrorCase | None:
        """One subscription with its mirror, whatever its state."""

    def note_mirror(self, note: MirrorNote) -> None:
        """Write down what was seen or done."""

    def request(self, change: Change, now: datetime) -> bool:
        """Put a change on the list; False when its source is there already."""

    def propose(self, proposal: Proposal, now: datetime) -> bool:
        """Keep what a person must decide; False when it is there already."""

    def open_stripe_invoices(self, subscription_id: SubscriptionId) -> list[StripeInvoiceId]:
        """Invoices of the subscription's account that Stripe is collecting."""


class GuardStore(CallStore, Protocol):
    """Mirrors as the guard knows them."""

    def known_mirrors(self) -> list[KnownMirror]:
        """Every subscription that has, or may have, a mirror."""

    def chargers_of(
        self, periods: Sequence[tuple[SubscriptionId, datetime]]
    ) -> dict[tuple[SubscriptionId, datetime], str]:
        """Who charges for those of the periods (subscription and start) that the books know."""

    def note_findings(self, findings: Sequence[Finding], now: datetime) -> int:
        """Open or refresh these divergences; how many were new."""


class ProposalStore(Protocol):
    """Changes made in Stripe that wait for a person."""

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""

    def open_proposals(self, limit: int) -> list[StoredProposal]:
        """Those that nobody has decided, oldest first."""

    def decide(self, proposal_id: int, state: str, who: str, now: datetime) -> bool:
        """Close it; False when it was not open."""

    def push_again(self, subscription_id: SubscriptionId) -> None:
        """Have the mirror brought in step by the next run, whatever was changed in Stripe."""

    def request(self, change: Change, now: datetime) -> bool:
        """Put a change on the list; False when its source is there already."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A take-over ('to_stripe') or a give-back ('to_engine'). boundary: from which on the other side charges."""

    takeover_id: int
    subscription_id: SubscriptionId
    direction: str
    boundary: datetime
    requested_by: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A subscription that could change hands. method: the card that Stripe would charge, '' for none."""

    case: MirrorCase
    method: str
    changes_waiting: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """An invoice of Stripe's that is in the books. number: the same as stripe_id until Stripe has given it one."""

    invoice_id: InvoiceId
    stripe_id: StripeInvoiceId
    number: str


class TakeoverStore(SyncStore, GuardStore, Protocol):
    """Who charges for what, and moving that over."""

    def candidates(self, charger: str, segment: str | None, names: Sequence[SubscriptionId]) -> list[Candidate]:
        """Living subscriptions of that charger; of a segment and of these names where they are given."""

    def plan(self, plan: Plan, state: str, comparison: Mapping[str, Any], reason: str, now: datetime) -> bool:
        """Write a plan or a rehearsal down; False when the subscription has a plan already."""

    def planned(self) -> list[Plan]:
        """Plans that are not carried out yet, by boundary."""

    def hand_over(self, subscription_id: SubscriptionId, boundary: datetime, charger: str) -> bool:
        """Set who charges from the boundary on; False when that was billed or moved meanwhile."""

    def close_plan(self, takeover_id: int, state: str, reason: str, now: datetime) -> None:
        """How the plan ended."""

    def billed_by_stripe(self, due: datetime | None) -> list[MirrorCase]:
        """Subscriptions that Stripe charges; only those whose boundary has come by then, where that is given."""

    def past_invoices(self, subscription_id: SubscriptionId, limit: int) -> list[PastLine]:
        """The lines of the engine's last period invoices, newest first."""

    def recorded(self, invoices: Sequence[StripeInvoiceId]) -> dict[StripeInvoiceId, Recorded]:
        """Those of Stripe's invoices that are in the books."""

    def taxes(self) -> dict[str, TaxRateId]:
        """Our tax rates by Stripe's."""

    def lock_account(self, account: AccountId) -> None:
        """Hold the account's credits and numbers for this transaction."""

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""

    def mark_stripe_invoice(self, invoice: InvoiceId, stripe_id: StripeInvoiceId) -> None:
        """The invoice is Stripe's: Stripe alone collects it."""

    def number_invoice(self, invoice: InvoiceId, number: str) -> None:
        """Give the invoice the number that Stripe gave it."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox; how many were new."""
