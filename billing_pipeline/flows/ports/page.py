"""What the payment page shows and needs to know."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from billing_pipeline.domain.ids import AccountId, CustomerId, InvoiceId, PaymentIntentId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.collection import CollectionStore


@dataclass(frozen=True, slots=True)
class PageLine:
    """One line of the invoice as its customer sees it: with its discount and exclusive tax."""

    description: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PageInvoice:
    """An invoice as its customer sees it, and how far its collection is.

    seq 0: never collected. in_flight: a call whose outcome is not known yet. attempts, setups, choices: calls so far.
    part_paid: a charge paid some of it, and no second one may pay the rest.
    stripe_invoice_id: Stripe's invoice behind it, '' where the engine bills.
    """

    invoice_id: InvoiceId
    number: str
    state: str
    account_id: AccountId
    customer_id: CustomerId | None
    customer_name: str
    seller: str
    locale: str
    due_on: date
    total: Money
    remaining: Money
    lines: tuple[PageLine, ...]
    seq: int
    collection_open: bool
    payment_intent_id: PaymentIntentId | None
    intent_status: str
    in_flight: bool
    attempts: int
    setup_intent_id: str
    setups: int
    choices: int
    part_paid: bool
    charger: str
    stripe_invoice_id: str


class PageStore(CollectionStore, Protocol):
    """Invoices as their customers see them."""

    def page_invoice(self, invoice: InvoiceId) -> PageInvoice | None:
        """The invoice of that id."""

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts for the inbox; how many were new."""
