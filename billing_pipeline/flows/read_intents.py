"""What Stripe says about payment intents and its own invoices at this moment, and the fact it makes when that is news."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing_pipeline.domain.dunning import UNDER_WAY
from billing_pipeline.domain.dunning_cases import Asked
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.events import WITH_PAYMENTS
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.flows.facts import swept_fact
from billing_pipeline.flows.ports import Clock, Fact, Gateway, Json

SETTLED: Final = UNDER_WAY | {"canceled"}
"""Statuses that forbid dunning: if we act on such an intent at all, we have missed a fact."""

ENDED: Final = frozenset({"succeeded", "void", "uncollectible"})
"""Ends of an invoice of Stripe's, in the words of status_of."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An intent's status and when it was read. silent: Stripe did not say. news: a fact that we should have known."""

    at: datetime
    status: str = ""
    silent: bool = False
    news: Fact | None = None


def read_intents(
    gateway: Gateway, clock: Clock, intents: Mapping[InvoiceId, Asked | None], threads: int
) -> dict[InvoiceId, Reading]:
    """A reading per invoice; for one without an intent there is nothing to ask. Never inside a transaction."""
    asked = {invoice: intent for invoice, intent in intents.items() if intent}
    readings = {invoice: Reading(clock.now()) for invoice in intents}
    if threads <= 1 or len(asked) <= 1:
        return readings | {invoice: _read(gateway, clock, intent) for invoice, intent in asked.items()}
    with ThreadPoolExecutor(max_workers=threads) as pool:
        answers = pool.map(lambda intent: _read(gateway, clock, intent), asked.values())
        return readings | dict(zip(asked, answers, strict=True))


def _read(gateway: Gateway, clock: Clock, name: Asked) -> Reading:
    """at is taken before the question: an answer is never older than it says."""
    at, is_invoice = clock.now(), name.startswith("in_")
    try:
        body = (
            gateway.read(f"/v1/invoices/{name}", {"expand": list(WITH_PAYMENTS)})
            if is_invoice
            else gateway.read(f"/v1/payment_intents/{name}")
        )
    except Broken:
        raise
    except BillingError:
        return Reading(at, silent=True)
    if body is None or body.get("status") == "draft":
        return Reading(at, silent=True)
    status = status_of(body) if is_invoice else str(body.get("status", ""))
    over = ENDED if is_invoice else SETTLED
    return Reading(at, status, news=swept_fact(body, api_version=gateway.api_version) if status in over else None)


def status_of(invoice: Json) -> str:
    """Stripe's invoice in the words of intents: succeeded when it is paid, processing while a payment of it is under way."""
    if invoice["status"] == "paid":
        return "succeeded"
    payments = (invoice.get("payments") or {}).get("data") or ()
    intents = [(one.get("payment") or {}).get("payment_intent") for one in payments]
    part_paid = bool(invoice["amount_paid"])  # then an intent that succeeded is that part, and none is under way
    coming = UNDER_WAY - {"succeeded"} if part_paid else UNDER_WAY
    moving = any(isinstance(one, Mapping) and one.get("status") in coming for one in intents)
    return "processing" if moving and invoice["status"] == "open" else str(invoice["status"])
