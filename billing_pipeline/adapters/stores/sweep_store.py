"""What polling and sweeping keep in PostgreSQL: cursors, certificates, and our word for the state of every object."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from json import dumps
from typing import Any, Final

from billing_pipeline.adapters.stores.event_rows import WRITERS
from billing_pipeline.adapters.stores.event_store import MOVING, EventStore
from billing_pipeline.flows.ports.event_rows import TransactionRow
from billing_pipeline.flows.ports.inbox import Certificate

ASKED: Final = frozenset({"payment_intent", "refund", "dispute", "payout", "customer"})
"""Types of which single objects are asked for beyond the list's window."""

COMPARED: Final = ASKED | {"charge", "subscription", "invoice"}


@dataclass(frozen=True, slots=True)
class SweepStore(EventStore):
    """flows.ports.inbox.SweepStore on a database."""

    def high_water(self, cursor: str) -> datetime | None:
        """Up to when that cursor has read, or None before the first time."""
        row = self.db.row("inbox/high_water", cursor=cursor)
        return row.high_water if row else None

    def checked_at(self, cursor: str) -> datetime | None:
        """When that cursor was last read to its end, by any process, or None before the first time."""
        row = self.db.row("inbox/high_water", cursor=cursor)
        return row.checked_at if row else None

    def advance(self, cursor: str, high_water: datetime, checked_at: datetime, detail: Mapping[str, object]) -> None:
        """Move the cursor, never back."""
        self.db.run(
            "inbox/advance", cursor=cursor, high_water=high_water, checked_at=checked_at, detail=dumps(dict(detail))
        )

    def certified_to(self, object_type: str) -> datetime | None:
        """Up to when the last issued certificate of the type reaches, or None before the first."""
        row = self.db.row("inbox/certified_to", object_type=object_type)
        return row.complete_to if row else None

    def known_states(self, object_type: str, names: Sequence[str]) -> dict[str, str]:
        """Our word for the state of each of these objects that we know; see flows.news for the words."""
        if object_type not in COMPARED or not names:
            return {}
        return {row.name: row.word for row in self.db.rows(f"inbox/known_{object_type}", names=list(names))}

    def waiting_objects(self, names: Sequence[str]) -> set[str]:
        """Those of the objects about which a fact waits that brings them up to date."""
        rows = self.db.rows("inbox/waiting_objects", names=list(names), moving=MOVING) if names else ()
        return {row.object_id for row in rows}

    def objects_to_ask(self, object_type: str) -> list[str]:
        """Objects of ours that can still change, whatever their age."""
        return [row.name for row in self.db.rows(f"inbox/ask_{object_type}")] if object_type in ASKED else []

    def keep_transactions(self, found: Sequence[TransactionRow]) -> int:
        """Store balance transactions not seen before; how many were new."""
        new = set(self.missing_transactions([one.key for one in found]))
        rows = [one for one in found if one.key in new]
        if rows:
            WRITERS[TransactionRow](self.db, rows, rows[0].transaction.created)
        return len(rows)

    def payouts_to_link(self, limit: int) -> list[str]:
        """Automatic payouts whose members Stripe knows by now and we do not."""
        return [row.payout_id for row in self.db.rows("inbox/payouts_to_link", limit=limit)]

    def link_payout(self, payout_id: str, transactions: Sequence[TransactionRow]) -> None:
        """Note which balance transactions a payout paid out; those that we never saw are stored first."""
        self.keep_transactions(transactions)
        self.db.run("inbox/link_payout", payout_id=payout_id, transactions=[one.key for one in transactions])

    def certify(self, certificate: Certificate, made_at: datetime) -> None:
        """Keep the certificate."""
        row = asdict(certificate) | {"sums": dumps(dict(certificate.sums)), "made_at": made_at}
        self.db.run("inbox/add_certificate", **row)

    def certificates(self) -> list[Certificate]:
        """The latest certificate of every object type, issued or refused."""
        return [Certificate(*list[Any](row)) for row in self.db.rows("inbox/certificates")]
