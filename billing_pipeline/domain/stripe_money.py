"""Stripe's objects that move money, as closed types: one `parse` per kind, and nothing of the raw JSON goes further.

A missing required field raises KeyError (the fact is malformed); unknown statuses are kept as they came: Stripe's enums are open.
"""

# long because every kind of object has its type and its parse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Codes
from billing_pipeline.domain.events import id_of

BANK_DEBITS: Final = frozenset({"us_bank_account", "sepa_debit", "bacs_debit", "acss_debit", "au_becs_debit"})
"""Payment methods whose money can come back days after it succeeded."""

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BalanceTransaction:
    """A movement of the Stripe balance, in settlement currency. amount = gross, net = amount - fee, minor units."""

    id: str
    type: str
    category: str
    source: str
    currency: Currency
    amount: int
    fee: int
    net: int
    available_on: datetime
    created: datetime
    status: str
    exchange_rate: str | None = None
    payout: str | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that was refused: declined names its charge, '' where none reached the bank; fingerprint its card."""

    charge: str
    codes: Codes
    declined: str = ""
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Intent:
    """A PaymentIntent. invoice, account: ours, from its metadata ('' when it is not ours). Amounts in minor units.

    seq: of the collection for which it was made; 0 where somebody made it by hand.
    """

    id: str
    status: str
    currency: Currency
    amount: int
    received: int
    customer: str
    invoice: str
    account: str
    seq: int
    charge: str
    method: Literal["card", "bank_debit", "other"]
    fingerprint: str
    created: datetime
    charged_at: datetime | None
    failure: Failure | None
    transaction: BalanceTransaction | None

    @property
    def money_at(self) -> datetime:
        """When its money came, as near as the object itself can tell."""
        return self.transaction.created if self.transaction else self.charged_at or self.created


@dataclass(frozen=True, slots=True)
class Charge:
    """What is read of a charge: whether money that had come went back, or else the attempt that the bank refused.

    intent: '' where it has none. invoice, seq: ours; Stripe copies the intent's metadata to its charges. paid: the intent
    as it was while the money was here, of a charge of ours that went back: its success may be told later.
    """

    id: str
    intent: str
    invoice: str
    seq: int
    created: datetime
    returned: bool
    failure: Failure | None
    paid: Intent | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """One refund. transaction: '' until the money has left the balance. moves: it leaving and coming back, where expanded."""

    id: str
    charge: str
    status: str
    currency: Currency
    amount: int
    reason: str
    failure_reason: str
    created: datetime
    transaction: str
    moves: tuple[BalanceTransaction, ...]
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute. transactions: none for an inquiry, the withdrawal, and the reinstatement when it is won."""

    id: str
    charge: str
    status: str
    currency: Currency
    amount: int
    reason: str
    due_by: datetime | None
    created: datetime
    transactions: tuple[BalanceTransaction, ...]
    intent: Intent | None


@dataclass(frozen=True, slots=True)
class Payout:
    """One payout to the bank. amount: minor units of currency; negative when Stripe took money from the bank."""

    id: str
    status: str
    currency: Currency
    amount: int
    automatic: bool
    method: str
    arrival_on: date
    reconciliation_status: str
    trace: str
    created: datetime


def instant(seconds: int) -> datetime:
    """The moment of a Unix time in whole seconds."""
    return datetime.fromtimestamp(seconds, UTC)


def parse_transaction(raw: Json) -> BalanceTransaction:
    """A balance transaction from Stripe's object."""
    rate = raw.get("exchange_rate")
    return BalanceTransaction(
        id=raw["id"],
        type=raw["type"],
        category=raw["reporting_category"],
        source=id_of(raw.get("source")),
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        fee=raw["fee"],
        net=raw["net"],
        available_on=instant(raw["available_on"]),
        created=instant(raw["created"]),
        status=raw["status"],
        exchange_rate=None if rate is None else str(rate),
        payout=id_of(raw.get("payout")) or None,
    )


def parse_intent(raw: Json) -> Intent:
    """A PaymentIntent from Stripe's object, whether its latest charge is expanded or not."""
    charge, metadata = raw.get("latest_charge"), raw.get("metadata") or {}
    details = (charge.get("payment_method_details") or {}) if isinstance(charge, Mapping) else {}
    kind = kind_of(details, raw.get("payment_method_types") or ())
    return Intent(
        id=raw["id"],
        status=raw["status"],
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        received=raw.get("amount_received") or 0,
        customer=id_of(raw.get("customer")),
        invoice=metadata.get("invoice_id", ""),
        account=metadata.get("account_id", ""),
        seq=int(metadata.get("seq") or 0),
        charge=id_of(charge),
        method=method_of(kind),
        fingerprint=(details.get(kind) or {}).get("fingerprint") or "",
        created=instant(raw["created"]),
        charged_at=instant(charge["created"]) if isinstance(charge, Mapping) else None,
        failure=parse_failure(raw),
        transaction=expanded_transaction(charge),
    )


def kind_of(details: Json, types: Sequence[str]) -> str:
    """The payment method's type: as the charge says, else the only one that the intent allows, else ''."""
    return str(details.get("type") or (types[0] if len(types) == 1 else ""))


def method_of(kind: str) -> Literal["card", "bank_debit", "other"]:
    """Our word for a payment method type of Stripe's."""
    return "card" if kind == "card" else "bank_debit" if kind in BANK_DEBITS else "other"


def expanded_transaction(charge: object) -> BalanceTransaction | None:
    """The charge's balance transaction where both are expanded and known."""
    found = charge.get("balance_transaction") if isinstance(charge, Mapping) else None
    return parse_transaction(found) if isinstance(found, Mapping) else None


