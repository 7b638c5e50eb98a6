"""Book a payment that did not come through Stripe: a wire, a cheque. It enters the inbox like every other fact."""

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final, Literal, get_args

from billing_pipeline.domain.currencies import currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.ports import Clock, Inbox

ByHand = Literal["wire", "cheque", "other"]  # how money can come that Stripe never saw
METHODS: Final[tuple[str, ...]] = get_args(ByHand)
NAME_LENGTH: Final = 16  # hex digits of the digest


@dataclass(frozen=True, slots=True)
class ReceivedMoney:
    """Money that a person saw arrive. amount_minor: minor units. reference: the bank's text, or the cheque's number.

    invoice_id or account_id may be '': money without an invoice waits as unapplied cash or credit.
    """

    amount_minor: int
    currency: str
    method: str
    reference: str
    received_at: datetime
    recorded_by: str
    invoice_id: str = ""
    account_id: str = ""


def record_payment(inbox: Inbox, clock: Clock, money: ReceivedMoney) -> tuple[str, bool]:
    """The payment's id, and whether it is new: the same money told twice is one payment.

    The state of the invoice follows when the inbox is applied. Raises Broken on what cannot be.
    """
    _check(money, clock.now())
    payment_id = f"hand-{_digest(money)}"
    fact = own_fact(
        "hand",
        "payment.recorded",
        "payment",
        payment_id,
        money.received_at,
        asdict(money) | {"received_at": money.received_at.isoformat(), "payment_id": payment_id},
    )
    with inbox.transaction():
        return payment_id, bool(inbox.put([fact], clock.now()))


def _check(money: ReceivedMoney, now: datetime) -> None:
    currency(money.currency)
    if money.amount_minor <= 0:
        raise Broken(f"a payment of {money.amount_minor}: give a positive number of minor units (1999 is 19.99 usd)")
    if money.method not in METHODS:
        raise Broken(f"method {money.method!r}: use {', '.join(METHODS)}")
    if money.received_at > now:
        raise Broken(f"money received at {money.received_at:%Y-%m-%d %H:%M} is still to come: give the day it arrived")
    if not money.reference:
        raise Broken("a payment needs a reference, so that it can be found on the bank statement")


def _digest(money: ReceivedMoney) -> str:
    told = (money.reference, money.method, money.currency, str(money.amount_minor), f"{money.received_at:%Y-%m-%d}")
    return sha256("|".join((*told, money.invoice_id, money.account_id)).encode()).hexdigest()[:NAME_LENGTH]
