"""Facts of our own: the due date passed, an invoice was given up or voided, money was booked by hand."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast, get_args

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Split
from billing_pipeline.domain.currencies import Currency, currency
from billing_pipeline.domain.errors import ForbiddenMove
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.invoices import InvoiceFact, InvoiceState, move
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.flows.appliers.intents import PAYABLE, close, open_collections, settled
from billing_pipeline.flows.books import Books, Outcome, applied, dead, ignored
from billing_pipeline.flows.ports.event_rows import GrantRow, InvoiceRow, Method, PaymentRow

OVERTAKEN: Final = frozenset({InvoiceState.PAID, InvoiceState.VOID, InvoiceState.WRITTEN_OFF})
"""States in which a fact that asks for payment or gives it up comes too late: what it wanted is no longer true."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """Money that a person booked: a wire, a cheque. amount in minor units. invoice: '' when nobody knows what it pays."""

    payment: str
    account: str
    invoice: str
    method: Method
    currency: Currency
    amount: int


def parse_recorded(payment_id: str, raw: Mapping[str, Any]) -> Recorded:
    """The money from the fact's payload. Raises KeyError or Broken when it is not all there."""
    method = raw.get("method", "wire")
    return Recorded(
        payment=payment_id,
        account=raw.get("account_id") or "",
        invoice=raw.get("invoice_id") or "",
        method=cast("Method", method if method in get_args(Method) else "other"),
        currency=currency(raw["currency"]),
        amount=int(raw["amount_minor"]),
    )


def pass_due_date(invoice: InvoiceRow | None, books: Books) -> Outcome:
    """A pending invoice is overdue from the day after its due date on."""
    if invoice is None:
        return dead("no such invoice")
    if invoice.state is not InvoiceState.PENDING:
        return ignored(f"the invoice is {invoice.state} already")
    if invoice.due_on >= books.now.date():
        return ignored(f"the due date was moved to {invoice.due_on}")
    return applied(replace(invoice, state=move(invoice.state, InvoiceFact.DUE_DATE_PASSED)))


def end_claim(invoice: InvoiceRow | None, fact: InvoiceFact, at: datetime, books: Books) -> Outcome:
    """An invoice given up (GIVEN_UP) or never owed (VOIDED): its collection is closed, its entry written by what owes it."""
    if invoice is None:
        return dead("no such invoice")
    try:
        state = move(invoice.state, fact)
    except ForbiddenMove as error:
        return ignored(str(error)) if invoice.state in OVERTAKEN else dead(str(error))
    given_up = fact is InvoiceFact.GIVEN_UP
    ended = (
        replace(invoice, state=state, written_off_at=at) if given_up else replace(invoice, state=state, voided_at=at)
    )
    reason = "given_up" if given_up else "voided"
    closed = [close(one, reason, books.now) for one in open_collections(invoice, books)]
    return applied(ended, *closed)


def record_payment(money: Recorded, at: datetime, books: Books) -> Outcome:
    """Money booked by hand: it pays its invoice as far as that is open; the rest is credit, or unapplied cash."""
    if books.find(PaymentRow, money.payment):
        return ignored(f"told before: {money.payment} is in the books")
    invoice = books.find(InvoiceRow, money.invoice)
    if money.invoice and invoice is None:
        return dead(f"no invoice {money.invoice}: record the payment again with an invoice that exists, or with none")
    account = invoice.account_id if invoice else AccountId(money.account) if money.account else None
    split = split_of(money, invoice, account)
    payment = PaymentRow(
        payment_id=money.payment,
        account_id=account,
        invoice_id=invoice.invoice_id if invoice else None,
        method=money.method,
        payment_intent_id=None,
        charge_id=None,
        currency=money.currency,
        amount_minor=money.amount,
        applied_minor=split.receivable,
        refunded_minor=0,
        disputed=False,
        fingerprint="",
        succeeded_at=at,
        reversed_at=None,
    )
    source = f"payment:{money.payment}"
    entry = cash_entries.payment(source, LedgerAccount.BANK, split, money.currency, books.when(at), payment.owner)
    grant = None
    if split.credits and account:
        grant = GrantRow(f"overpaid-{money.payment}", account, money.currency, split.credits, split.credits, at, source)
    paid = settled(invoice, split.receivable, at, books) if invoice else ()
    closed = (
        [close(one, "paid", books.now) for one in open_collections(invoice, books)]
        if invoice and is_settled(invoice, split)
        else []
    )
    return applied(*paid, *closed, payment, entry, grant)


def split_of(money: Recorded, invoice: InvoiceRow | None, account: AccountId | None) -> Split:
    """Where the money goes."""
    fits = invoice is not None and invoice.currency == money.currency and invoice.state in PAYABLE
    receivable = min(money.amount, invoice.open_minor) if invoice and fits else 0
    rest = money.amount - receivable
    return Split(receivable, credits=rest) if account and fits else Split(receivable, unapplied=rest)


def is_settled(invoice: InvoiceRow, split: Split) -> bool:
    """Whether the money pays all of what is open."""
    return split.receivable == invoice.open_minor