def parse_failure(raw: Json) -> Failure | None:
    """What an intent's last error says, or None when there was no failed attempt."""
    if not (error := raw.get("last_payment_error")):
        return None
    declined = id_of(error.get("charge"))
    return Failure(declined or id_of(raw.get("latest_charge")), parse_codes(error), declined, fingerprint_of(error))


def fingerprint_of(error: Json) -> str:
    """What names the card or account that was tried, or ''."""
    method = error.get("payment_method")
    return str((method.get(method["type"]) or {}).get("fingerprint") or "") if isinstance(method, Mapping) else ""


def parse_codes(error: Json) -> Codes:
    """Stripe's and the network's words from an error object."""
    return Codes(
        code=error.get("code") or "",
        decline=error.get("decline_code") or "",
        advice=error.get("advice_code") or "",
        network_advice=error.get("network_advice_code") or "",
        network_decline=error.get("network_decline_code") or "",
        message=error.get("message") or "",
    )


def parse_charge(raw: Json) -> Charge:
    """A charge, of which only ids and words are read, so that any API version will do."""
    failed, metadata = raw["status"] == "failed", raw.get("metadata") or {}
    returned = failed and bool(raw.get("failure_balance_transaction"))
    return Charge(
        id=raw["id"],
        intent=id_of(raw.get("payment_intent")),
        invoice=metadata.get("invoice_id", ""),
        seq=int(metadata.get("seq") or 0),
        created=instant(raw["created"]),
        returned=returned,
        failure=failed_attempt(raw) if failed and not returned else None,
        paid=paid_before(raw) if returned and metadata.get("invoice_id") else None,
    )


def paid_before(raw: Json) -> Intent:
    """The intent of a charge that went back, as it was before: every charge says whose it is and how much."""
    details, metadata = raw.get("payment_method_details") or {}, raw["metadata"]
    kind, at = kind_of(details, ()), instant(raw["created"])
    return Intent(
        id=id_of(raw.get("payment_intent")) or raw["id"],
        status="succeeded",
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        received=raw["amount"],
        customer=id_of(raw.get("customer")),
        invoice=metadata["invoice_id"],
        account=metadata.get("account_id", ""),
        seq=int(metadata.get("seq") or 0),
        charge=raw["id"],
        method=method_of(kind),
        fingerprint=(details.get(kind) or {}).get("fingerprint") or "",
        created=at,
        charged_at=at,
        failure=None,
        transaction=None,
    )


def failed_attempt(raw: Json) -> Failure:
    """The attempt that a failed charge was."""
    details = raw.get("payment_method_details") or {}
    fingerprint = (details.get(kind_of(details, ())) or {}).get("fingerprint") or ""
    return Failure(raw["id"], codes_of_charge(raw), raw["id"], fingerprint)


def codes_of_charge(raw: Json) -> Codes:
    """Stripe's and the network's words from a failed charge; its intent's last error says the same and rules over it."""
    outcome = raw.get("outcome") or {}
    return Codes(
        code=raw.get("failure_code") or "",
        decline=outcome.get("reason") or "",
        advice=outcome.get("advice_code") or "",
        network_advice=outcome.get("network_advice_code") or "",
        network_decline=outcome.get("network_decline_code") or "",
        message=raw.get("failure_message") or "",
    )


def parse_refund(raw: Json) -> Refund:
    """A refund; its payment intent comes along where it is expanded."""
    return Refund(
        id=raw["id"],
        charge=id_of(raw.get("charge")),
        status=raw.get("status") or "pending",
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        reason=raw.get("reason") or "",
        failure_reason=raw.get("failure_reason") or "",
        created=instant(raw["created"]),
        transaction=id_of(raw.get("balance_transaction")),
        moves=tuple(parse_transaction(one) for one in expanded_moves(raw)),
        intent=expanded_intent(raw),
    )


def expanded_moves(raw: Json) -> list[Json]:
    """The refund's balance transactions that are expanded."""
    moves = (raw.get("balance_transaction"), raw.get("failure_balance_transaction"))
    return [one for one in moves if isinstance(one, Mapping)]


def parse_dispute(raw: Json) -> Dispute:
    """A dispute with its balance transactions; its payment intent comes along where it is expanded."""
    due_by = (raw.get("evidence_details") or {}).get("due_by")
    return Dispute(
        id=raw["id"],
        charge=id_of(raw["charge"]),
        status=raw["status"],
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        reason=raw["reason"],
        due_by=instant(due_by) if due_by else None,
        created=instant(raw["created"]),
        transactions=tuple(parse_transaction(one) for one in raw["balance_transactions"]),
        intent=expanded_intent(raw),
    )


def expanded_intent(raw: Json) -> Intent | None:
    """The payment intent inside a refund, dispute or charge, where it is expanded."""
    found = raw.get("payment_intent")
    return parse_intent(found) if isinstance(found, Mapping) else None


def parse_payout(raw: Json) -> Payout:
    """A payout from Stripe's object."""
    trace = raw.get("trace_id") or {}
    return Payout(
        id=raw["id"],
        status=raw["status"],
        currency=Currency(raw["currency"]),
        amount=raw["amount"],
        automatic=raw["automatic"],
        method=raw["method"],
        arrival_on=instant(raw["arrival_date"]).date(),
        reconciliation_status=raw.get("reconciliation_status") or "",
        trace=trace.get("value") or "" if isinstance(trace, Mapping) else str(trace),
        created=instant(raw["created"]),
    )
