"""Reconciliation: every way in which two books can disagree, what each means, and who must wait because of it."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId


class Kind(StrEnum):
    """What disagrees. One fact gives one divergence: the rows of the comparison are tried in a fixed order."""

    MISSING_IN_STRIPE = "missing_in_stripe"
    MISSING_IN_LEDGER = "missing_in_ledger"
    AMOUNT = "amount"
    CURRENCY = "currency"
    STATUS = "status"
    DUPLICATE_CHARGE = "duplicate_charge"
    UNKNOWN_OUTCOME = "unknown_outcome"
    UNAPPLIED_PAYMENT = "unapplied_payment"
    REFUND_MISMATCH = "refund_mismatch"
    DISPUTE_UNBOOKED = "dispute_unbooked"
    FEE_UNBOOKED = "fee_unbooked"
    PAYOUT_MISMATCH = "payout_mismatch"
    PAYOUT_FAILED_AFTER_PAID = "payout_failed_after_paid"
    BANK_LINE_UNMATCHED = "bank_line_unmatched"
    CUSTOMER_DELETED = "customer_deleted"
    MIRROR_DRIFT = "mirror_drift"
    UNHELD_MIRROR = "unheld_mirror"
    LATE_SETTLEMENT = "late_settlement"
    ORPHAN_OBJECT = "orphan_object"


class Severity(StrEnum):
    """error: dunning of the invoice or customer waits. warning: finance should look. info: time will settle it."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class State(StrEnum):
    """open: seen in the last run. resolved: seen no more. explained: a person said why. expired: timing ran out."""

    OPEN = "open"
    RESOLVED = "resolved"
    EXPLAINED = "explained"
    EXPIRED = "expired"


SEVERITY: Final[Mapping[Kind, Severity]] = {
    Kind.MISSING_IN_STRIPE: Severity.ERROR,
    Kind.MISSING_IN_LEDGER: Severity.ERROR,
    Kind.AMOUNT: Severity.ERROR,
    Kind.CURRENCY: Severity.ERROR,
    Kind.STATUS: Severity.ERROR,
    Kind.DUPLICATE_CHARGE: Severity.ERROR,
    Kind.UNKNOWN_OUTCOME: Severity.ERROR,
    Kind.UNAPPLIED_PAYMENT: Severity.ERROR,
    Kind.REFUND_MISMATCH: Severity.ERROR,
    Kind.DISPUTE_UNBOOKED: Severity.ERROR,
    Kind.CUSTOMER_DELETED: Severity.ERROR,
    Kind.UNHELD_MIRROR: Severity.ERROR,
    Kind.ORPHAN_OBJECT: Severity.ERROR,
    Kind.FEE_UNBOOKED: Severity.WARNING,
    Kind.PAYOUT_MISMATCH: Severity.WARNING,
    Kind.PAYOUT_FAILED_AFTER_PAID: Severity.WARNING,
    Kind.BANK_LINE_UNMATCHED: Severity.WARNING,
    Kind.MIRROR_DRIFT: Severity.WARNING,
    Kind.LATE_SETTLEMENT: Severity.INFO,
}
"""Money between customer and invoice blocks; money between Stripe, its fees, payouts and the bank only alerts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One disagreement as a run saw it. subject: the id that tells it from others of its kind, ours or Stripe's.

    amount_minor: what is at stake, in minor units of currency. ours, theirs: what each side says, in words and numbers.
    evidence: ids to look at. invoice, intent, account: whose dunning waits, where they are known.
    """

    kind: Kind
    subject: str
    currency: Currency | None = None
    amount_minor: int | None = None
    invoice: InvoiceId | None = None
    intent: PaymentIntentId | None = None
    account: AccountId | None = None
    ours: str = ""
    theirs: str = ""
    evidence: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """How bad it is: a property of the kind alone, so that two runs never argue."""
        return SEVERITY[self.kind]

    @property
    def divergence_id(self) -> str:
        """Kind and subject, short enough to type: seen again it is the same divergence, one day older."""
        return divergence_id(self.kind, self.subject)


