"""The customer's side of collecting: pay an open invoice, or leave a card or bank account for the next ones.

One intent per collection, the same that the engine tries: whoever is first, one charge stands. What the browser says is
never believed: the object is read from Stripe, and the state of the invoice follows from the inbox only.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from billing_pipeline.domain.attempts import Attempt, NewAttempt, Operation, Outcome, collection_subject, key_of
from billing_pipeline.domain.collecting import canceling
from billing_pipeline.domain.dunning import UNDER_WAY
from billing_pipeline.domain.events import FINAL_STATUSES, Topic, fact_key, id_of
from billing_pipeline.domain.ids import CustomerId, IdempotencyKey, PaymentMethodId
from billing_pipeline.domain.requests import (
    WITH_FEE,
    Bill,
    Request,
    charge_on_page,
    choose_method,
    open_on_page,
    set_up_method,
    ways_to_pay,
)
from billing_pipeline.flows.facts import canonical, moment_of
from billing_pipeline.flows.ports import Clock, Fact, Gateway, Json
from billing_pipeline.flows.ports.collection import NewCollection
from billing_pipeline.flows.ports.page import PageInvoice, PageStore
from billing_pipeline.flows.send_attempts import NOT_NOW, answer_to, settled_by
from billing_pipeline.flows.try_intents import read_quietly

DEPOSITS_TAKE: Final = timedelta(days=5)  # two business days on their way, and time to answer the e-mail
ENGINE_WAITS: Final = timedelta(hours=1)  # so long a customer on the page is left in peace before the engine tries
PAYABLE: Final = frozenset({"pending", "overdue", "written_off"})
OVER: Final = FINAL_STATUSES[Topic.INTENT]
USABLE_SETUP: Final = frozenset({"requires_payment_method", "requires_confirmation", "requires_action"})


class PageState(StrEnum):
    """What the page has to say."""

    READY = "ready"
    TRYING = "trying"
    PROCESSING = "processing"
    PAID = "paid"
    NOTHING_DUE = "nothing_due"
    PART_PAID = "part_paid"
    SAVED = "saved"
    VERIFYING = "verifying"
    FAILED = "failed"
    LATER = "later"
    UNSURE = "unsure"


@dataclass(frozen=True, slots=True)
class Session:
    """What the browser needs: a secret for Stripe.js, where there is something to do."""

    state: PageState
    client_secret: str = ""


@dataclass(frozen=True, slots=True)
class Counter:
    """What serving a customer works with."""

    store: PageStore
    gateway: Gateway
    clock: Clock
    environment: str = "billing"


def shown_state(invoice: PageInvoice) -> PageState:
    """What an invoice's page says before anything is asked of Stripe."""
    if invoice.state == "paid":
        return PageState.PAID
    if invoice.state not in PAYABLE or invoice.remaining.minor <= 0:
        return PageState.NOTHING_DUE
    if invoice.part_paid:
        return PageState.PART_PAID
    if invoice.intent_status == "processing":
        return PageState.PROCESSING
    if invoice.charger == "stripe":
        return PageState.LATER  # an intent of ours beside Stripe's invoice would be a second charger
    return PageState.TRYING if invoice.in_flight else PageState.READY


def stripes_page(counter: Counter, invoice: PageInvoice) -> str:
    """Where Stripe takes the payment of an open invoice that it bills; '' where it does not bill it, or does not answer."""
    if invoice.charger != "stripe" or shown_state(invoice) is not PageState.LATER:
        return ""
    found = read_quietly(counter.gateway, f"/v1/invoices/{invoice.stripe_invoice_id}")
    return str((found or {}).get("hosted_invoice_url") or "")


def open_payment(counter: Counter, invoice: PageInvoice) -> Session:
    """A secret with which the browser can pay the invoice; the same intent that the engine tries."""
    if (state := shown_state(invoice)) is not PageState.READY or invoice.customer_id is None:
        return Session(PageState.LATER if state is PageState.READY else state)
    intent = _known_intent(counter, invoice) or _new_intent(counter, invoice)
    if intent is None:
        return Session(PageState.LATER)
    match intent["status"]:
        case "succeeded":
            _tell(counter, intent)
            return Session(PageState.PAID)
        case "processing":
            _tell(counter, intent)
            return Session(PageState.PROCESSING)
        case "requires_action" if waits_for_deposits(intent):
            return Session(PageState.VERIFYING)
        case "canceled" | "requires_capture":
            return Session(PageState.LATER)
        case _:
            return Session(PageState.READY, _opened(counter, invoice, intent)["client_secret"])


