"""Carry out approved refunds: to the card through Stripe, or as credit. Each is made once, whatever is asked again."""

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Final

from billing_pipeline.domain.attempts import Attempt, NewAttempt, Operation, Outcome, key_of
from billing_pipeline.domain.billing_entries import When, credit_granted
from billing_pipeline.domain.credits import CreditGrant, CreditKind
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import CreditGrantId
from billing_pipeline.domain.ledger import LedgerAccount
from billing_pipeline.domain.requests import refund
from billing_pipeline.domain.taxes import tax_refunded
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.collection import PaidInvoice, RefundRequest, RefundStore
from billing_pipeline.flows.send_attempts import KEY_REFUSED, OPERATOR_CODES, answer_to, settled_by
from billing_pipeline.flows.zones import day_in

REFUNDS_MAX: Final = 200  # a run; calls are serial, about 0.3 s each
APPROVED, SENT, DONE, REFUSED = "approved", "sent", "done", "refused"


@dataclass(frozen=True, slots=True)
class Refunded:
    """What a run did, in wishes; amount_by_currency: given back, or planned in a dry run, in minor units.

    over_limit: left for a run with a higher limit. unknown: settled by asking Stripe later.
    """

    planned: int = 0
    done: int = 0
    credited: int = 0
    refused: int = 0
    unknown: int = 0
    over_limit: int = 0
    amount_by_currency: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Till:
    """What carrying out a refund works with."""

    store: RefundStore
    gateway: Gateway
    clock: Clock
    zone: str
    environment: str


# long because each option is one word of the command line
def refund_payments(
    store: RefundStore,
    gateway: Gateway,
    clock: Clock,
    *,
    limit: int = REFUNDS_MAX,
    limit_minor: int | None = None,
    dry_run: bool = False,
    zone: str = "UTC",
    environment: str = "billing",
) -> Refunded:
    """Carry out approved wishes, oldest first. limit_minor: leaves out those above it. dry_run: only says so.

    Raises Broken when Stripe refuses the key.
    """
    till = Till(store, gateway, clock, zone, environment)
    counts, money = Counter[str](), Counter[str]()
    if not dry_run:
        store.close_settled_requests()
    for request in store.refund_requests(APPROVED, limit):
        word = _judged(till, request, limit_minor, dry_run)
        counts[word] += 1
        if word in ("planned", "done", "credited"):
            money[request.amount.currency] += request.amount.minor
    return Refunded(**counts, amount_by_currency=dict(sorted(money.items())))


def _judged(till: Till, request: RefundRequest, limit_minor: int | None, dry_run: bool) -> str:
    if limit_minor is not None and request.amount.minor > limit_minor:
        return "over_limit"
    if dry_run:
        return "planned"
    return _to_credit(till, request) if request.destination == "credit" else _to_card(till, request)


def _to_card(till: Till, request: RefundRequest) -> str:
    """Say, do, write for one refund."""
    attempt = _said(till, request)
    if attempt is None:
        return "unknown"
    answer = answer_to(till.gateway, attempt)
    now = till.clock.now()
    with till.store.transaction():
        till.store.settle(attempt, settled_by(attempt, answer, now, till.gateway.api_version), now)
        if answer.verdict.outcome is Outcome.REFUSED:
            mendable = answer.verdict.codes.code in OPERATOR_CODES
            till.store.move_request(request.refund_request_id, APPROVED if mendable else REFUSED)
        elif answer.verdict.outcome is not None:
            till.store.move_request(request.refund_request_id, DONE, answer.verdict.object_id)
    if answer.verdict.codes.code == KEY_REFUSED:
        raise Broken(answer.verdict.remedy)
    if answer.verdict.outcome is None:
        return "unknown"
    return "refused" if answer.verdict.outcome is Outcome.REFUSED else "done"


def _said(till: Till, request: RefundRequest) -> Attempt | None:
    """The committed attempt, or None where another process has one open."""
    charge = request.payment.charge_id
    if charge is None:
        raise Broken(f"{request.refund_request_id}: its payment did not come through Stripe")
    name, number = request.refund_request_id, request.attempts + 1
    frozen = refund(charge, request.amount, name, till.environment)
    new = NewAttempt(Operation.REFUND, name, number, key_of(Operation.REFUND, name, number), frozen)
    with till.store.transaction():
        opened = till.store.open_attempts([new], till.gateway.api_version, till.clock.now())
        if opened:
            till.store.move_request(name, SENT)
    return opened[0] if opened else None


def _to_credit(till: Till, request: RefundRequest) -> str:
    """The amount becomes credit, with its entry; nothing moves at Stripe. Refused once the money is not ours any more."""
    account, now = request.payment.account_id, till.clock.now()
    if account is None:
        raise Broken(f"{request.refund_request_id}: its payment belongs to no account")
    grant = CreditGrant(
        CreditGrantId(f"cg-{request.refund_request_id}"),
        account,
        request.amount.currency,
        CreditKind.REFUND,
        request.amount.minor,
        request.amount.minor,
        now,
    )
    with till.store.transaction():
        paid = till.store.lock_paid_invoice(request.payment.payment_id)
        payment = till.store.lock_payment(request.payment.payment_id)
        given_back = payment is None or payment.refundable.minor < 0  # in Stripe, by somebody who did not see this wish
        if payment is None or payment.disputed or payment.reversed or given_back:
            till.store.move_request(request.refund_request_id, REFUSED)
            return "refused"
        if till.store.add_grant(grant, f"refund_request:{request.refund_request_id}", request.reason):
            _book_credit(till, grant, paid)
        till.store.move_request(request.refund_request_id, DONE)
    return "credited"


def _book_credit(till: Till, grant: CreditGrant, paid: PaidInvoice | None) -> None:
    """Write where the credit's money stood: in revenue and tax of the invoice that it paid, else in unapplied cash."""
    now, minor = till.clock.now(), grant.amount_minor
    applied = paid if paid and paid.applied_minor and paid.state != "void" else None
    tax = tax_refunded(applied.total_minor, applied.tax_minor, applied.refunded_minor, minor) if applied else 0
    source = LedgerAccount.REFUNDS if applied else LedgerAccount.UNAPPLIED_CASH
    entry = credit_granted(grant, When(now, till.store.open_day(day_in(now, till.zone))), source, tax)
    named = [replace(entry, invoice=paid.invoice_id if paid else None)] if entry else []
    till.store.write(named, "", now)
    if applied:
        till.store.note_refunded(applied.invoice_id, minor)
