"""Repair what is known how to: propose, let people approve, do it, look whether it helped. A repair only adds facts."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from billing_pipeline.domain.errors import BillingError, Broken, TryLater, Unknown
from billing_pipeline.domain.events import OBJECT_TOPICS, fact_key, read_path
from billing_pipeline.domain.reconciliation import ReconciliationPolicy
from billing_pipeline.domain.repairs import OBJECT_OF, Repair, RepairKind, propose
from billing_pipeline.flows.facts import canonical, moment_of
from billing_pipeline.flows.ports import Clock, Fact, Gateway, Inbox, Json
from billing_pipeline.flows.ports.reconciliation import DivergenceStore, RepairStore, StoredRepair

MACHINE: Final = "reconciliation"
"""Who asks for the repairs that the comparison itself proposes."""


Hands = Mapping[RepairKind, Callable[[StoredRepair], str]]
"""Flows that do what is not done by telling a fact, such as settling an attempt; each says what it did."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a call did. waiting: repairs that a person must approve. would: what a dry run would have done, by kind."""

    proposed: int = 0
    done: int = 0
    failed: int = 0
    postponed: int = 0
    waiting: int = 0
    without_effect: int = 0
    by_kind: dict[str, int] = field(default_factory=dict)
    would: dict[str, int] = field(default_factory=dict)


def repair_divergences(  # long because it works with two stores, a gateway, an inbox, a clock and a policy
    divergences: DivergenceStore,
    store: RepairStore,
    gateway: Gateway,
    inbox: Inbox,
    clock: Clock,
    policy: ReconciliationPolicy,
    *,
    hands: Hands | None = None,
    dry_run: bool = False,
) -> Repaired:
    """Propose a repair for every open divergence that has one, then do those that are safe and small, or approved.

    What was told to the inbox takes effect when the inbox is applied; the next reconciliation shows whether it helped.
    """
    wanted = [one for d in divergences.divergences() if (one := propose(d.finding))]
    if dry_run:
        return Repaired(would=dict(Counter(str(one.kind) for one in wanted if one.runs_by_itself(policy))))
    without_effect = give_up_on(store, wanted, clock)
    helpful = [one for one in wanted if (one.divergence_id, one.kind) not in without_effect]
    proposed = store.propose(helpful, MACHINE, clock.now())
    tally: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for stored in [*store.repairs("proposed"), *store.repairs("approved")]:
        if stored.state == "proposed" and not stored.repair.runs_by_itself(policy):
            tally["waiting"] += 1
            continue
        ended = run_repair(stored, store, gateway, inbox, clock, policy, hands or {})
        tally[ended] += 1
        kinds[stored.kind] += ended == "done"
    return Repaired(
        proposed, tally["done"], tally["failed"], tally["postponed"], tally["waiting"], len(without_effect),
        {kind: count for kind, count in kinds.items() if count},
    )  # fmt: skip


def give_up_on(store: RepairStore, wanted: Sequence[Repair], clock: Clock) -> set[tuple[str, RepairKind]]:
    """What was done and is wanted again: it did not help, so it waits for a person and is not repeated in a circle.

    A divergence that now wants something else was helped half the way: a second payment is first told, then given back.
    """
    again = {(one.divergence_id, one.kind) for one in wanted}
    useless = [stored for stored in store.without_effect() if (stored.repair.divergence_id, stored.kind) in again]
    for stored in useless:
        if stored.state == "done":
            store.finish(stored.repair_id, "failed", "the next reconciliation saw the divergence again", clock.now())
    return {(stored.repair.divergence_id, stored.kind) for stored in useless}


def run_repair(  # long because it takes what its caller works with
    stored: StoredRepair,
    store: RepairStore,
    gateway: Gateway,
    inbox: Inbox,
    clock: Clock,
    policy: ReconciliationPolicy,
    hands: Hands,
) -> str:
    """How it ended: 'done', 'failed' or 'postponed'. A failure is kept with its reason and stops no other repair.

    Postponed: Stripe could not be asked; the repair stays as it is and is tried again.
    """
    try:
        refuse_large(stored.repair, policy)
        if stored.kind in hands:
            ended, outcome = "done", hands[stored.kind](stored)
        else:
            ended, outcome = "done", tell(stored, gateway, inbox, clock)
    except (TryLater, Unknown):
        return "postponed"
    except BillingError as error:
        ended, outcome = "failed", str(error)
    store.finish(stored.repair_id, ended, outcome, clock.now())
    return ended


def refuse_large(repair: Repair, policy: ReconciliationPolicy) -> None:
    """Nothing. Raises Broken above the money limit, approved or not."""
    if repair.amount_minor > policy.approved_repair_minor_max:
        raise Broken(
            f"{repair.amount_minor} {repair.currency} (minor units) is above approved_repair_minor_max: book it by hand"
        )


def tell(stored: StoredRepair, gateway: Gateway, inbox: Inbox, clock: Clock) -> str:
    """Tell the inbox the object as Stripe shows it now; what was told. Raises Broken when Stripe does not know it."""
    repair = stored.repair
    if repair.kind not in OBJECT_OF:
        raise Broken(f"nobody here can {repair.kind} by itself: do it by hand and explain the divergence")
    path = read_path(OBJECT_TOPICS[repair.object_type], repair.object_id)
    found = gateway.read(path[0], {"expand": list(path[1])} if path[1] else None) if path else None
    if found is None:
        raise Broken(f"Stripe has no {repair.object_type} {repair.object_id}")
    told = inbox.put([fact_of(stored, adopted(found, repair), gateway.api_version)], clock.now())
    return f"told the inbox of {repair.object_id}" if told else f"the inbox had heard of {repair.object_id} before"


def adopted(found: Json, repair: Repair) -> Json:
    """The object; an orphan with the invoice that a person has named for it."""
    if repair.kind is not RepairKind.ADOPT_ORPHAN:
        return found
    if repair.invoice is None:
        raise Broken(
            f"name the invoice that {repair.object_id} pays: `billing-pipeline repairs approve ID --invoice INVOICE`"
        )
    return {**found, "metadata": {**(found.get("metadata") or {}), "invoice_id": repair.invoice}}


def fact_of(stored: StoredRepair, found: Json, api_version: str) -> Fact:
    """The object as a fact of this repair: it is told once, however often the repair is run."""
    repair = stored.repair
    return Fact(
        event_id=f"repair:{stored.repair_id}:{repair.object_id}",
        source="repair",
        type=f"{repair.object_type}.swept",
        object_type=repair.object_type,
        object_id=repair.object_id,
        fact_key=fact_key(found),
        occurred_at=moment_of(found),
        payload_json=canonical(found),
        api_version=api_version,
        livemode=bool(found.get("livemode")),
    )
