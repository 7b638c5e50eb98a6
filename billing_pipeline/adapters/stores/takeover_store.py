"""The guard's view of mirrors, take-overs, and Stripe's invoices in the books, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from json import dumps
from typing import Any

from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.reconciliation_store import as_row
from billing_pipeline.adapters.stores.sync_store import SyncStore
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.ids import (
    AccountId,
    InvoiceId,
    StripeInvoiceId,
    StripeSubscriptionId,
    SubscriptionId,
    TaxRateId,
)
from billing_pipeline.domain.mirror_guard import KnownMirror
from billing_pipeline.domain.reconciliation import Finding
from billing_pipeline.domain.takeover import PastLine, Side
from billing_pipeline.flows.ports.sync import Candidate, MirrorCase, Plan, Recorded

GUARD = "guard_mirrors"
"""The run under which findings of the guard are noted; the next reconciliation closes what it does not see."""


@dataclass(frozen=True, slots=True)
class TakeoverStore(SyncStore):
    """flows.ports.sync.TakeoverStore on a database."""

    def known_mirrors(self) -> list[KnownMirror]:
        """Every subscription that has, or may have, a mirror."""
        return [known_mirror(row) for row in self.db.rows("sync/known_mirrors")]

    def chargers_of(
        self, periods: Sequence[tuple[SubscriptionId, datetime]]
    ) -> dict[tuple[SubscriptionId, datetime], str]:
        """Who charges for those of the periods (subscription and start) that the books know."""
        if not periods:
            return {}
        names, starts = zip(*periods, strict=True)
        found = self.db.rows("sync/chargers_of", subscriptions=list(names), starts=list(starts))
        return {(row.subscription_id, row.period_start): row.charger for row in found}

    def note_findings(self, findings: Sequence[Finding], now: datetime) -> int:
        """Open or refresh these divergences; how many were new."""
        distinct = {one.divergence_id: as_row(one) for one in findings}
        told = dumps(list(distinct.values()))
        seen = self.db.rows("reconciliation/note_findings", findings=told, at=now, run_id=GUARD)
        return sum(row.fresh or row.reopened for row in seen)

    def candidates(self, charger: str, segment: str | None, names: Sequence[SubscriptionId]) -> list[Candidate]:
        """Living subscriptions of that charger; of a segment and of these names where they are given."""
        found = self.cases(charger=charger, segment=segment, names=list(names) or None)
        return [Candidate(case, row.method, row.changes_waiting) for case, row in found]

    def plan(self, plan: Plan, state: str, comparison: Mapping[str, Any], reason: str, now: datetime) -> bool:
        """Write a plan or a rehearsal down; False when the subscription has a plan already."""
        return bool(
            self.db.run(
                "sync/plan_takeover", subscription_id=plan.subscription_id, direction=plan.direction, boundary=plan.boundary,
                state=state, comparison=dumps(dict(comparison)), requested_by=plan.requested_by, now=now, reason=reason,
            )
        )  # fmt: skip

    def planned(self) -> list[Plan]:
        """Plans that are not carried out yet, by boundary."""
        return [
            Plan(row.takeover_id, SubscriptionId(row.subscription_id), row.direction, row.boundary, row.requested_by)
            for row in self.db.rows("sync/planned_takeovers")
        ]

    def hand_over(self, subscription_id: SubscriptionId, boundary: datetime, charger: str) -> bool:
        """Set who charges from the boundary on; False when that was billed or moved meanwhile."""
        return bool(self.db.run("sync/hand_over", subscription_id=subscription_id, boundary=boundary, charger=charger))

    def close_plan(self, takeover_id: int, state: str, reason: str, now: datetime) -> None:
        """How the plan ended."""
        self.db.run("sync/close_takeover", takeover_id=takeover_id, state=state, reason=reason, now=now)

    def billed_by_stripe(self, due: datetime | None) -> list[MirrorCase]:
        """Subscriptions that Stripe charges; only those whose boundary has come by then, where that is given."""
        return [case for case, _ in self.cases(charger="stripe", due=due)]

    def past_invoices(self, subscription_id: SubscriptionId, limit: int) -> list[PastLine]:
        """The lines of the engine's last period invoices, newest first."""
        return [
            past_line(row) for row in self.db.rows("sync/past_invoices", subscription_id=subscription_id, limit=limit)
        ]

    def recorded(self, invoices: Sequence[StripeInvoiceId]) -> dict[StripeInvoiceId, Recorded]:
        """Those of Stripe's invoices that are in the books."""
        found = self.db.rows("sync/recorded", invoices=list(invoices)) if invoices else ()
        return {row.stripe_invoice_id: Recorded(row.invoice_id, row.stripe_invoice_id, row.number) for row in found}

    def taxes(self) -> dict[str, TaxRateId]:
        """Our tax rates by Stripe's."""
        return {
            row.stripe_id: TaxRateId(row.tax_rate_id) for row in self.db.rows("sync/catalog_tax_rates") if row.stripe_id
        }

    def lock_account(self, account: AccountId) -> None:
        """Hold the account's credits and numbers for this transaction."""
        self.db.rows("ledger/lock_account", account=account)

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""
        return DocumentStore(self.db).add_grant(grant, source, note)

    def mark_stripe_invoice(self, invoice: InvoiceId, stripe_id: StripeInvoiceId) -> None:
        """The invoice is Stripe's: Stripe alone collects it."""
        self.db.run("sync/mark_stripe_invoice", invoice_id=invoice, stripe_id=stripe_id)

    def number_invoice(self, invoice: InvoiceId, number: str) -> None:
        """Give the invoice the number that Stripe gave it."""
        self.db.run("sync/number_invoice", invoice_id=invoice, number=number)


def known_mirror(row: Any) -> KnownMirror:
    """A mirror as the guard knows it."""
    names = SubscriptionId(row.subscription_id), AccountId(row.account_id), StripeSubscriptionId(row.stripe_id)
    return KnownMirror(*names, row.held, row.charger, row.state)


def past_line(row: Any) -> PastLine:
    """A line of an invoice that the engine issued."""
    side = Side(row.amount_minor, row.discount_minor, row.tax_minor, row.quantity)
    return PastLine(row.invoice_id, row.period_start, row.kind, row.description, row.price, side)
