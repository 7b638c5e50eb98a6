"""The state machine of invoices, against its table and its drawing in the documentation."""

import pytest

from billing_pipeline.domain.errors import ForbiddenMove
from billing_pipeline.domain.invoices import MOVES, InvoiceFact, InvoiceState, move


@pytest.mark.parametrize(("state", "fact"), [(s, f) for s in InvoiceState for f in InvoiceFact])
def test_a_move_is_in_the_table_or_refused(state: InvoiceState, fact: InvoiceFact) -> None:
    if (state, fact) in MOVES:
        assert move(state, fact) is MOVES[state, fact]
    else:
        with pytest.raises(ForbiddenMove, match=f"an invoice that is {state} cannot take {fact}"):
            move(state, fact)


def test_late_money_is_still_money() -> None:
    assert move(InvoiceState.WRITTEN_OFF, InvoiceFact.PAYMENT_SUCCEEDED) is InvoiceState.PAID


def test_a_bank_debit_that_came_back_opens_the_invoice_again() -> None:
    assert move(InvoiceState.PAID, InvoiceFact.PAYMENT_REVERSED) is InvoiceState.OVERDUE


def test_nothing_leaves_the_state_void() -> None:
    assert not [state for state, _ in MOVES if state is InvoiceState.VOID]
