"""Invoices: their states and the moves between them. Issuing stands beside pricing."""

from enum import StrEnum
from typing import Final

from billing_pipeline.domain.errors import ForbiddenMove


class InvoiceState(StrEnum):
    """Where an invoice stands. Disputed and refunded are flags on a paid invoice, not states."""

    PENDING = "pending"
    PAID = "paid"
    OVERDUE = "overdue"
    WRITTEN_OFF = "written_off"
    VOID = "void"


class InvoiceFact(StrEnum):
    """What can happen to an invoice."""

    PAYMENT_SUCCEEDED = "payment_succeeded"
    DUE_DATE_PASSED = "due_date_passed"
    PAYMENT_REVERSED = "payment_reversed"
    GIVEN_UP = "given_up"
    VOIDED = "voided"


MOVES: Final = {
    (InvoiceState.PENDING, InvoiceFact.PAYMENT_SUCCEEDED): InvoiceState.PAID,
    (InvoiceState.PENDING, InvoiceFact.DUE_DATE_PASSED): InvoiceState.OVERDUE,
    (InvoiceState.PENDING, InvoiceFact.VOIDED): InvoiceState.VOID,
    (InvoiceState.OVERDUE, InvoiceFact.PAYMENT_SUCCEEDED): InvoiceState.PAID,
    (InvoiceState.OVERDUE, InvoiceFact.GIVEN_UP): InvoiceState.WRITTEN_OFF,
    (InvoiceState.OVERDUE, InvoiceFact.VOIDED): InvoiceState.VOID,
    (InvoiceState.WRITTEN_OFF, InvoiceFact.PAYMENT_SUCCEEDED): InvoiceState.PAID,  # late money is still money
    (InvoiceState.WRITTEN_OFF, InvoiceFact.VOIDED): InvoiceState.VOID,  # Stripe's can be: it was never owed after all
    (InvoiceState.PAID, InvoiceFact.PAYMENT_REVERSED): InvoiceState.OVERDUE,  # a bank debit that came back
}
"""The only moves there are. Money for a void invoice moves nothing: it becomes unapplied cash."""


def move(state: InvoiceState, fact: InvoiceFact) -> InvoiceState:
    """The state after the fact. Raises ForbiddenMove when the table does not know the move."""
    try:
        return MOVES[state, fact]
    except KeyError:
        raise ForbiddenMove(f"an invoice that is {state} cannot take {fact}") from None
