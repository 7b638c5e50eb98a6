"""Ask for money to be given back, and agree to it: always two people."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, get_args

from billing_pipeline.domain.currencies import multiple
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PaymentId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.collection import NewRefund, PaymentRow, RefundStore

Destination = Literal["card", "credit"]
DESTINATIONS: Final[tuple[str, ...]] = get_args(Destination)
NAME_LENGTH: Final = 12  # hex digits: enough that two wishes for one payment never share a name


@dataclass(frozen=True, slots=True)
class RefundWish:
    """What a person asks for. amount_minor None: all that is left. key: tells it from an equal wish made before."""

    payment_id: PaymentId
    amount_minor: int | None
    destination: str
    reason: str
    requested_by: str
    key: str = ""


def request_refund(store: RefundStore, clock: Clock, wish: RefundWish) -> tuple[str, Money]:
    """The name of the wish and its amount. Asking for the same again changes nothing.

    Raises Broken where the payment is unknown, disputed, or has less left than is asked for.
    """
    with store.transaction():
        payment = store.lock_payment(wish.payment_id)
        if payment is None:
            raise Broken(f"no payment {wish.payment_id!r}: `billing-pipeline payments list` names them")
        name = _name(wish)
        if known := store.refund_request(name):
            return name, known.amount
        amount = _checked(wish, payment)
        new = NewRefund(name, wish.payment_id, amount.minor, wish.destination, wish.reason, wish.requested_by)
        store.write_request(new, clock.now())
    return name, amount


def approve_refund(store: RefundStore, clock: Clock, name: str, by: str) -> None:
    """Nothing; the wish may be carried out. Raises Broken when it is not waiting, or asked for by the same person."""
    with store.transaction():
        request = store.refund_request(name)
        if request is None:
            raise Broken(f"no refund request {name!r}: `billing-pipeline refunds list` names them")
        if request.requested_by == by:
            raise Broken(f"{by} asked for {name}: somebody else must approve it")
        if not store.approve_request(name, by, clock.now()):
            raise Broken(f"{name} is {request.state}: only a requested refund can be approved")


def _checked(wish: RefundWish, payment: PaymentRow) -> Money:
    """The amount, if it may be given back that way."""
    if wish.destination not in DESTINATIONS:
        raise Broken(f"destination {wish.destination!r}: use {' or '.join(DESTINATIONS)}")
    if payment.reversed:
        raise Broken(f"{payment.payment_id} went back to the bank: there is nothing to give back")
    if payment.disputed:
        raise Broken(f"{payment.payment_id} is disputed: answer the dispute, a refund would give the money twice")
    if wish.destination == "card" and payment.charge_id is None:
        raise Broken(f"{payment.payment_id} did not come through Stripe: give it back by hand, or as credit")
    if wish.destination == "credit" and payment.account_id is None:
        raise Broken(f"{payment.payment_id} belongs to no account: it cannot become credit")
    left = left_for(wish.destination, payment)
    amount = left if wish.amount_minor is None else Money(wish.amount_minor, payment.amount.currency)
    if not 0 < amount.minor <= left.minor:
        raise Broken(f"{amount} of {payment.payment_id}: {left} can still be given back")
    if amount.minor % multiple(amount.currency):
        raise Broken(f"{amount}: Stripe takes {amount.currency} in steps of {multiple(amount.currency)} minor units")
    return amount


def left_for(destination: str, payment: PaymentRow) -> Money:
    """What can still be given back that way. What was paid too much is credit already and does not become it again."""
    credited = 0 if destination == "card" else payment.credited_minor
    return Money(max(0, payment.refundable.minor - credited), payment.refundable.currency)


def _name(wish: RefundWish) -> str:
    text = "|".join((wish.payment_id, str(wish.amount_minor), wish.destination, wish.reason, wish.key))
    return f"refund-{sha256(text.encode()).hexdigest()[:NAME_LENGTH]}"