def open_setup(counter: Counter, invoice: PageInvoice) -> Session:
    """A secret with which the browser can leave a card or bank account. An unused one is handed out again.

    Not one of an earlier customer: what it saves would be of a customer that is deleted.
    """
    if invoice.customer_id is None:
        return Session(PageState.LATER)
    if invoice.setup_intent_id:
        known = counter.gateway.read(f"/v1/setup_intents/{invoice.setup_intent_id}")
        is_theirs = known is not None and id_of(known.get("customer")) == invoice.customer_id
        if known and is_theirs and waits_for_deposits(known):
            return Session(PageState.VERIFYING)
        if known and is_theirs and known["status"] in USABLE_SETUP:
            return Session(PageState.READY, known["client_secret"])
    currency = invoice.remaining.currency
    request = set_up_method(invoice.account_id, invoice.customer_id, currency, counter.environment)
    made = _carried_out(counter, Operation.SETUP, str(invoice.account_id), invoice.setups, request)
    return Session(PageState.READY, made["client_secret"]) if made else Session(PageState.LATER)


def close_payment(counter: Counter, invoice: PageInvoice) -> PageState:
    """What came of it, as Stripe says. The fact goes into the inbox; what paid is charged from now on.

    A bank debit is on its way for days: processing is not paid, and not refused either.
    """
    if not invoice.payment_intent_id:
        return PageState.FAILED
    intent = counter.gateway.read(f"/v1/payment_intents/{invoice.payment_intent_id}", {"expand": WITH_FEE})
    if intent is None:
        return PageState.FAILED
    _tell(counter, intent)
    if waits_for_deposits(intent):
        with counter.store.transaction():
            counter.store.postpone(invoice.invoice_id, invoice.seq, counter.clock.now() + DEPOSITS_TAKE)
        return PageState.VERIFYING
    if intent["status"] not in ("succeeded", "processing"):
        return PageState.FAILED
    _make_default(counter, invoice, id_of(intent.get("payment_method")))
    return PageState.PAID if intent["status"] == "succeeded" else PageState.PROCESSING


def close_setup(counter: Counter, invoice: PageInvoice) -> PageState:
    """Whether a card or bank account was saved, as Stripe says. It is charged from now on, first for what is open."""
    if not invoice.setup_intent_id:
        return PageState.FAILED
    setup = counter.gateway.read(f"/v1/setup_intents/{invoice.setup_intent_id}", {"expand": ["payment_method"]})
    if setup is not None and waits_for_deposits(setup):
        return PageState.VERIFYING
    if setup is None or setup["status"] != "succeeded":
        return PageState.FAILED
    _tell(counter, setup)
    _make_default(counter, invoice, id_of(setup.get("payment_method")))
    return PageState.SAVED


def waits_for_deposits(intent: Json) -> bool:
    """Whether a bank account must be proven first, by small deposits that Stripe sends and asks its owner about."""
    action = intent.get("next_action") or {}
    return intent["status"] == "requires_action" and action.get("type") == "verify_with_microdeposits"


def _known_intent(counter: Counter, invoice: PageInvoice) -> Json | None:
    """The open collection's intent, if it asks for what is still owed."""
    if not invoice.payment_intent_id or not invoice.collection_open:
        return None
    intent = counter.gateway.read(f"/v1/payment_intents/{invoice.payment_intent_id}", {"expand": WITH_FEE})
    return intent if intent and intent["amount"] == invoice.remaining.minor else None


def _new_intent(counter: Counter, invoice: PageInvoice) -> Json | None:
    """An intent made for this customer; None where another process is at it, or one made before can still be paid."""
    if invoice.customer_id is None or not _is_alone(counter, invoice):
        return None
    seq = invoice.seq if invoice.collection_open else invoice.seq + 1
    subject, number = (
        collection_subject(invoice.invoice_id, seq),
        invoice.attempts + 1 if invoice.collection_open else 1,
    )
    bill = Bill(
        invoice.invoice_id, seq, invoice.account_id, invoice.customer_id, invoice.number, invoice.remaining,
        counter.environment,
    )  # fmt: skip
    key, now = key_of(Operation.CHARGE, subject, number), counter.clock.now()
    new = NewAttempt(Operation.CHARGE, subject, number, key, charge_on_page(bill))
    with counter.store.transaction():
        opened = counter.store.open_attempts([new], counter.gateway.api_version, now)
        waiting = NewCollection(invoice.invoice_id, seq, invoice.remaining, retry_at=now + ENGINE_WAITS)
        if not opened or not counter.store.open_collections([waiting], now):
            counter.store.withdraw_attempts([attempt.attempt_id for attempt in opened])
            return None
    return _sent(counter, opened[0])


