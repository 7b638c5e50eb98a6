"""What people do about dunning: holds, a look at the outbox, bounces."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.hold_dunning import HoldKind
from billing_pipeline.flows.note_bounces import Posted


@dataclass(frozen=True, slots=True)
class SentMessage:
    """A row of the outbox as people see it."""

    message_id: str
    account_id: str
    template: str
    language: str
    recipient: str
    subject: str
    state: str
    attempts: int
    queued_at: datetime
    sent_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True)
class DunningDesk:
    """Holds and messages on the same database as the dunning store."""

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""
        return self.db.transaction()

    def subject_of(self, name: str) -> Literal["account", "invoice"] | None:
        """Whether an account or an invoice (by id or number) has that name."""
        row = self.db.row("dunning/subject_of", wanted=name)
        return None if row is None else "account" if row.kind == "account" else "invoice"

    def add_hold(self, subject: str, kind: HoldKind, until: date | None, who: str, why: str, now: datetime) -> int:
        """The number of the new hold. Raises Broken when the subject is unknown."""
        row = self.db.row("dunning/subject_of", wanted=subject)
        if row is None:
            raise Broken(f"no account or invoice {subject!r}")
        account, invoice = (row.id, None) if row.kind == "account" else (None, row.id)
        made = self.db.row(
            "dunning/add_hold",
            account_id=account,
            invoice_id=invoice,
            kind=kind,
            until=until,
            who=who,
            why=why,
            now=now,
        )
        return int(made.hold_id) if made else 0

    def end_holds(self, subject: str, now: datetime) -> int:
        """How many open holds on that account or invoice were ended."""
        row = self.db.row("dunning/subject_of", wanted=subject)
        return self.db.run("dunning/end_holds", id=row.id, now=now) if row else 0

    def agreed_at(self) -> datetime | None:
        """When reconciliation last finished without error; None: never."""
        row = self.db.row("dunning/agreed_at")
        return row.agreed_at if row else None

    def messages(self, state: str = "", account: str = "", batch: int = 50) -> list[SentMessage]:
        """The newest messages, of that state and account where given."""
        rows = self.db.rows("dunning/messages", state=state, account_id=account, batch=batch)
        return [SentMessage(*tuple(row)) for row in rows]

    def posted(self, fingerprints: Sequence[str]) -> dict[str, Posted]:
        """Messages by the fingerprint of their Message-ID."""
        rows = self.db.rows("dunning/posted", fingerprints=list(fingerprints)) if fingerprints else []
        return {row.fingerprint: Posted(row.message_id, row.state, row.sent_at) for row in rows}

    def note_bounce(self, message_id: str, words: str) -> None:
        """The message came back. Raises Broken when it was never sent."""
        if not self.db.run("dunning/note_bounce", message_id=message_id, error=words):
            raise Broken(f"message {message_id!r} was never sent: `billing-pipeline dunning messages` lists them")

    def resend(self, message_id: str, now: datetime) -> None:
        """It will be sent again. Raises Broken when it is unknown or on its way."""
        if not self.db.run("dunning/resend", message_id=message_id, now=now):
            raise Broken(f"message {message_id!r} cannot be sent again: it is unknown, sent well, or still on its way")