def divergence_id(kind: Kind, subject: str) -> str:
    """The one id of a disagreement of that kind about that subject, such as 'amount-1f0c9a63b2d4'."""
    return f"{kind}-{hashlib.sha256(f'{kind}|{subject}'.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class ReconciliationPolicy:
    """The numbers of policies/reconciliation.toml. Every duration is whole and named with its unit."""

    cut_off_minutes: int = 60
    fresh_minutes: int = 26 * 60
    certificate_minutes: int = 26 * 60
    inbox_waiting_minutes_max: int = 60
    settlement_hours_max: int = 48
    processing_days_max: int = 14
    payout_arrival_days_max: int = 3
    bank_lag_days: int = 5
    bank_tolerance_minor: int = 0
    late_expires_days: int = 21
    overlap_days: int = 7
    whole_comparison_days: int = 7
    dated_copies: int = 7
    lake_runs_max: int = 60
    auto_repair_minor_max: int = 50_000
    approved_repair_minor_max: int = 1_000_000
    memory_limit_mb: int = 1_900

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if type(value := getattr(self, name)) is not int or value < 0:
                raise Broken(f"reconciliation.toml: {name} must be a whole number >= 0, got {value!r}")

    def cut_off(self, now: datetime) -> datetime:
        """Objects touched after it are not compared: the two sides may not have heard of each other yet."""
        return now - timedelta(minutes=self.cut_off_minutes)


@dataclass(frozen=True, slots=True)
class Gate:
    """Whether dunning may act at all. reason: one sentence for the people who wait."""

    open: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """What the gate judges by. certified: object type -> when it was last certified complete, issued ones only.

    finished_at: the last run that ended without an error. failed: the error of a later run, if any.
    waiting_since: the oldest fact that waits in the inbox.
    """

    finished_at: datetime | None
    failed: str | None
    certified: Mapping[str, datetime]
    waiting_since: datetime | None


CERTIFIED_FOR_DUNNING: Final = ("payment_intent", "refund", "dispute")
"""Without these three complete, an invoice may be paid, refunded or contested without our knowing."""


def judge(freshness: Freshness, policy: ReconciliationPolicy, now: datetime) -> Gate:
    """The gate for all of dunning: closed on any doubt, with the first doubt as its reason."""
    doubts = doubts_of(freshness, policy, now)
    return Gate(not doubts, doubts[0] if doubts else "reconciled, certified and fresh")


def doubts_of(freshness: Freshness, policy: ReconciliationPolicy, now: datetime) -> list[str]:
    """Every reason to keep the gate closed; an empty list opens it."""
    doubts = []
    if freshness.failed:
        doubts.append(f"the last reconciliation failed: {freshness.failed}")
    if freshness.finished_at is None:
        doubts.append("no reconciliation has finished yet: run `billing-pipeline reconcile run`")
    elif stale(freshness.finished_at, policy.fresh_minutes, now):
        doubts.append(f"the last reconciliation ended {ago(freshness.finished_at, now)}")
    for object_type in CERTIFIED_FOR_DUNNING:
        complete_to = freshness.certified.get(object_type)
        if complete_to is None:
            doubts.append(f"no completeness certificate for {object_type}: run `billing-pipeline sweep`")
        elif stale(complete_to, policy.certificate_minutes, now):
            doubts.append(f"{object_type} is certified complete only to {ago(complete_to, now)}")
    if freshness.waiting_since and stale(freshness.waiting_since, policy.inbox_waiting_minutes_max, now):
        doubts.append(f"a fact from {ago(freshness.waiting_since, now)} still waits in the inbox")
    return doubts


def stale(moment: datetime, minutes_max: int, now: datetime) -> bool:
    """Whether moment lies further back than that."""
    return now - moment > timedelta(minutes=minutes_max)


def ago(moment: datetime, now: datetime) -> str:
    """How long ago, in the largest fitting unit: '3 hours ago'."""
    minutes = int((now - moment).total_seconds() // 60)
    for size, unit in ((1440, "days"), (60, "hours")):
        if minutes >= 2 * size:
            return f"{minutes // size} {unit} ago"
    return f"{minutes} minutes ago"


def counts_by_kind(findings: Sequence[Finding]) -> dict[str, int]:
    """How many of each kind, kinds that were not found left out."""
    counts: dict[str, int] = {}
    for finding in findings:
        counts[finding.kind] = counts.get(finding.kind, 0) + 1
    return counts
