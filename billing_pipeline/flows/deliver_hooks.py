"""Tell other systems of suspensions and reinstatements, until they have heard it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.dunning import Delivery, DunningStore, Hook, HookSender, Outcome

BATCH_MAX: Final = 50
LEASE: Final = timedelta(minutes=10)  # 50 hooks at 10 seconds each, and some air
BACK_OFF: Final = tuple(
    timedelta(minutes=m) for m in (1, 5, 30, 120, 360, 720, 1440, 1440)
)  # three days, then a person


@dataclass(frozen=True, slots=True)
class Told:
    """How the hooks ended. deferred: told again later. failed: given up after three days."""

    delivered: int = 0
    deferred: int = 0
    failed: int = 0


def deliver_hooks(store: DunningStore, sender: HookSender, clock: Clock, *, limit: int = 10_000) -> Told:
    """Post every hook that is due, oldest first; at least once each: the receiver knows a repetition by the id."""
    words: list[str] = []
    while len(words) < limit:
        now = clock.now()
        with store.transaction():
            claimed = store.claim_hooks(min(BATCH_MAX, limit - len(words)), now, now + LEASE)
        if not claimed:
            break
        words += [_settle(store, clock, hook, sender.post(hook, now)) for hook in claimed]
    return Told(words.count("delivered"), words.count("queued"), words.count("failed"))


def _settle(store: DunningStore, clock: Clock, hook: Hook, delivery: Delivery) -> str:
    now = clock.now()
    state = (
        "delivered" if delivery.outcome is Outcome.SENT else "queued" if hook.attempts <= len(BACK_OFF) else "failed"
    )
    next_try_at = now + BACK_OFF[min(hook.attempts, len(BACK_OFF)) - 1]
    store.note_hook(hook.hook_id, state, "" if state == "delivered" else delivery.words, next_try_at, now)
    return state
