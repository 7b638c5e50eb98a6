"""Invoices that Stripe billed after a take-over. Noise of a held mirror and invoices of nothing are ignored."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from billing_pipeline.domain import cash_entries
from billing_pipeline.domain.cash_entries import Split
from billing_pipeline.domain.errors import ForbiddenMove
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoices import InvoiceFact, InvoiceState, move
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.domain.stripe_objects import StripeInvoice
from billing_pipeline.flows.appliers.intents import PAYABLE, is_charged, settled
from billing_pipeline.flows.books import Books, Errand, Outcome, applied, dead, ignored
from billing_pipeline.flows.ports.event_rows import GrantRow, InvoiceRow, PaymentRow, SubscriptionRow

NOISE: Final = "noise of a mirror: the engine bills this subscription"
BOOK_BY_HAND: Final = "book what came outside it with `billing-pipeline payments record`"


def apply_stripe_invoice(told: StripeInvoice, at: datetime, books: Books) -> Outcome:
    """What an invoice of Stripe's does to ours. Stripe alone retries it; a failed attempt moves nothing here."""
    ours = next((one for one in books.all(InvoiceRow) if one.stripe_invoice_id == told.id), None)
    if ours is None:
        return unknown(told, books)
    match told.status:
        case "paid":
            return paid(told, ours, at, books)
        case "void":
            return ended(ours, InvoiceFact.VOIDED, at)
        case "uncollectible":
            return ended(ours, InvoiceFact.GIVEN_UP, at)
        case _:
            return ignored("nothing has come of it yet: Stripe retries it")


def unknown(told: StripeInvoice, books: Books) -> Outcome:
    """An invoice that no row of ours has: noise, not ours, or one that the take-over has yet to record."""
    subscription = next(
        (one for one in books.all(SubscriptionRow) if one.stripe_subscription_id == told.subscription), None
    )
    if subscription is None:
        return ignored("not ours: no subscription has this mirror")
    if subscription.charger == "stripe":
        why = f"{told.id} is not in the books yet: following Stripe's billing records it and tells its state again"
        return Outcome("ignored", why, errand=Errand("record", SubscriptionId(subscription.subscription_id), told.id))
    return ignored(NOISE) if not told.paid else dead(f"{told.id} took money for a subscription that the engine bills")


def paid(told: StripeInvoice, ours: InvoiceRow, at: datetime, books: Books) -> Outcome:
    """Money that Stripe collected: booked once, by its charge, whichever event tells it first."""
    charge = told.charge or told.intent
    if is_known(told, ours, charge, books):
        return ignored(f"told before: {told.id} is paid in the books")
    if told.paid and not charge:
        return dead(f"{told.id} is paid, but by no payment of Stripe's: {BOOK_BY_HAND}")
    receivable = min(told.paid, ours.open_minor) if ours.state in PAYABLE and not is_charged(ours, books) else 0
    rest = told.paid - receivable
    split = Split(receivable, credits=rest) if ours.state is not InvoiceState.VOID else Split(unapplied=rest)
    if not split.total:
        return applied(*settled_by_nothing(ours, at))
    source, into = f"payment:{charge}", LedgerAccount.STRIPE_PENDING
    entry = cash_entries.payment(source, into, split, told.currency, books.when(at), ours.owner)
    grant = GrantRow(f"overpaid-{charge}", ours.account_id, told.currency, split.credits, split.credits, at, source)
    return applied(
        *settled(ours, receivable, at, books),
        payment_of(told, ours, charge, split, at),
        entry,
        grant if split.credits else None,
    )


def is_known(told: StripeInvoice, ours: InvoiceRow, charge: str, books: Books) -> bool:
    """Whether the books hold what Stripe collected. One that a wire or another charge paid may have been charged as well."""
    if books.find(PaymentRow, charge):
        return True
    kept = books.of_invoice(PaymentRow, ours.invoice_id)
    charged = told.paid and charge and not any(one.method == "stripe_invoice" for one in kept)
    return ours.state is InvoiceState.PAID and not charged


def settled_by_nothing(ours: InvoiceRow, at: datetime) -> tuple[InvoiceRow, ...]:
    """An invoice that credit in Stripe covered, as it stands afterwards."""
    if ours.open_minor or ours.state not in PAYABLE:
        return ()
    return (replace(ours, state=move(ours.state, InvoiceFact.PAYMENT_SUCCEEDED), paid_at=at),)


def payment_of(told: StripeInvoice, ours: InvoiceRow, charge: str, split: Split, at: datetime) -> PaymentRow:
    """The payment as a row."""
    return PaymentRow(
        payment_id=told.intent or told.id,
        account_id=ours.account_id,
        invoice_id=ours.invoice_id,
        method="stripe_invoice",
        payment_intent_id=told.intent or None,
        charge_id=charge,
        currency=told.currency,
        amount_minor=told.paid,
        applied_minor=split.receivable,
        refunded_minor=0,
        disputed=False,
        fingerprint="",
        succeeded_at=at,
        reversed_at=None,
    )


def ended(ours: InvoiceRow, fact: InvoiceFact, at: datetime) -> Outcome:
    """Our invoice given up or voided because Stripe's is. Whoever gives it up there does not wait for our due date."""
    pending = fact is InvoiceFact.GIVEN_UP and ours.state is InvoiceState.PENDING
    try:
        state = move(InvoiceState.OVERDUE if pending else ours.state, fact)
    except ForbiddenMove as error:
        return ignored(str(error))
    if fact is InvoiceFact.VOIDED:
        return applied(replace(ours, state=state, voided_at=at, written_off_at=None))
    return applied(replace(ours, state=state, written_off_at=at))
