"""Documents from the database."""

from collections.abc import Sequence
from typing import Any

from billing_pipeline.adapters.documents.paper import Paper, credit_note_paper, invoice_paper
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.domain.errors import Broken


def read_invoice(db: Database, invoice: str, pay_link: str = "") -> Paper:
    """The invoice of that id or number. pay_link: where it can be paid. Raises Broken when there is none."""
    head, rows = invoice_rows(db, invoice)
    return invoice_paper(head, rows, pay_link)


def invoice_rows(db: Database, invoice: str) -> tuple[Any, Sequence[Any]]:
    """The invoice of that id or number as it is stored, and its lines. Raises Broken when there is none."""
    with db.transaction():
        head = db.row("ledger/document_invoice", invoice=invoice)
        if head is None:
            raise Broken(f"no invoice {invoice!r}: `billing-pipeline invoice list` shows the newest")
        return head, db.rows("ledger/document_lines", invoice=head.invoice_id)


def read_credit_note(db: Database, credit_note: str) -> Paper:
    """The credit note of that id or number. Raises Broken when there is none."""
    with db.transaction():
        note = db.row("ledger/document_credit_note", credit_note=credit_note)
        if note is None:
            raise Broken(f"no credit note {credit_note!r}: `billing-pipeline invoice show` lists those of an invoice")
        head = db.row("ledger/document_invoice", invoice=note.invoice_id)
    return credit_note_paper(note, head)
