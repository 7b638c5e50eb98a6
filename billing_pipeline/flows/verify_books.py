"""Verify the books: recompute every promise they make, and say what does not hold."""

from dataclasses import dataclass
from typing import Final

from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.ledger import Finding, VerifyStore

CHECKS: Final = {
    "unbalanced_entries": "every entry balances",
    "changed_entries": "every entry says what it said when it was written",
    "broken_seals": "every seal follows from the one before it and from its entries",
    "invoice_sums": "every invoice is the sum of its lines",
    "invoice_entries": "every invoice is booked as it was issued",
    "invoice_receivables": "the receivable of every invoice is what is open on it",
    "account_receivables": "the receivable of every account is the sum of its open invoices",
    "customer_credits": "the debt to every account is what is left of its paid credits, and never below nothing",
    "carry_overs": "what was carried over is on the books of its account",
    "deferred_revenue": "deferred revenue is what the schedules have still to earn",
    "closed_days": "nothing got into a day after it was closed, and it holds the sums that were frozen",
}
"""Name of a check (and of its SQL file) -> the promise it recomputes."""

FINDINGS_MAX: Final = 100  # of each check: more of the same tell nobody more


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found; an empty tuple is the good news. unsealed: entries no seal covers yet, with their age."""

    findings: tuple[Finding, ...]
    counted: dict[str, int]
    unsealed: int
    unsealed_seconds: int

    @property
    def sound(self) -> bool:
        """Whether every promise holds."""
        return not self.findings


def verify_books(store: VerifyStore, clock: Clock, *, zone: str = "UTC") -> Verified:
    """All findings of all checks; each check sees one snapshot of the books."""
    with store.transaction():
        findings = tuple(one for check in CHECKS for one in store.findings(check, FINDINGS_MAX, zone))
        tail, counted = store.unsealed(), store.counted()
    age = clock.now() - tail.oldest_at if tail.oldest_at else None
    return Verified(findings, counted, tail.entries, int(age.total_seconds()) if age else 0)
