"""Open invoices, their collections and attempts, in PostgreSQL."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from json import dumps
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.stores.attempt_rows import AttemptRows, attempt_from
from billing_pipeline.domain.attempts import LEASE, Attempt, Operation
from billing_pipeline.domain.card_budget import MONTH
from billing_pipeline.domain.collecting import Candidate, Collection, Method, codes_from
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, AttemptId, CustomerId, InvoiceId, PaymentIntentId, PaymentMethodId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.collection import ListPlace, NewCollection, StaleIntent


@dataclass(frozen=True, slots=True)
class CollectionStore(AttemptRows):
    """flows.ports.collection.CollectionStore on a database."""

    def claim_candidates(
        self, now: datetime, today: date, after: ListPlace, limit: int
    ) -> tuple[list[Candidate], ListPlace]:
        """Open invoices due by today whose turn has come, locked until the transaction ends, and the place after them."""
        rows = self.db.rows(
            "collection/claim_candidates",
            now=now,
            today=today,
            after_due_on=after.due_on,
            after_invoice_id=after.invoice_id,
            declines_since=now - MONTH,
            limit=limit,
        )
        place = ListPlace(rows[-1].due_on, rows[-1].invoice_id) if rows else after
        return [_candidate(row) for row in rows], place

    def open_collections(self, collections: Sequence[NewCollection], now: datetime) -> set[tuple[InvoiceId, int]]:
        """Open them; which of them are now ours to charge."""
        rows = self.db.rows(
            "collection/open_collections", rows=dumps([_collection_row(one, now) for one in collections]), now=now
        )
        return {(InvoiceId(row.invoice_id), row.seq) for row in rows}

    def withdraw_attempts(self, attempts: Sequence[AttemptId]) -> None:
        """Take back attempts written in this very transaction, which nobody has seen."""
        if attempts:
            self.db.run("collection/withdraw_attempts", attempt_ids=list(attempts))

    def postpone(self, invoice: InvoiceId, seq: int, until: datetime | None) -> None:
        """Set when the collection may be tried again; None takes the wish back."""
        self.db.run("collection/postpone", invoice_id=invoice, seq=seq, until=until)

    def stale_intents(self, limit: int) -> list[StaleIntent]:
        """Intents of collections that were closed without them, still payable as far as we know."""
        rows = self.db.rows("collection/stale_intents", limit=limit)
        return [
            StaleIntent(InvoiceId(row.invoice_id), row.seq, PaymentIntentId(row.payment_intent_id), row.cancels_lost)
            for row in rows
        ]

    def claim_unknown(self, operations: Sequence[Operation], now: datetime, limit: int) -> list[Attempt]:
        """Attempts whose outcome is to be asked for now; the lease keeps other processes off them."""
        rows = self.db.rows(
            "collection/claim_unknown",
            operations=[str(operation) for operation in operations],
            now=now,
            lease_until=now + LEASE,
            limit=limit,
        )
        return [replace(attempt_from(row), owed=row.owed) for row in rows]

    def remember_charge(self, attempt: AttemptId, charge: str) -> None:
        """Keep the intent's latest charge from before a confirm."""
        self.db.run("collection/remember_charge", attempt_id=attempt, charge_id=charge)

    def customer_of(self, invoice: InvoiceId) -> CustomerId | None:
        """The customer that the invoice's account is in Stripe."""
        row = self.db.row("collection/customer_of_invoice", invoice_id=invoice)
        return CustomerId(row.stripe_customer_id) if row and row.stripe_customer_id else None

    def flag_deleted(self, customer: CustomerId, now: datetime) -> bool:
        """The customer was deleted in Stripe; whether that is news."""
        return bool(self.db.run("collection/flag_deleted", customer_id=customer, now=now))


def _candidate(row: Row[Any]) -> Candidate:
    return Candidate(
        invoice_id=InvoiceId(row.invoice_id),
        account_id=AccountId(row.account_id),
        customer_id=CustomerId(row.stripe_customer_id),
        number=row.number,
        remaining=Money(row.remaining_minor, Currency(row.currency)),
        method=_method(row),
        collection=_collection(row),
        declined_at=tuple(row.declined_at),
    )


def _method(row: Row[Any]) -> Method | None:
    if row.payment_method_id is None:
        return None
    return Method(PaymentMethodId(row.payment_method_id), row.method_type, row.fingerprint, row.brand)


def _collection(row: Row[Any]) -> Collection | None:
    if row.seq is None:
        return None
    return Collection(
        seq=row.seq,
        is_open=row.is_open,
        payment_intent_id=PaymentIntentId(row.payment_intent_id) if row.payment_intent_id else None,
        amount=Money(row.amount_minor, Currency(row.currency)),
        attempts=row.attempts,
        tried_fingerprint=row.tried_fingerprint,
        last_codes=codes_from(row.last_codes),
        last_failed_at=row.last_failed_at,
        wished=row.is_wished,
        close_reason=row.close_reason or "",
        cancels_lost=row.cancels_lost,
    )


def _collection_row(new: NewCollection, now: datetime) -> dict[str, Any]:
    failed = new.failed_codes
    return {
        "invoice_id": new.invoice_id,
        "seq": new.seq,
        "amount_minor": new.amount.minor,
        "currency": new.amount.currency,
        "failures": 1 if failed else 0,
        "codes": asdict(failed) if failed else {},
        "failed_at": now.isoformat() if failed else None,
        "retry_at": new.retry_at.isoformat() if new.retry_at else None,
    }
