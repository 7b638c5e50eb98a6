"""Attempts in PostgreSQL: shared by every store whose flows call Stripe."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import datetime
from json import dumps
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.domain.attempts import (
    LEASE,
    Attempt,
    NewAttempt,
    Operation,
    UnknownReason,
    subject_parts,
)
from billing_pipeline.domain.ids import AttemptId, IdempotencyKey
from billing_pipeline.domain.requests import thawed
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.collection import Settled

ON_COLLECTIONS = frozenset({Operation.CHARGE, Operation.CONFIRM})


@dataclass(frozen=True, slots=True)
class AttemptRows:
    """flows.ports.collection.AttemptStore on a database. Shares the open transaction of other stores."""

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""
        return self.db.transaction()

    def open_attempts(self, attempts: Sequence[NewAttempt], api_version: str, now: datetime) -> list[Attempt]:
        """The attempts now written down, in the order given; those that exist already are left out."""
        rows = self.db.rows(
            "collection/open_attempts",
            rows=dumps([_new_row(one) for one in attempts]),
            api_version=api_version,
            now=now,
            lease_until=now + LEASE,
        )
        return [attempt_from(row) for row in rows]

    def settle(self, attempt: Attempt, settled: Settled, now: datetime) -> bool:
        """Write verdict, collection and fact in one transaction; False when another process was first."""
        verdict = settled.verdict
        with self.db.transaction():
            written = self.db.row(
                "collection/settle_attempt",
                attempt_id=attempt.attempt_id,
                outcome=verdict.outcome,
                unknown_reason=verdict.unknown_reason,
                next_check_at=settled.next_check_at,
                resolved_by=verdict.resolved_by if verdict.outcome else None,
                object_id=verdict.object_id,
                codes=dumps(asdict(verdict.codes)),
                request_id=verdict.codes.request_id,
                remedy=verdict.remedy,
                now=now,
            )
            if written is None:
                return False
            self._note_collection(attempt, settled)
            if settled.fact:
                self.put([settled.fact], now)
        return True

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox; how many were new."""
        return InboxStore(self.db).put(facts, now)

    def _note_collection(self, attempt: Attempt, settled: Settled) -> None:
        if attempt.operation not in ON_COLLECTIONS or not (settled.intent_id or settled.retry_at):
            return
        invoice, seq = subject_parts(attempt.subject)
        self.db.run(
            "collection/note_collection",
            invoice_id=invoice,
            seq=seq,
            payment_intent_id=settled.intent_id,
            retry_at=settled.retry_at,
        )


def attempt_from(row: Row[Any]) -> Attempt:
    """The attempt that the row keeps."""
    return Attempt(
        attempt_id=AttemptId(row.attempt_id),
        operation=Operation(row.operation),
        subject=row.subject,
        key=IdempotencyKey(row.idempotency_key),
        request=thawed(row.method_path, row.request_json),
        started_at=row.started_at,
        unknown_reason=UnknownReason(row.unknown_reason) if row.unknown_reason else None,
        checks=row.checks,
        prior_charge_id=row.prior_charge_id,
    )


def _new_row(new: NewAttempt) -> dict[str, Any]:
    return {
        "operation": new.operation,
        "subject": new.subject,
        "attempt": new.attempt,
        "key": new.key,
        "method_path": new.request.method_path,
        "request_json": new.request.params_json,
        "fingerprint": new.fingerprint,
        "prior_charge_id": new.prior_charge_id,
    }
