"""From a fact to its applier: what it is about, what must be loaded for it, and which function decides."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, assert_never

from billing_pipeline.domain.events import Topic, id_of, is_answer
from billing_pipeline.domain.invoices import InvoiceFact
from billing_pipeline.domain.stripe_money import (
    Charge,
    Intent,
    expanded_intent,
    expanded_moves,
    parse_charge,
    parse_dispute,
    parse_intent,
    parse_payout,
    parse_refund,
    parse_transaction,
)
from billing_pipeline.domain.stripe_objects import parse_customer, parse_invoice, parse_method, parse_mirror
from billing_pipeline.flows.appliers import own_facts
from billing_pipeline.flows.appliers.customers import apply_customer, apply_method, apply_setup
from billing_pipeline.flows.appliers.disputes import apply_dispute, apply_return, bank_returns, losses, regains
from billing_pipeline.flows.appliers.intents import apply_failed_charge, apply_intent
from billing_pipeline.flows.appliers.payouts import apply_payout, apply_transaction
from billing_pipeline.flows.appliers.refunds import apply_refund
from billing_pipeline.flows.appliers.stripe_invoices import apply_stripe_invoice
from billing_pipeline.flows.appliers.subscriptions import apply_mirror, apply_wish
from billing_pipeline.flows.books import Books, Outcome, ignored
from billing_pipeline.flows.ports.event_rows import InvoiceRow, SubscriptionRow, Told
from billing_pipeline.flows.ports.inbox import Keys

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """A fact with the object as it may be applied. current: the payload itself, or what Stripe says now."""

    told: Told
    about: Topic
    current: Json


def gather(ready: Ready, keys: Keys) -> None:  # long because every kind of fact has its line here
    """Add to keys the rows that the fact is about."""
    current, name = ready.current, ready.told.object_id
    match ready.about:
        case Topic.INTENT:
            gather_intent(parse_intent(current), keys)
            gather_decline(ready.told.payload, keys)
        case Topic.CHARGE:
            keys.charges.add(name)
            keys.declines.add(name)
            keys.grants.add(f"payment:{name}")
            keys.invoices.add(parse_charge(current).invoice)
        case Topic.REFUND:
            keys.refunds.add(name)
            keys.entries.update((f"refund:{name}", f"refund_failed:{name}"))
            keys.transactions.update(one["id"] for one in expanded_moves(current))
            gather_money(current, keys)
        case Topic.DISPUTE:
            keys.disputes.add(name)
            keys.entries.update((*losses(name), *regains(name), *bank_returns(parse_dispute(current))))
            keys.transactions.update(one["id"] for one in current["balance_transactions"])
            gather_money(current, keys)
        case Topic.PAYOUT:
            keys.payouts.add(name)
        case Topic.BALANCE_TRANSACTION:
            keys.transactions.add(current["id"])
        case Topic.CUSTOMER:
            keys.customers.add(name)
            keys.methods.add(id_of((current.get("invoice_settings") or {}).get("default_payment_method")))
        case Topic.PAYMENT_METHOD | Topic.SETUP_INTENT:
            keys.methods.add(name if ready.about is Topic.PAYMENT_METHOD else id_of(current.get("payment_method")))
            keys.customers.add(id_of(current.get("customer")))
        case Topic.SUBSCRIPTION:
            keys.mirrors.add(name)
            keys.subscriptions.add((current.get("metadata") or {}).get("subscription_id", ""))
        case Topic.STRIPE_INVOICE:
            gather_stripe_invoice(current, keys)
        case Topic.DUE_DATE_PASSED | Topic.GIVEN_UP | Topic.VOIDED:
            keys.invoices.add(name)
        case Topic.PAYMENT_RECORDED:
            keys.charges.add(name)
            keys.invoices.add(current.get("invoice_id") or "")
        case Topic.SUSPEND | Topic.REINSTATE | Topic.CANCEL:
            keys.subscriptions.add(name)
        case _:
            assert_never(ready.about)


def gather_intent(intent: Intent | None, keys: Keys) -> None:
    """Add what an intent is about: its invoice, its charge, the balance transaction that it brings."""
    if intent is None or not intent.invoice:
        return
    keys.invoices.add(intent.invoice)
    keys.charges.add(intent.charge)
    if intent.transaction:
        keys.transactions.add(intent.transaction.id)


def gather_decline(told: Json, keys: Keys) -> None:
    """Add the charge that the bank refused, where the fact tells of one."""
    if charge := id_of((told.get("last_payment_error") or {}).get("charge")):
        keys.declines.add(charge)


def gather_money(current: Json, keys: Keys) -> None:
    """Add the charge of a refund or dispute, and the payment intent that it brings along."""
    charge = id_of(current.get("charge"))
    keys.charges.add(charge)
    keys.grants.add(f"payment:{charge}")
    gather_intent(expanded_intent(current), keys)


def gather_stripe_invoice(current: Json, keys: Keys) -> None:
    """Add what an invoice of Stripe's is about."""
    told = parse_invoice(current)
    keys.stripe_invoices.add(told.id)
    keys.charges.add(told.charge or told.intent)
    keys.mirrors.add(told.subscription)


