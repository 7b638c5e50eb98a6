"""Payments and the wishes to refund them, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.stores.attempt_rows import AttemptRows
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.domain.credits import CreditGrant
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, ChargeId, InvoiceId, PaymentId
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.money import Money, zero
from billing_pipeline.flows.ports.collection import NewRefund, PaidInvoice, PaymentRow, RefundRequest


@dataclass(frozen=True, slots=True)
class RefundStore(AttemptRows):
    """flows.ports.collection.RefundStore on a database."""

    def lock_payment(self, payment: PaymentId) -> PaymentRow | None:
        """The payment of that id, its row locked."""
        row = self.db.row("collection/lock_payment", payment_id=payment)
        if row is None:
            return None
        found = _payment(row, row.amount_minor, row.refundable_minor)
        return replace(found, credited_minor=row.credited_minor, reversed=row.is_reversed)

    def lock_paid_invoice(self, payment: PaymentId) -> PaidInvoice | None:
        """The invoice of that payment, its row locked; None where it has none."""
        row = self.db.row("collection/lock_paid_invoice", payment_id=payment)
        return PaidInvoice(**row._mapping) if row else None

    def note_refunded(self, invoice: InvoiceId, minor: int) -> None:
        """So much more of the invoice was given back."""
        self.db.run("collection/note_refunded", invoice_id=invoice, minor=minor)

    def write_request(self, request: NewRefund, now: datetime) -> bool:
        """Write the wish down; False where one of that name already is."""
        return bool(self.db.run("collection/write_refund_request", now=now, **asdict(request)))

    def refund_request(self, name: str) -> RefundRequest | None:
        """The wish of that name."""
        row = self.db.row("collection/refund_requests", request=name, state="", limit=1)
        return _request(row) if row else None

    def approve_request(self, name: str, by: str, now: datetime) -> bool:
        """Approve a wish that waits for it; whether there was one."""
        return bool(self.db.run("collection/approve_refund", request=name, by=by, now=now))

    def refund_requests(self, state: str, limit: int) -> list[RefundRequest]:
        """Wishes in that state ('' for all), oldest first."""
        return [
            _request(row) for row in self.db.rows("collection/refund_requests", request="", state=state, limit=limit)
        ]

    def move_request(self, name: str, state: str, refund_id: str | None = None) -> None:
        """Where the wish stands now."""
        self.db.run("collection/move_refund_request", request=name, state=state, refund_id=refund_id)

    def close_settled_requests(self) -> int:
        """Follow the outcomes that were settled by asking; how many wishes moved."""
        return self.db.run("collection/close_settled_requests")

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""
        return DocumentStore(self.db).add_grant(grant, source, note)

    def open_day(self, day: date) -> date:
        """The day itself while it is open, else the first day after the last closed one."""
        return DocumentStore(self.db).open_day(day)

    def write(self, entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Book the entries whose source is new; how many those were."""
        return DocumentStore(self.db).write(entries, run_id, now)


def _payment(row: Row[Any], amount_minor: int, refundable_minor: int) -> PaymentRow:
    money = Currency(row.currency)
    return PaymentRow(
        payment_id=PaymentId(row.payment_id),
        account_id=AccountId(row.account_id) if row.account_id else None,
        invoice_id=InvoiceId(row.invoice_id) if row.invoice_id else None,
        charge_id=ChargeId(row.charge_id) if row.charge_id else None,
        amount=Money(amount_minor, money),
        refundable=Money(refundable_minor, money),
        disputed=row.disputed,
    )


def _request(row: Row[Any]) -> RefundRequest:
    return RefundRequest(
        refund_request_id=row.refund_request_id,
        payment=_payment(row, row.paid_minor, zero(Currency(row.currency)).minor),
        amount=Money(row.amount_minor, Currency(row.currency)),
        destination=row.destination,
        reason=row.reason,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        state=row.state,
        attempts=row.attempts,
    )
