"""Carry the outbox: each message is sent once, or reported once."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, assert_never

from billing_pipeline.domain.dunning import UNDER_WAY
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.dunning import Delivery, DunningStore, Mailer, Message, Outcome
from billing_pipeline.flows.read_intents import read_intents

BATCH_MAX: Final = 5  # claimed at once; a slow server must not outlive the lease
LEASE: Final = timedelta(minutes=30)  # 5 messages, ten answers each, 30 seconds for every answer, and some air
FRESH: Final = timedelta(seconds=60)  # a notice older than this asks Stripe once more before it leaves
BACK_OFF: Final = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 480, 720))  # after that it has failed
ASKS_FOR_NOTHING: Final = frozenset({"reinstated"})


@dataclass(frozen=True, slots=True)
class Sent:
    """How messages ended. deferred: tried again later. withdrawn: paid meanwhile. uncertain: the answer was lost."""

    sent: int = 0
    deferred: int = 0
    failed: int = 0
    uncertain: int = 0
    withdrawn: int = 0


def send_messages(store: DunningStore, mailer: Mailer, gateway: Gateway, clock: Clock, *, limit: int = 10_000) -> Sent:
    """Send what is due. A message whose sender died in the act is reported as uncertain, never sent again by itself."""
    tally: Counter[str] = Counter()
    for stranded in store.stranded_messages(clock.now()):
        tally[_rescue(store, mailer, clock, stranded)] += 1
    done = 0
    while done < limit:
        with store.transaction():
            now = clock.now()
            claimed = store.claim_messages(min(BATCH_MAX, limit - done), now, now + LEASE)
        if not claimed:
            break
        for message in claimed:
            tally[_send(store, mailer, gateway, clock, message)] += 1
        done += len(claimed)
    return Sent(**{name: tally[name] for name in Sent.__slots__})


def _rescue(store: DunningStore, mailer: Mailer, clock: Clock, message: Message) -> str:
    now = clock.now()
    if mailer.repeatable:
        store.note_message(message.message_id, "queued", "", now, now)
        return "again"
    store.note_message(message.message_id, "uncertain", "the sender died while sending: ask the recipient", now, now)
    return "uncertain"


def _send(store: DunningStore, mailer: Mailer, gateway: Gateway, clock: Clock, message: Message) -> str:
    if not message.recipient:
        return _note(store, clock, message, "failed", "the account has no e-mail address")
    if lost := store.hard_bounce(message.message_id):
        return _note(store, clock, message, "failed", lost)
    if message.template not in ASKS_FOR_NOTHING and (why := _reason_to_withhold(store, gateway, clock, message)):
        word, error = why
        return _note(store, clock, message, word, error)
    return _settle(store, clock, message, mailer.send(message))


def _reason_to_withhold(
    store: DunningStore, gateway: Gateway, clock: Clock, message: Message
) -> tuple[str, str] | None:
    """Why a notice must not leave now: something on it was paid, or its step is old and Stripe does not say."""
    intents = store.open_intents(message.invoices)
    if len(intents) < len(message.invoices) and message.template not in AFTER_THE_END:
        return "withdrawn", "paid or disputed before it was sent"
    if clock.now() - message.queued_at <= FRESH:
        return None
    readings = read_intents(gateway, clock, intents, threads=1).values()
    if any(reading.status in UNDER_WAY for reading in readings):
        return "withdrawn", "Stripe has the payment already"
    return ("queued", "Stripe does not answer") if any(reading.silent for reading in readings) else None


AFTER_THE_END: Final = frozenset({"written_off"})
"""Templates of steps after which the invoice is overdue no more."""


def _settle(store: DunningStore, clock: Clock, message: Message, delivery: Delivery) -> str:
    match delivery.outcome:
        case Outcome.SENT:
            return _note(store, clock, message, "sent", "")
        case Outcome.UNCERTAIN:
            return _note(store, clock, message, "uncertain", delivery.words)
        case Outcome.REJECTED:
            return _note(store, clock, message, "failed", delivery.words)
        case Outcome.DEFERRED:
            too_often = message.attempts > len(BACK_OFF)
            return _note(store, clock, message, "failed" if too_often else "queued", delivery.words)
        case _:
            assert_never(delivery.outcome)


def _note(store: DunningStore, clock: Clock, message: Message, state: str, error: str) -> str:
    now = clock.now()
    store.note_message(message.message_id, state, error, _next_try(message, now), now)
    return "deferred" if state == "queued" else state


def _next_try(message: Message, now: datetime) -> datetime:
    return now + BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
