"""Everything that is known about one thing, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.flows.ports.closing import Trail


@dataclass(frozen=True, slots=True)
class Trails:
    """The port TrailStore."""

    db: Database

    def related(self, subject: str) -> Mapping[str, Sequence[str]]:
        """Ids of what belongs to the subject, by sort; the subject itself is always among the objects."""
        found: dict[str, list[str]] = {"invoice": [], "object": [], "payout": [], "divergence": []}
        for row in self.db.rows("reconciliation/trail_ids", subject=subject):
            found[row.sort].append(row.id)
        return found

    def trail(self, related: Mapping[str, Sequence[str]]) -> Sequence[Trail]:
        """The pieces, oldest first."""
        rows = self.db.rows(
            "reconciliation/trail",
            invoices=list(related["invoice"]),
            objects=list(related["object"]),
            payouts=list(related["payout"]),
            divergences=list(related["divergence"]),
        )
        return [Trail(row.what, row.id, row.at, row.facts) for row in rows]
