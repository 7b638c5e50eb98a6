"""What somebody changed in Stripe's dashboard or portal comes back: applied, proposed to a person, or taken back."""

from collections.abc import Mapping
from datetime import datetime

from billing_pipeline.domain.changes import Change
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import PriceId, SubscriptionId
from billing_pipeline.domain.mirror import Wanted
from billing_pipeline.domain.mirror_policy import change_for, decided
from billing_pipeline.domain.mirror_requests import Aspect, Seen, differences
from billing_pipeline.flows.mirror_calls import Desk, Done, keep_in_step, mend, note, replaced
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.sync import MirrorCase, ProposalStore

STRIPE: str = "stripe"
"""Who asked for a change that was made in Stripe."""

PROPOSALS_MAX = 1_000  # shown at a time; a person decides them one by one


def follow_edits(desk: Desk, case: MirrorCase, want: Wanted, there: Seen | None, prices: Mapping[str, PriceId]) -> Done:
    """Follow what was changed in Stripe since we last looked. there: None or over means that it was deleted there."""
    now = desk.clock.now()
    if there is None or there.over:
        return deleted(desk, case, now)
    if not differences(there, want):
        return keep_in_step(desk, case, want, there)
    told = decided(there, want, prices, case.subscription_id, desk.policy)
    for proposal in told.apply:
        desk.store.request(change_for(proposal, now, STRIPE), now)
    for proposal in told.propose:
        desk.store.propose(proposal, now)
    if Aspect.PERIOD in told.revert and want.held:
        return replaced(desk, case, want, told.revert[Aspect.PERIOD])
    words, why = taken_back(desk, case, want, there, dict(told.revert))
    return [*words, *["applied"] * len(told.apply), *["proposed"] * len(told.propose)], why


def taken_back(desk: Desk, case: MirrorCase, want: Wanted, there: Seen, found: dict[Aspect, str]) -> Done:
    """Mend what is neither applied nor proposed. What was followed stays as it is there until it is decided here."""
    found.pop(Aspect.PERIOD, None)
    if found:
        words, why = mend(desk, case, want, there, found)
        return [word for word in words if word != "refused"], why if "unknown" in words else ""
    note(desk, case, "held" if there.held else "taken_over", "changed in Stripe", digest=case.digest, there=there)
    return [], ""


def deleted(desk: Desk, case: MirrorCase, now: datetime) -> Done:
    """The mirror was deleted in Stripe: that cannot be undone there, so ours ends too. The event asks for the same."""
    subscription_id = case.subscription_id
    source = f"stripe:{case.mirrored.stripe_id}:deleted"
    asked = desk.store.request(Change(subscription_id, source, "cancel", {}, "now", now, STRIPE), now)
    note(
        desk,
        case,
        "canceled",
        "it was deleted in Stripe: start the subscription again to undo that",
        digest=case.digest,
    )
    return (["applied"] if asked else ["unchanged"]), ""


def decide_proposal(store: ProposalStore, clock: Clock, proposal_id: int, *, accept: bool, who: str) -> SubscriptionId:
    """The subscription whose proposal was decided. Accepted: it becomes a change; rejected: Stripe is set back.

    Raises Broken when nobody waits for that answer, or when no change of ours can express it.
    """
    found = next((one for one in store.open_proposals(PROPOSALS_MAX) if one.proposal_id == proposal_id), None)
    if found is None:
        raise Broken(f"no open proposal {proposal_id}: `billing-pipeline takeover proposals` lists them")
    now, told = clock.now(), found.proposal
    with store.transaction():
        store.decide(proposal_id, "applied" if accept else "rejected", who, now)
        if accept:
            store.request(change_for(told, now, who), now)
        else:
            store.push_again(told.subscription_id)
    return told.subscription_id
