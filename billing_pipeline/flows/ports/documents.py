"""What credit notes, losses and credits need: single invoices, their deferred revenue, numbers, grants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from billing_pipeline.domain.billing_entries import Portions
from billing_pipeline.domain.credits import CreditGrant, CreditUse
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, CreditNoteId, InvoiceId
from billing_pipeline.domain.revenue import Adjustment, Stretch
from billing_pipeline.flows.ports import Fact, Transactional
from billing_pipeline.flows.ports.ledger import Journal


@dataclass(frozen=True, slots=True)
class OpenInvoice:
    """An invoice as a credit note or a write-off sees it, locked. Amounts in minor units.

    credited_minor: credit notes that lowered the receivable. noted_minor: all of them; taxed_back_minor: their tax.
    """

    invoice_id: InvoiceId
    account: AccountId
    legal_entity_id: str
    number: str
    kind: str
    state: str
    currency: Currency
    total_minor: int
    tax_minor: int
    due_minor: int
    paid_minor: int
    credited_minor: int
    refunded_minor: int
    noted_minor: int
    taxed_back_minor: int
    charger: str

    @property
    def open_minor(self) -> int:
        """What is still to be collected; 0 unless it is pending or overdue."""
        owed = self.due_minor - self.paid_minor - self.credited_minor
        return owed if self.state in ("pending", "overdue") else 0

    @property
    def creditable_minor(self) -> int:
        """How much of its total neither a credit note nor a refund gave back."""
        return max(0, self.total_minor - self.noted_minor - self.refunded_minor)

    @property
    def tax_left_minor(self) -> int:
        """The tax in what is creditable; refunds took their share of it along."""
        if self.refunded_minor:
            return self.tax_minor * self.creditable_minor // self.total_minor
        return min(self.tax_minor - self.taxed_back_minor, self.creditable_minor)

    @property
    def tax_booked_minor(self) -> int:
        """What of that tax these books hold: none of an imported invoice, whose tax was booked where it was issued."""
        return 0 if self.kind == "opening" else self.tax_left_minor


@dataclass(frozen=True, slots=True)
class CreditNote:
    """A credit note as it was written. parts: what it is made of."""

    credit_note_id: CreditNoteId
    number: str
    parts: Portions
    reason: str
    issued_by: str
    issued_at: datetime


@dataclass(frozen=True, slots=True)
class LostInvoice:
    """An invoice that ended while it was still in the books. open_minor: its receivable; tax_minor: tax still payable on it.

    losses: write-offs booked before this one; lost_minor: the bad debt of the last of them, where it is void now.
    """

    invoice_id: InvoiceId
    state: str
    open_minor: int
    tax_minor: int
    losses: int
    lost_minor: int
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class SpentCredit:
    """A credit that paid for an invoice. lapsed: its grant has expired since."""

    use: CreditUse
    lapsed: bool


class InvoiceStore(Journal, Protocol):
    """Single invoices and their deferred revenue."""

    def lock_invoice(self, invoice: InvoiceId) -> OpenInvoice | None:
        """The invoice, its row and its account's row locked; None when there is none."""

    def stretches(self, invoice: InvoiceId, zone: str) -> tuple[list[Stretch], list[Adjustment]]:
        """What its lines deferred, and what was taken back so far."""

    def adjust_revenue(self, source: str, invoice: InvoiceId, adjustments: Sequence[Adjustment]) -> None:
        """Take deferred revenue back; source names the entry. Doing it again changes nothing."""


class CreditNoteStore(InvoiceStore, Protocol):
    """What issue_credit_note reads and writes."""

    def credit_note_amount(self, credit_note: CreditNoteId) -> tuple[str, int] | None:
        """Number and amount of a credit note that was written before."""

    def payment_under_way(self, invoice: InvoiceId) -> bool:
        """Whether a charge of the invoice may still succeed."""

    def next_credit_note_number(self, account: AccountId) -> str:
        """The account's next number, taken; no gaps, because it commits with the note."""

    def add_credit_note(self, note: CreditNote, invoice: OpenInvoice) -> None:
        """Write the note."""

    def lower_due(self, invoice: InvoiceId, minor: int, now: datetime) -> None:
        """Lower what is open, and close the invoice's collection: its intent asks for too much."""

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox."""


class LossStore(InvoiceStore, Protocol):
    """What write_off_invoices and void_invoices read and write."""

    def lost_invoices(self, limit: int, among: Sequence[InvoiceId] | None = None) -> list[LostInvoice]:
        """Invoices, of these or of all, that were given up or voided and are still in the books."""

    def return_credits(self, invoice: InvoiceId, now: datetime) -> list[SpentCredit]:
        """What credits paid of the invoice, given back to their grants; a second time there is nothing."""


class GivingUpStore(InvoiceStore, Protocol):
    """What give_up reads and writes."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox."""


@dataclass(frozen=True, slots=True)
class CarryOver:
    """What was too small to charge and waits for an account's next invoice, in minor units."""

    account: AccountId
    currency: Currency
    minor: int


class CarryOverStore(Journal, Protocol):
    """What give_up_carry_overs reads and writes."""

    def idle_carry_overs(self, before: datetime, limit: int) -> list[CarryOver]:
        """Those since before that moment whose account has nothing left to bill in their currency, locked."""

    def end_carry_overs(self, ended: Sequence[CarryOver]) -> None:
        """Nothing of them is left."""


class GrantStore(Journal, Protocol):
    """What record_credit reads and writes."""

    def lock_account(self, account: AccountId) -> str | None:
        """The account's currency, its row locked; None when there is none."""

    def add_grant(self, grant: CreditGrant, source: str, note: str) -> bool:
        """Write the grant; False when its source was there before."""


@dataclass(frozen=True, slots=True)
class Erasable:
    """An account and what stands in the way of erasing it; credits_minor: what customers paid for and did not use.

    open_calls: calls about its Stripe customer that may be sent again, with the person in them.
    """

    stripe_customer_id: str | None
    erased_at: datetime | None
    subscriptions: int
    open_invoices: int
    credits_minor: int
    open_calls: int


class ErasureStore(Transactional, Protocol):
    """What erase_account reads and writes."""

    def erasable(self, account: AccountId) -> Erasable | None:
        """The account, locked; None when there is none."""

    def erase(self, account: AccountId, now: datetime) -> None:
        """Take the person out of every table; ids, states, amounts and the books stay."""
