"""Every subscription has its mirror in Stripe, held while we charge; what changed here is told there, and the other way."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.errors import BillingError, Broken
from billing_pipeline.domain.ids import PriceId
from billing_pipeline.domain.mirror import Inexpressible, Later, NoMirror, Wanted, goal
from billing_pipeline.domain.mirror_policy import MirrorPolicy
from billing_pipeline.flows.call_stripe import settle_calls
from billing_pipeline.flows.follow_edits import follow_edits
from billing_pipeline.flows.mirror_calls import (
    Desk,
    end_mirror_of,
    forgotten,
    keep_in_step,
    make_mirror,
    note,
    read_mirror,
)
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.sync import MirrorCase, SyncStore
from billing_pipeline.flows.send_attempts import in_threads

SUBSCRIPTIONS_MAX: Final = 10_000  # per run; the rest follows with the next
THREADS: Final = 8  # a mirror is no hurry: half of what collecting takes

WORDS: Final = (
    "created", "held", "updated", "unchanged", "replaced", "ended", "applied", "proposed", "later", "inexpressible",
    "refused", "unknown",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Synced:
    """What a run did, in subscriptions. later: no mirror yet; inexpressible: billed by the engine alone.

    applied, proposed: changes made in Stripe. why: subscription -> reason, of those later, inexpressible or refused.
    """

    created: int = 0
    held: int = 0
    updated: int = 0
    unchanged: int = 0
    replaced: int = 0
    ended: int = 0
    applied: int = 0
    proposed: int = 0
    later: int = 0
    inexpressible: int = 0
    refused: int = 0
    unknown: int = 0
    why: dict[str, str] = field(default_factory=dict)


# long because each argument of a run is named
def sync_subscriptions(
    store: SyncStore,
    gateway: Gateway,
    clock: Clock,
    policy: MirrorPolicy,
    *,
    limit: int = SUBSCRIPTIONS_MAX,
    threads: int = THREADS,
    environment: str = "billing",
    progress: Callable[[int], None] = lambda done: None,
) -> Synced:
    """Make, hold, change and end mirrors until each is as it should be. Nothing is called when nothing changed.

    A mirror is looked at before it is changed, so a lost reply or a crash is mended by the next run. Raises Broken when
    Stripe refuses the key.
    """
    desk = Desk(store, gateway, clock, policy, environment)
    settle_calls(store, gateway, clock, [Operation.MIRROR, Operation.UNHOLD])
    counts: Counter[str] = Counter()
    why: dict[str, str] = {}
    answers = in_threads(store.mirrors_to_check(limit), lambda case: (case, sync_one(desk, case)), threads)
    for done, (case, (words, reason)) in enumerate(answers, start=1):
        counts.update(words)
        if reason:
            why[case.subscription_id] = reason
        progress(done)
    return Synced(**{word: counts[word] for word in WORDS}, why=dict(sorted(why.items())))


def sync_one(desk: Desk, case: MirrorCase) -> tuple[list[str], str]:
    """What was done for one subscription, in words, and why something was not."""
    try:
        return _sync(desk, case)
    except Broken:
        raise
    except BillingError as error:
        return ["unknown"], str(error)  # Stripe could not be asked; the next run asks again


def _sync(desk: Desk, case: MirrorCase) -> tuple[list[str], str]:
    if case.subscription is None:
        return _later(desk, case, Later(case.fault))
    want = goal(case.subscription, case.links, case.mirrored, case.last, desk.clock.now(), desk.environment)
    match want:
        case NoMirror():
            return _none(desk, case, want.why)
        case Later():
            return _later(desk, case, want)
        case Inexpressible():
            return _inexpressible(desk, case, want)
        case Wanted():
            return _mirror(desk, case, want)
        case _:
            assert_never(want)


def _none(desk: Desk, case: MirrorCase, why: str) -> tuple[list[str], str]:
    """The subscription is over, or stands still: so is its mirror, also one that the books have lost."""
    if desk.store.call_open(Operation.MIRROR, case.subscription_id):
        return ["unknown"], ""  # it may be making one at this moment
    left = case if case.mirrored.alive else forgotten(desk, case)
    if left and not end_mirror_of(desk, left, why):
        return ["unknown"], ""
    note(desk, case, "canceled" if (left or case).mirrored.stripe_id else "none", why, digest=case.digest)
    return ["ended" if left else "unchanged"], ""


def _later(desk: Desk, case: MirrorCase, why: Later) -> tuple[list[str], str]:
    """Nothing can be done yet: it is looked at again by every run."""
    if case.reason != why.why:
        note(desk, case, case.mirrored.state, why.why)
    return ["later"], why.why


def _inexpressible(desk: Desk, case: MirrorCase, why: Inexpressible) -> tuple[list[str], str]:
    """The engine bills it alone. A mirror that Stripe charges by itself stays: a person must give it back first."""
    if case.mirrored.state == "taken_over":
        note(desk, case, "taken_over", why.part, digest=case.digest)
        return ["refused"], why.part
    if case.mirrored.alive and not end_mirror_of(desk, case, why.part):
        return ["unknown"], ""
    note(desk, case, "inexpressible", why.part, digest=case.digest)
    return ["inexpressible"], why.part


def _mirror(desk: Desk, case: MirrorCase, want: Wanted) -> tuple[list[str], str]:
    """Make the mirror, or bring the one that there is in step."""
    if not case.mirrored.alive:
        return make_mirror(desk, case, want)
    there = read_mirror(desk, case)
    if there is None or there.over:
        return follow_edits(desk, case, want, there, {})
    if case.edited_there:
        return follow_edits(desk, case, want, there, our_prices(case))
    return keep_in_step(desk, case, want, there)


def our_prices(case: MirrorCase) -> Mapping[str, PriceId]:
    """Our prices by Stripe's."""
    return {sold.stripe_id: price for price, sold in case.links.prices.items()}
