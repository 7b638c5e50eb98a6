"""Divergences, runs and the gate, in PostgreSQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId
from billing_pipeline.domain.reconciliation import (
    Finding,
    Freshness,
    Gate,
    Kind,
    ReconciliationPolicy,
    counts_by_kind,
    judge,
)  # fmt: skip
from billing_pipeline.domain.repairs import repair_kind
from billing_pipeline.flows.ports.reconciliation import Divergence, Noted, Run


@dataclass(frozen=True, slots=True)
class ReconciliationStore:
    """The port DivergenceStore, and with it Verdicts, what dunning asks."""

    db: Database
    policy: ReconciliationPolicy

    def transaction(self) -> Any:
        """One transaction; within another one it joins it."""
        return self.db.transaction()

    def start_run(self, run: Run) -> None:
        """Note that a run has begun."""
        self.db.run("reconciliation/start_run", run_id=run.run_id, cut_off=run.cut_off, at=run.started_at)

    def finish_run(self, run_id: str, at: datetime, counts: Mapping[str, int]) -> None:
        """Note that it ended well."""
        self.db.run("reconciliation/finish_run", run_id=run_id, at=at, counts=json.dumps(dict(counts)), error=None)

    def fail_run(self, run_id: str, at: datetime, error: str) -> None:
        """Note that it ended badly: the gate stays closed until one ends well."""
        self.db.run("reconciliation/finish_run", run_id=run_id, at=at, counts="{}", error=error or "no message")

    def note(self, findings: Sequence[Finding], run: Run, policy: ReconciliationPolicy) -> Noted:
        """Open what is new, refresh what is seen again, close what is seen no more."""
        told = json.dumps([as_row(one) for one in findings])
        late_before = run.started_at - timedelta(days=policy.late_expires_days)
        with self.db.transaction():
            seen = self.db.rows("reconciliation/note_findings", findings=told, at=run.started_at, run_id=run.run_id)
            closed = self.db.rows(
                "reconciliation/close_unseen", run_id=run.run_id, at=run.started_at, late_before=late_before
            )
            still_open = self.db.rows("reconciliation/open_counts")
        new = sum(row.fresh or row.reopened for row in seen)
        count = sum(row.divergences for row in still_open)
        return Noted(new, len(seen) - new, len(closed), count, counts_by_kind(findings))

    def freshness(self) -> Freshness:
        """What the gate judges by."""
        row = self.db.row("reconciliation/freshness")
        if row is None:
            raise Broken("the database did not say how fresh the reconciliation is: run `billing-pipeline doctor`")
        certified = {found.object_type: found.complete_to for found in self.db.rows("reconciliation/certified")}
        return Freshness(row.finished_at, row.failed, certified, row.waiting_since)

    def gate(self, now: datetime) -> Gate:
        """Whether dunning may act at all, and why not."""
        return judge(self.freshness(), self.policy, now)

    def held_invoices(self) -> Mapping[InvoiceId, str]:
        """Open invoices that must wait, each with its reason."""
        return {
            InvoiceId(row.invoice_id): f"open divergence {row.kind} ({row.divergence_id})"
            for row in self.db.rows("reconciliation/held_invoices")
        }

    def divergences(self, *, state: str = "open", kind: str | None = None, limit: int = 1000) -> Sequence[Divergence]:
        """Divergences in that state, oldest first."""
        rows = self.db.rows("reconciliation/divergences", state=state, kind=kind or "", max_rows=limit)
        return [divergence(row) for row in rows]

    def divergence(self, divergence_id: str) -> Divergence | None:
        """One divergence."""
        row = self.db.row("reconciliation/divergence", divergence_id=divergence_id)
        return divergence(row) if row else None

    def annotate(
        self, divergence_id: str, at: datetime, who: str, *, state: str = "", owner: str = "", note: str = ""
    ) -> None:
        """A person's word on a divergence, kept in its history. Raises Broken when there is no such divergence."""
        words = {"state": state, "owner": owner, "note": note}
        if not self.db.rows("reconciliation/annotate", divergence_id=divergence_id, at=at, who=who, **words):
            raise Broken(f"no divergence {divergence_id}: `billing-pipeline reconcile list` shows those there are")


def as_row(finding: Finding) -> dict[str, object]:
    """The finding as the columns of divergences."""
    repair = repair_kind(finding)
    return {
        "divergence_id": finding.divergence_id,
        "kind": finding.kind,
        "severity": finding.severity,
        "subject": finding.subject,
        "invoice_id": finding.invoice,
        "payment_intent_id": finding.intent,
        "account_id": finding.account,
        "currency": finding.currency,
        "amount_minor": finding.amount_minor,
        "ours": {"says": finding.ours},
        "theirs": {"says": finding.theirs},
        "evidence": list(finding.evidence),
        "proposed_repair": repair,
    }


def divergence(row: Row[Any]) -> Divergence:
    """A row of divergences."""
    finding = Finding(
        Kind(row.kind),
        row.subject,
        Currency(row.currency) if row.currency else None,
        row.amount_minor,
        InvoiceId(row.invoice_id) if row.invoice_id else None,
        PaymentIntentId(row.payment_intent_id) if row.payment_intent_id else None,
        AccountId(row.account_id) if row.account_id else None,
        row.ours.get("says", ""),
        row.theirs.get("says", ""),
        tuple(row.evidence),
    )
    return Divergence(
        row.divergence_id, finding, row.first_seen, row.last_seen, row.state, row.owner, row.note, row.proposed_repair
    )
