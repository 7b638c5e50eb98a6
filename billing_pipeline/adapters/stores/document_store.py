"""Credit notes, losses, carry-overs and credit grants in PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from billing_pipeline.adapters.persons import without_persons
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.stores.journal import JournalStore
from billing_pipeline.domain.credits import CreditGrant, CreditKind, CreditUse
from billing_pipeline.domain.ids import AccountId, CreditNoteId, InvoiceId
from billing_pipeline.domain.revenue import Adjustment, Stretch
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.documents import (
    CarryOver,
    CreditNote,
    Erasable,
    LostInvoice,
    OpenInvoice,
    SpentCredit,
)


@dataclass(frozen=True, slots=True)
class DocumentStore(JournalStore):
    """What credit notes, losses and grants need."""

    def stretches(self, invoice: InvoiceId, zone: str) -> tuple[list[Stretch], list[Adjustment]]:
        """What an invoice's lines deferred, and what was taken back so far."""
        lines = self.db.rows("ledger/invoice_stretches", invoice=invoice, zone=zone)
        told = self.db.rows("ledger/invoice_adjustments", invoice=invoice)
        return (
            [Stretch(row.line_no, row.minor, row.starts, row.ends) for row in lines],
            [Adjustment(row.line_no, row.adjusted_on, row.minor) for row in told],
        )

    def adjust_revenue(self, source: str, invoice: InvoiceId, adjustments: Sequence[Adjustment]) -> None:
        """Take deferred revenue back; source names the entry. Doing it again changes nothing."""
        entry = {"source": source, "invoice_id": invoice}
        self.db.run_many("ledger/adjust_revenue", [entry | asdict(adjustment) for adjustment in adjustments])

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox; how many were new."""
        return InboxStore(self.db).put(facts, now)

    def lock_invoice(self, invoice: InvoiceId) -> OpenInvoice | None:
        """The invoice, its account's row and its own locked in that order; None when there is none."""
        self.db.rows("ledger/lock_account_of_invoice", invoice=invoice)
        row = self.db.row("ledger/lock_invoice", invoice=invoice)
        return OpenInvoice(**row._mapping) if row else None

    def credit_note_amount(self, credit_note: CreditNoteId) -> tuple[str, int] | None:
        """Number and amount of a credit note that was written before."""
        row = self.db.row("ledger/credit_note_by_id", credit_note_id=credit_note)
        return (row.number, row.amount_minor) if row else None

    def payment_under_way(self, invoice: InvoiceId) -> bool:
        """Whether a charge of the invoice may still succeed."""
        return any(row.busy for row in self.db.rows("ledger/payment_under_way", invoice=invoice))

    def next_credit_note_number(self, account: AccountId) -> str:
        """The account's next number, taken."""
        (row,) = self.db.rows("ledger/take_credit_note_number", account=account)
        return str(row.number)

    def add_credit_note(self, note: CreditNote, invoice: OpenInvoice) -> None:
        """Write the note."""
        self.db.run(
            "ledger/add_credit_note",
            credit_note_id=note.credit_note_id, invoice_id=invoice.invoice_id, legal_entity_id=invoice.legal_entity_id,
            number=note.number, currency=invoice.currency, amount_minor=note.parts.minor,
            tax_minor=note.parts.tax_minor, reason=note.reason, issued_by=note.issued_by, issued_at=note.issued_at,
        )  # fmt: skip

    def lower_due(self, invoice: InvoiceId, minor: int, now: datetime) -> None:
        """Lower what is open, and close the invoice's collection: its intent asks for too much."""
        self.db.run("ledger/lower_due", invoice=invoice, minor=minor)
        self.db.run("ledger/close_collection", invoice=invoice, now=now)

    def lock_account(self, account: AccountId) -> str | None:
        """The account's currency, its row locked; None when there is none."""
        row = self.db.row("ledger/lock_account", account=account)
        return str(row.currency) if row else None

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""
        written = self.db.run(
            "ledger/add_credit_grant",
            credit_grant_id=grant.credit_grant_id, account_id=grant.account, currency=grant.currency, kind=grant.kind,
            priority=grant.priority, amount_minor=grant.amount_minor, granted_at=grant.granted_at,
            expires_at=grant.expires_at, source=source, note=note,
        )  # fmt: skip
        return written == 1

    def lost_invoices(self, limit: int, among: Sequence[InvoiceId] | None = None) -> list[LostInvoice]:
        """Invoices, of these or of all, that were given up or voided and are still in the books."""
        rows = self.db.rows("ledger/lost_invoices", limit=limit, among=None if among is None else list(among))
        return [LostInvoice(**row._mapping) for row in rows]

    def return_credits(self, invoice: InvoiceId, now: datetime) -> list[SpentCredit]:
        """What credits paid of the invoice, given back to their grants; a second time there is nothing."""
        rows = self.db.rows("ledger/return_credits", invoice=invoice, now=now)
        return [
            SpentCredit(CreditUse(row.credit_grant_id, invoice, CreditKind(row.kind), row.amount_minor), row.lapsed)
            for row in rows
        ]

    def idle_carry_overs(self, before: datetime, limit: int) -> list[CarryOver]:
        """Carry-overs since before that moment whose account has nothing left to bill in their currency, locked."""
        rows = self.db.rows("ledger/idle_carry_overs", before=before, limit=limit)
        return [CarryOver(row.account_id, row.currency, row.minor) for row in rows]

    def end_carry_overs(self, ended: Sequence[CarryOver]) -> None:
        """Nothing of them is left."""
        self.db.run_many(
            "ledger/end_carry_over", [{"account_id": each.account, "currency": each.currency} for each in ended]
        )

    def erasable(self, account: AccountId) -> Erasable | None:
        """The account, locked, with what stands in the way of erasing it; None when there is none."""
        row = self.db.row("ledger/erasable_account", account=account)
        return Erasable(**row._mapping) if row else None

    def erase(self, account: AccountId, now: datetime) -> None:
        """Take the person out of every table; ids, states, amounts and the books stay."""
        self.db.run("ledger/erase_account", account=account, now=now)
        self.db.run("ledger/erase_messages", account=account)
        self.db.run("ledger/erase_holds", account=account)
        self.db.run("ledger/erase_payment_methods", account=account)
        self.db.run("ledger/erase_payments", account=account)
        facts = self.db.rows("ledger/facts_of_account", account=account)
        cut = [{"inbox_id": one.inbox_id, "payload": json.dumps(without_persons(one.payload))} for one in facts]
        self.db.run_many("ledger/erase_fact", cut)
        self.db.run("ledger/erase_attempts", account=account)
