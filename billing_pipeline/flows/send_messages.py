"""Carry the outbox: each message is sent once, or reported once."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from billing_pipeline.domain.dunning import UNDER_WAY
from billing_pipeline.flows.plan_dunning import block
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.dunning import Delivery, DunningGate, DunningStore, Mailer, Message, Outcome
from billing_pipeline.flows.read_intents import read_intents

BATCH_MAX: Final = 5  # claimed at once; a slow server must not outlive the lease
LEASE: Final = timedelta(minutes=30)  # 5 messages, ten answers each, 30 seconds for every answer, and some air
FRESH: Final = timedelta(seconds=60)  # an older notice asks reconciliation and Stripe once more before it leaves
BACK_OFF: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480, 720))  # after that it has failed
ASKS_FOR_NOTHING: Final = frozenset({"reinstated"})
AFTER_THE_END: Final = frozenset({"written_off"})  # what these tell of is overdue no more


@dataclass(frozen=True, slots=True)
class Sent:
    """How messages ended. deferred: tried again later. withdrawn: paid or on hold meanwhile. uncertain: the answer was lost."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """What messages are sent with."""

    store: DunningStore
    mailer: Mailer
    gateway: Gateway
    gate: DunningGate
    clock: Clock


def send_messages(
    store: DunningStore, mailer: Mailer, gateway: Gateway, gate: DunningGate, clock: Clock, *, limit: int = 10_000
) -> Sent:
    """Send what is due. A message whose sender died in the act is reported as uncertain, never sent again by itself."""
    post = Post(store, mailer, gateway, gate, clock)
    tally: Counter[str] = Counter()
    for stranded in store.stranded_messages(clock.now()):
        tally[_rescue(post, stranded)] += 1
    done = 0
    while done < limit:
        with store.transaction():
            now = clock.now()
            claimed = store.claim_messages(min(BATCH_MAX, limit - done), now, now + LEASE)
        if not claimed:
            break
        for message in claimed:
            tally[_send(post, message)] += 1
        done += len(claimed)
    return Sent(**{name: tally[name] for name in Sent.__slots__})


def _rescue(post: Post, message: Message) -> str:
    now = post.clock.now()
    if post.mailer.repeatable:
        post.store.note_message(message.message_id, "queued", "", now, now)
        return "again"
    why = "the sender died while sending: ask the recipient"
    post.store.note_message(message.message_id, "uncertain", why, now, now)
    return "uncertain"


def _send(post: Post, message: Message) -> str:
    if not message.recipient:
        return _note(post, message, "failed", "the account has no e-mail address")
    if lost := post.store.hard_bounce(message.message_id):
        return _note(post, message, "failed", lost)
    if message.template not in ASKS_FOR_NOTHING and (why := _reason_to_withhold(post, message)):
        word, error = why
        return _note(post, message, word, error)
    return _settle(post, message, post.mailer.send(message))


def _reason_to_withhold(post: Post, message: Message) -> tuple[str, str] | None:
    """Why a notice must not leave now: something on it is paid or on hold, or it is old and no longer stands on proof."""
    now = post.clock.now()
    intents = post.store.open_intents(message.invoices, now.date())
    if len(intents) < len(message.invoices) and message.template not in AFTER_THE_END:
        return "withdrawn", "paid, disputed or put on hold before it was sent"
    if now - message.queued_at <= FRESH:
        return None
    state, divergent = post.gate.gate(now), post.gate.held_invoices()
    if why := next((why for one in message.invoices if (why := block(state, divergent, one))), None):
        return "queued", why.detail
    readings = read_intents(post.gateway, post.clock, intents, threads=1).values()
    if any(reading.status in UNDER_WAY for reading in readings):
        return "withdrawn", "Stripe has the payment already"
    return ("queued", "Stripe does not answer") if any(reading.silent for reading in readings) else None


def _settle(post: Post, message: Message, delivery: Delivery) -> str:
    match delivery.outcome:
        case Outcome.SENT:
            return _note(post, message, "sent", "")
        case Outcome.UNCERTAIN:
            return _note(post, message, "uncertain", delivery.words)
        case Outcome.REJECTED:
            return _note(post, message, "failed", delivery.words)
        case Outcome.DEFERRED:
            too_often = message.attempts > len(BACK_OFF)
            return _note(post, message, "failed" if too_often else "queued", delivery.words)
        case _:
            assert_never(delivery.outcome)


def _note(post: Post, message: Message, state: str, error: str) -> str:
    now = post.clock.now()
    post.store.note_message(message.message_id, state, error, _next_try(message, now), now)
    return "deferred" if state == "queued" else state


def _next_try(message: Message, now: datetime) -> datetime:
    return now + BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
