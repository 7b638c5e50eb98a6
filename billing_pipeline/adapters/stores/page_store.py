"""Invoices as their customers see them, in PostgreSQL."""

from dataclasses import dataclass

from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports.page import PageInvoice, PageLine


@dataclass(frozen=True, slots=True)
class PageStore(CollectionStore):
    """flows.ports.page.PageStore on a database."""

    def page_invoice(self, invoice: InvoiceId) -> PageInvoice | None:
        """The invoice of that id, as it is now."""
        with self.db.transaction():
            row = self.db.row("collection/page_invoice", invoice_id=invoice)
            if row is None:
                return None
            lines = self.db.rows("collection/page_lines", invoice_id=invoice)
        told = dict(row._mapping)
        money = Currency(told.pop("currency"))
        return PageInvoice(
            total=Money(told.pop("total_minor"), money),
            remaining=Money(told.pop("remaining_minor"), money),
            lines=tuple(PageLine(line.description, Money(line.amount_minor, money)) for line in lines),
            **told,
        )