def _is_alone(counter: Counter, invoice: PageInvoice) -> bool:
    """Whether no earlier intent can be paid any more; that of a closed collection, which an old tab may show, is canceled."""
    if not invoice.payment_intent_id or (not invoice.collection_open and invoice.intent_status in OVER):
        return True
    if invoice.collection_open:
        return False
    known = counter.gateway.read(f"/v1/payment_intents/{invoice.payment_intent_id}", {"expand": WITH_FEE})
    if known is None:
        return False
    if known["status"] in OVER:
        _tell(counter, known)
        return bool(known["status"] == "canceled")
    if known["status"] in UNDER_WAY:
        return False
    cancel = canceling(invoice.invoice_id, invoice.seq, invoice.payment_intent_id)
    with counter.store.transaction():
        said = counter.store.open_attempts([cancel], counter.gateway.api_version, counter.clock.now())
    ended = _sent(counter, said[0]) if said else None
    return ended is not None and ended["status"] == "canceled"


def _opened(counter: Counter, invoice: PageInvoice, intent: Json) -> Json:
    """The intent, set to take and keep every way to pay that is offered; as it is where Stripe will not have that."""
    currency = invoice.remaining.currency
    taken = intent.get("allowed_payment_method_types") or intent["payment_method_types"]
    if intent.get("setup_future_usage") == "off_session" and set(ways_to_pay(currency)) <= set(taken):
        return intent
    key = IdempotencyKey(f"page:{intent['id']}:open:{invoice.attempts}")  # the engine's next try narrows it again
    try:
        return counter.gateway.send(open_on_page(intent["id"], currency), key).body
    except NOT_NOW:
        return intent


def _make_default(counter: Counter, invoice: PageInvoice, method: str) -> None:
    """Have Stripe charge this method from now on, once it is the customer's; its own event then tells us."""
    if method and invoice.customer_id and _is_theirs(counter, method, invoice.customer_id):
        request = choose_method(invoice.customer_id, PaymentMethodId(method))
        _carried_out(counter, Operation.CUSTOMER, f"{invoice.account_id}#card", invoice.choices, request)


def _is_theirs(counter: Counter, method: str, customer: CustomerId) -> bool:
    """Whether the method is attached; an account whose debit is on its way may be attached only once it succeeded."""
    known = read_quietly(counter.gateway, f"/v1/payment_methods/{method}")
    return known is not None and id_of(known.get("customer")) == customer


def _carried_out(counter: Counter, operation: Operation, subject: str, before: int, request: Request) -> Json | None:
    """The reply to one more call of this kind, said before and written after; None where there is none yet."""
    new = NewAttempt(operation, subject, before + 1, key_of(operation, subject, before + 1), request)
    with counter.store.transaction():
        opened = counter.store.open_attempts([new], counter.gateway.api_version, counter.clock.now())
    return _sent(counter, opened[0]) if opened else None


def _sent(counter: Counter, attempt: Attempt) -> Json | None:
    answer = answer_to(counter.gateway, attempt)
    now = counter.clock.now()
    counter.store.settle(attempt, settled_by(attempt, answer, now, counter.gateway.api_version), now)
    return answer.found if answer.verdict.outcome not in (None, Outcome.REFUSED) else None


def _tell(counter: Counter, found: Json) -> None:
    """Put what was read into the inbox, under a name that the same news always gets."""
    key = fact_key(found)
    fact = Fact(
        event_id=f"reply:page:{key}",
        source="reply",
        type=f"{found['object']}.reply",
        object_type=str(found["object"]),
        object_id=str(found["id"]),
        fact_key=key,
        occurred_at=moment_of(found),
        payload_json=canonical(found),
        api_version=counter.gateway.api_version,
        livemode=bool(found.get("livemode")),
    )
    with counter.store.transaction():
        counter.store.put([fact], counter.clock.now())
