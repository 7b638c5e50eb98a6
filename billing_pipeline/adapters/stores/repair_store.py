"""Repairs, in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.repairs import Repair, RepairKind
from billing_pipeline.flows.ports.reconciliation import StoredRepair


@dataclass(frozen=True, slots=True)
class RepairDesk:
    """The port RepairStore."""

    db: Database

    def transaction(self) -> Any:
        """One transaction; within another one it joins it."""
        return self.db.transaction()

    def propose(self, repairs: Sequence[Repair], who: str, now: datetime) -> int:
        """Keep proposals that are not open already; how many were new, or tell something new."""
        rows = [
            {
                "divergence_id": repair.divergence_id, "kind": repair.kind, "plan": plan_of(repair),
                "amount_minor": repair.amount_minor, "currency": repair.currency, "who": who, "at": now,
            }
            for repair in repairs
        ]  # fmt: skip
        return self.db.run_many("reconciliation/propose_repairs", rows)

    def repairs(self, state: str) -> Sequence[StoredRepair]:
        """Repairs in that state, oldest first."""
        return [stored(row) for row in self.db.rows("reconciliation/repairs_in_state", state=state)]

    def repair(self, repair_id: int) -> StoredRepair | None:
        """One repair."""
        row = self.db.row("reconciliation/repair", repair_id=repair_id)
        return stored(row) if row else None

    def without_effect(self) -> Sequence[StoredRepair]:
        """Repairs that were done and whose divergence a later run has seen again."""
        return [stored(row) for row in self.db.rows("reconciliation/repairs_without_effect")]

    def approve(self, repair_id: int, who: str, now: datetime, *, invoice: InvoiceId | None = None) -> None:
        """Let it happen, on that invoice where a person must name one. Raises Broken with the reason why not."""
        if not self.db.run("reconciliation/approve_repair", repair_id=repair_id, who=who, at=now, invoice=invoice):
            raise Broken(self._why_not(repair_id, who))

    def refuse(self, repair_id: int, who: str, why: str, now: datetime) -> None:
        """Let it not happen. Raises Broken when it is not waiting for approval."""
        if not self.db.run("reconciliation/refuse_repair", repair_id=repair_id, outcome=f"{who}: {why}", at=now):
            raise Broken(self._why_not(repair_id, ""))

    def finish(self, repair_id: int, state: str, outcome: str, now: datetime) -> None:
        """Note how it ended: done or failed."""
        self.db.run("reconciliation/finish_repair", repair_id=repair_id, state=state, outcome=outcome, at=now)

    def _why_not(self, repair_id: int, who: str) -> str:
        """Why that repair takes no approval."""
        found = self.repair(repair_id)
        if found is None:
            return f"no repair {repair_id}: `billing-pipeline repairs list` shows those there are"
        if found.requested_by == who:
            return f"{who} asked for repair {repair_id}: somebody else must approve it"
        return f"repair {repair_id} is {found.state}, not waiting for approval"


def plan_of(repair: Repair) -> str:
    """What the repair would do, as JSON."""
    return json.dumps({"object_id": repair.object_id, "why": repair.why, "entries": list(repair.entries)})


def stored(row: Row[Any]) -> StoredRepair:
    """A row of repairs."""
    repair = Repair(
        RepairKind(row.kind),
        row.divergence_id,
        row.plan["object_id"],
        row.amount_minor,
        Currency(row.currency) if row.currency else None,
        row.plan["why"],
        tuple(row.plan["entries"]),
        InvoiceId(row.plan["invoice"]) if row.plan.get("invoice") else None,
    )
    return StoredRepair(row.repair_id, repair, row.state, row.requested_by, row.approved_by)
