"""Send one charge, confirm or cancel, and write down what came of it."""

from dataclasses import replace
from json import loads
from typing import Final

from billing_pipeline.domain.attempts import Attempt, Operation, subject_parts
from billing_pipeline.domain.events import id_of
from billing_pipeline.domain.requests import WITH_FEE
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.collection import CollectionStore
from billing_pipeline.flows.send_attempts import NOT_NOW, Answer, answer_to, looked_up, settled_by

FINISHED: Final = frozenset({"succeeded", "processing", "requires_capture", "canceled"})
"""Statuses in which an intent is not to be tried again: money came, may come, or never can."""


def try_intent(store: CollectionStore, gateway: Gateway, clock: Clock, attempt: Attempt) -> Answer:
    """Do what the attempt says and write the outcome with its fact. A finished intent is not tried again."""
    answer = _finished_already(store, gateway, attempt) or answer_to(gateway, attempt)
    if answer.verdict.codes.code == "payment_intent_unexpected_state":
        answer = _as_it_is_now(gateway, attempt) or answer
    answer = _with_remark(attempt, answer)
    store.settle(attempt, settled_by(attempt, answer, clock.now(), gateway.api_version), clock.now())
    if answer.verdict.codes.code == "resource_missing":
        _notice_deleted_customer(store, gateway, clock, attempt)
    return answer


def intent_path(attempt: Attempt) -> str:
    """Where the intent of a confirm or cancel is read."""
    return attempt.request.path.rpartition("/")[0]


def echo_differs(attempt: Attempt, found: Json) -> str:
    """What Stripe echoed otherwise than it was asked for, or ''. Only a charge names amount and invoice."""
    asked = loads(attempt.request.params_json)
    if attempt.operation is not Operation.CHARGE or found.get("object") != "payment_intent":
        return ""
    told = {
        "amount": found.get("amount"),
        "currency": found.get("currency"),
        "invoice_id": (found.get("metadata") or {}).get("invoice_id"),
    }
    wanted = {
        "amount": asked["amount"],
        "currency": asked["currency"],
        "invoice_id": asked["metadata"]["invoice_id"],
    }
    wrong = [f"{name} {told[name]} for {value}" for name, value in wanted.items() if told[name] != value]
    return f"Stripe echoed {', '.join(wrong)}: reconciliation must decide" if wrong else ""


def _finished_already(store: CollectionStore, gateway: Gateway, attempt: Attempt) -> Answer | None:
    """Before a retry: the intent, where it needs none. Else its latest charge is kept, to know a new one from it."""
    if attempt.operation is not Operation.CONFIRM:
        return None
    intent = read_quietly(gateway, intent_path(attempt))
    if intent is None:
        return None  # the confirm will meet the same trouble, and is safe: one intent takes one success at most
    if intent["status"] in FINISHED:
        return looked_up(intent)
    store.remember_charge(attempt.attempt_id, id_of(intent.get("latest_charge")))
    return None


def _as_it_is_now(gateway: Gateway, attempt: Attempt) -> Answer | None:
    """The intent that moved on by itself, where it is finished now."""
    intent = read_quietly(gateway, intent_path(attempt))
    return looked_up(intent) if intent is not None and intent["status"] in FINISHED else None


def _with_remark(attempt: Attempt, answer: Answer) -> Answer:
    remark = echo_differs(attempt, answer.found) if answer.found else ""
    return replace(answer, verdict=replace(answer.verdict, remedy=remark)) if remark else answer


def read_quietly(gateway: Gateway, path: str) -> Json | None:
    """The intent or customer at path, or None where it cannot be read now."""
    try:
        return gateway.read(path, {"expand": WITH_FEE} if "payment_intents" in path else None)
    except NOT_NOW:
        return None


def _notice_deleted_customer(store: CollectionStore, gateway: Gateway, clock: Clock, attempt: Attempt) -> None:
    """Flag the customer where it is the thing that is missing."""
    invoice, _ = subject_parts(attempt.subject)
    customer = store.customer_of(invoice)
    known = read_quietly(gateway, f"/v1/customers/{customer}") if customer else None
    if customer and known and known.get("deleted"):
        store.flag_deleted(customer, clock.now())
