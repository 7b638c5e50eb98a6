"""Repairs: what may be done about a divergence, by whom, and what it would book. A repair adds facts, never edits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, assert_never

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.reconciliation import Finding, Kind, ReconciliationPolicy

RepairState = Literal["proposed", "approved", "done", "refused", "failed"]


class RepairKind(StrEnum):
    """What a repair does."""

    REAPPLY_FACT = "reapply_fact"  # tell the inbox the object as Stripe shows it now
    BOOK_REFUND = "book_refund"
    BOOK_DISPUTE = "book_dispute"
    BOOK_FEE = "book_fee"
    BOOK_PAYOUT = "book_payout"
    FLAG_CUSTOMER = "flag_customer"
    HOLD_MIRROR = "hold_mirror"
    SETTLE_ATTEMPT = "settle_attempt"
    REFUND_DUPLICATE = "refund_duplicate"
    ADOPT_ORPHAN = "adopt_orphan"


OBJECT_OF: Final[Mapping[RepairKind, str]] = {
    RepairKind.REAPPLY_FACT: "payment_intent",
    RepairKind.BOOK_REFUND: "refund",
    RepairKind.BOOK_DISPUTE: "dispute",
    RepairKind.BOOK_FEE: "balance_transaction",
    RepairKind.BOOK_PAYOUT: "payout",
    RepairKind.FLAG_CUSTOMER: "customer",
    RepairKind.ADOPT_ORPHAN: "payment_intent",
}
"""The Stripe object whose present state the repair tells the inbox. The others are done by a flow of their own."""

SAFE: Final = frozenset(
    {
        RepairKind.REAPPLY_FACT,
        RepairKind.BOOK_REFUND,
        RepairKind.BOOK_DISPUTE,
        RepairKind.BOOK_FEE,
        RepairKind.BOOK_PAYOUT,
        RepairKind.FLAG_CUSTOMER,
        RepairKind.HOLD_MIRROR,
        RepairKind.SETTLE_ATTEMPT,
    }
)
"""These only make our books follow what already happened; they run by themselves up to the policy's limit."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A repair of one divergence. object_id: whose state is told. entries: what it would book.

    invoice: to which an orphan is adopted; a person names it with the approval.
    """

    kind: RepairKind
    divergence_id: str
    object_id: str
    amount_minor: int
    currency: Currency | None
    why: str
    entries: tuple[str, ...] = ()
    invoice: InvoiceId | None = None

    @property
    def object_type(self) -> str:
        """The Stripe type of object_id; empty where no Stripe object is told."""
        return OBJECT_OF.get(self.kind, "")

    def runs_by_itself(self, policy: ReconciliationPolicy) -> bool:
        """Whether no person needs to look: a safe kind below the limit."""
        return self.kind in SAFE and self.amount_minor <= policy.auto_repair_minor_max


def propose(finding: Finding) -> Repair | None:
    """The repair for a finding; None where only a person can tell what is right."""
    kind = repair_kind(finding)
    if kind is None:
        return None
    return Repair(
        kind, finding.divergence_id, object_of(finding, kind), abs(finding.amount_minor or 0), finding.currency,
        WHY[kind], would_book(finding, kind),
    )  # fmt: skip


def repair_kind(finding: Finding) -> RepairKind | None:  # long because it answers for every kind
    """What would put that kind of divergence right."""
    match finding.kind:
        case Kind.MISSING_IN_LEDGER | Kind.STATUS:
            booked_otherwise = finding.ours.startswith(("succeeded", "paid"))
            return RepairKind.REAPPLY_FACT if finding.intent and not booked_otherwise else None
        case Kind.DUPLICATE_CHARGE:
            return RepairKind.REFUND_DUPLICATE if finding.ours == finding.theirs else RepairKind.REAPPLY_FACT
        case Kind.UNKNOWN_OUTCOME:
            return RepairKind.SETTLE_ATTEMPT
        case Kind.REFUND_MISMATCH:
            return RepairKind.BOOK_REFUND if finding.subject.startswith(("re_", "pyr_")) and finding.theirs else None
        case Kind.DISPUTE_UNBOOKED:
            return RepairKind.BOOK_DISPUTE
        case Kind.FEE_UNBOOKED:
            return RepairKind.BOOK_FEE if finding.subject.startswith("txn_") and not finding.ours else None
        case Kind.PAYOUT_MISMATCH | Kind.PAYOUT_FAILED_AFTER_PAID:
            return RepairKind.BOOK_PAYOUT if not finding.ours or finding.kind is Kind.PAYOUT_FAILED_AFTER_PAID else None
        case Kind.CUSTOMER_DELETED:
            return RepairKind.FLAG_CUSTOMER
        case Kind.UNHELD_MIRROR:
            return RepairKind.HOLD_MIRROR
        case Kind.ORPHAN_OBJECT:
            return RepairKind.ADOPT_ORPHAN if finding.subject.startswith("pi_") and finding.account else None
        case (
            Kind.MISSING_IN_STRIPE | Kind.AMOUNT | Kind.CURRENCY | Kind.UNAPPLIED_PAYMENT
            | Kind.BANK_LINE_UNMATCHED | Kind.MIRROR_DRIFT | Kind.LATE_SETTLEMENT
        ):  # fmt: skip
            return None
        case _:
            assert_never(finding.kind)


def object_of(finding: Finding, kind: RepairKind) -> str:
    """The id of the Stripe object that the repair tells, or of the attempt that it settles."""
    if kind in (RepairKind.REAPPLY_FACT, RepairKind.REFUND_DUPLICATE):
        return finding.intent or finding.subject
    return finding.subject


WHY: Final[Mapping[RepairKind, str]] = {
    RepairKind.REAPPLY_FACT: "Stripe shows what we were not told: tell it to the inbox",
    RepairKind.BOOK_REFUND: "a refund was made outside: book it",
    RepairKind.BOOK_DISPUTE: "a dispute moved money that is not in the books: book it",
    RepairKind.BOOK_FEE: "Stripe took a fee that is not in the books: book it",
    RepairKind.BOOK_PAYOUT: "a payout moved or came back: book it",
    RepairKind.FLAG_CUSTOMER: "the customer was deleted in Stripe: flag the account; `collect new-customer` makes another",
    RepairKind.HOLD_MIRROR: "the mirror could charge beside us: hold it again",
    RepairKind.SETTLE_ATTEMPT: "nobody knows how the call ended: ask Stripe",
    RepairKind.REFUND_DUPLICATE: "the invoice was paid twice: refund the later payment",
    RepairKind.ADOPT_ORPHAN: "a payment without an invoice: book it as unapplied cash of its customer",
}


def would_book(finding: Finding, kind: RepairKind) -> tuple[str, ...]:
    """The entries that the repair would lead to, one line each: 'Dr 1200 Cr 1100 4900 usd'."""
    amount = f"{abs(finding.amount_minor or 0)} {finding.currency or ''}".strip()
    return tuple(f"{sides} {amount}" for sides in SIDES.get(kind, ()))


SIDES: Final[Mapping[RepairKind, tuple[str, ...]]] = {
    RepairKind.REAPPLY_FACT: ("Dr 1200 stripe pending, Cr 1100 receivable",),
    RepairKind.BOOK_REFUND: ("Dr 4200 refunds (and 2100, 2300), Cr 1200 stripe pending",),
    RepairKind.BOOK_DISPUTE: ("Dr 1300 disputed funds, Cr 1200 stripe pending",),
    RepairKind.BOOK_FEE: ("Dr 5100 processor fees, Cr 1200 stripe pending",),
    RepairKind.BOOK_PAYOUT: ("Dr 1290 payouts in transit, Cr 1210 stripe available (or back)",),
    RepairKind.REFUND_DUPLICATE: ("Dr 2200 customer credits, Cr 1200 stripe pending",),
    RepairKind.ADOPT_ORPHAN: ("Dr 1200 stripe pending, Cr 2400 unapplied cash",),
}