def decide(ready: Ready, books: Books) -> Outcome:
    """What the fact does, given the books as they stand after the facts before it."""
    told, current, at = ready.told, ready.current, ready.told.occurred_at
    match ready.about:
        case Topic.INTENT:
            now = parse_intent(current)
            then = now if current is told.payload else parse_intent(told.payload)
            return apply_intent(now, then, at, books, by_us=is_answer(told.event_id))
        case Topic.CHARGE:
            return apply_charge(parse_charge(current), at, books)
        case Topic.REFUND:
            return apply_refund(parse_refund(current), at, books)
        case Topic.DISPUTE:
            return apply_dispute(parse_dispute(current), at, books)
        case Topic.PAYOUT:
            return apply_payout(parse_payout(current), at, books)
        case Topic.BALANCE_TRANSACTION:
            return apply_transaction(parse_transaction(current), books)
        case Topic.CUSTOMER:
            return apply_customer(parse_customer(current), at, books)
        case Topic.PAYMENT_METHOD:
            return apply_method(parse_method(current), at, books)
        case Topic.SETUP_INTENT:
            method = current.get("payment_method")
            return apply_setup(parse_method(method) if isinstance(method, Mapping) else None, books)
        case Topic.SUBSCRIPTION:
            return apply_mirror(parse_mirror(current), told.idempotency_key, at, books)
        case Topic.STRIPE_INVOICE:
            return apply_stripe_invoice(parse_invoice(current), at, books)
        case _:
            return decide_own(ready, books)


def apply_charge(charge: Charge, at: datetime, books: Books) -> Outcome:
    """What a charge does: one that came back, one that failed; money that came is told by its payment intent."""
    if charge.returned:
        return apply_return(charge, at, books)
    if charge.failure:
        return apply_failed_charge(charge, charge.failure, at, books)
    return ignored("told by its payment intent")


def decide_own(ready: Ready, books: Books) -> Outcome:
    """What a fact of our own does."""
    told, at = ready.told, ready.told.occurred_at
    invoice = books.find(InvoiceRow, told.object_id)
    subscription = books.find(SubscriptionRow, told.object_id)
    match ready.about:
        case Topic.DUE_DATE_PASSED:
            return own_facts.pass_due_date(invoice, books)
        case Topic.GIVEN_UP:
            return own_facts.end_claim(invoice, InvoiceFact.GIVEN_UP, at, books)
        case Topic.VOIDED:
            return own_facts.end_claim(invoice, InvoiceFact.VOIDED, at, books)
        case Topic.PAYMENT_RECORDED:
            return own_facts.record_payment(own_facts.parse_recorded(told.object_id, ready.current), at, books)
        case Topic.SUSPEND:
            return apply_wish(subscription, "suspend", told.event_id, told.source, at)
        case Topic.REINSTATE:
            return apply_wish(subscription, "reinstate", told.event_id, told.source, at)
        case Topic.CANCEL:
            return apply_wish(subscription, "cancel", told.event_id, told.source, at)
        case _:
            return ignored(f"{ready.about} is not ours")
