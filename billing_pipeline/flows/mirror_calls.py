"""The calls that make, hold, change and end one mirror."""

from dataclasses import dataclass, replace
from typing import Final

from billing_pipeline.domain.attempts import Operation
from billing_pipeline.domain.ids import CustomerId, StripeSubscriptionId, SubscriptionId
from billing_pipeline.domain.mirror import Inexpressible, Mirrored, Wanted, refuse_archived, refuse_currency
from billing_pipeline.domain.mirror_policy import MirrorPolicy
from billing_pipeline.domain.mirror_requests import (
    EXPANDED,
    Aspect,
    Seen,
    collect_again,
    create_mirror,
    differences,
    end_mirror,
    hold,
    item_links,
    mend_mirror,
    seen,
    unhold,
)
from billing_pipeline.domain.requests import Request
from billing_pipeline.flows.call_stripe import call_stripe, refusal, succeeded
from billing_pipeline.flows.ports import Clock, Gateway, Json
from billing_pipeline.flows.ports.sync import MirrorCase, MirrorNote, SyncStore
from billing_pipeline.flows.send_attempts import Answer

Done = tuple[list[str], str]
"""What was done, in words of the summary, and why something was not."""

UNKNOWN: Final[Done] = (["unknown"], "")
HOLDABLE: Final = frozenset({Aspect.HOLD})


@dataclass(frozen=True, slots=True)
class Desk:
    """What a run works with."""

    store: SyncStore
    gateway: Gateway
    clock: Clock
    policy: MirrorPolicy
    environment: str


def call(desk: Desk, case: MirrorCase, request: Request, operation: Operation = Operation.MIRROR) -> Answer | None:
    """What Stripe answered to a call about the subscription's mirror."""
    return call_stripe(desk.store, desk.gateway, desk.clock, operation, case.subscription_id, request)


def note(
    desk: Desk, case: MirrorCase, state: str, reason: str = "", *, digest: str | None = None, there: Seen | None = None
) -> None:
    """Write down how the mirror stands. there: the mirror as it was last read."""
    links = item_links(there) if there else None
    stripe_id = there.stripe_id if there else None
    desk.store.note_mirror(MirrorNote(case.subscription_id, state, reason, digest, stripe_id, links))


def read_mirror(desk: Desk, case: MirrorCase, stripe_id: str = "") -> Seen | None:
    """The mirror as Stripe has it now, or None where Stripe has none."""
    name = stripe_id or case.mirrored.stripe_id
    found = desk.gateway.read(f"/v1/subscriptions/{name}", {"expand": EXPANDED})
    return seen(found) if found is not None else None


def make_mirror(desk: Desk, case: MirrorCase, want: Wanted) -> Done:
    """Adopt the mirror that Stripe has already, or make one; then hold it and look whether it is held."""
    if (there := adoptable(desk, case, want.customer)) is not None:
        note(desk, case, "created", "adopted: Stripe had a mirror of it already", there=there)
        return keep_in_step(desk, adopted(case, there), want, there)
    if (why := refuse_archived(want, case.links, {})) is not None:
        return refused(desk, case, why)
    answer = call(desk, case, create_mirror(want))
    if answer is None or not succeeded(answer) or answer.found is None:
        return failed(desk, case, answer)
    made = seen(answer.found)
    note(desk, case, "created", "", there=made)
    call(desk, case, hold(made.stripe_id))
    words, why_not = confirm(desk, adopted(case, made), want)
    return ["created", *words], why_not


def adopted(case: MirrorCase, there: Seen) -> MirrorCase:
    """The case with the mirror that it has now."""
    return replace(case, mirrored=Mirrored(there.stripe_id, "created"))


def forgotten(desk: Desk, case: MirrorCase) -> MirrorCase | None:
    """The case with a living mirror that the books have no more: its maker died, or it was left held; None for none.

    Stripe is asked only where a mirror was ever asked for. A deleted customer has none.
    """
    if case.links.customer is None or not desk.store.attempts_made(Operation.MIRROR, case.subscription_id):
        return None
    there = adoptable(desk, case, case.links.customer)
    return adopted(case, there) if there else None


def adoptable(desk: Desk, case: MirrorCase, customer: CustomerId) -> Seen | None:
    """A living mirror that carries our id: made before a crash, or before this database was restored."""
    listed = {"customer": customer, "expand": [f"data.{one}" for one in EXPANDED]}
    for page in desk.gateway.pages("/v1/subscriptions", listed):
        for one in page.objects:
            if is_ours(one, case.subscription_id, desk.environment) and not (there := seen(one)).over:
                return there
    return None


def is_ours(listed: Json, subscription_id: SubscriptionId, environment: str) -> bool:
    """Whether a listed subscription is a mirror of this one, of this environment."""
    marks = listed.get("metadata") or {}
    return marks.get("subscription_id") == subscription_id and marks.get("environment") == environment


def keep_in_step(desk: Desk, case: MirrorCase, want: Wanted, there: Seen) -> Done:
    """Mend what differs; a mirror in another rhythm is replaced while it is held."""
    if (why := refuse_currency(want, there.currency)) is not None:
        return refused(desk, case, why, there)
    found = differences(there, want)
    if Aspect.PERIOD in found and want.held:
        return replaced(desk, case, want, found[Aspect.PERIOD])
    return mend(
        desk, case, want, there, {aspect: words for aspect, words in found.items() if aspect is not Aspect.PERIOD}
    )


def mend(desk: Desk, case: MirrorCase, want: Wanted, there: Seen, found: dict[Aspect, str]) -> Done:
    """Send what differs in one request, then look whether it is as it should be."""
    has = {item.item_id: item.price for item in there.items}
    if (why := refuse_archived(want, case.links, has)) is not None:
        return refused(desk, case, why, there)
    sent = ["updated"] if found.keys() - HOLDABLE or (want.held and not there.held) else []
    if sent and not succeeded(answer := call(desk, case, mend_mirror(there, want, found))):
        return failed(desk, case, answer)
    released = not want.held and there.held and not case.switching
    if released and not succeeded(answer := call(desk, case, unhold(there.stripe_id, there.method), Operation.UNHOLD)):
        return failed(desk, case, answer)
    if not sent and not released:
        return noted(desk, case, want, there)
    words, why_not = confirm(desk, case, want)
    return [*(sent or ["updated"]), *[word for word in words if word != "held"]], why_not


def confirm(desk: Desk, case: MirrorCase, want: Wanted) -> Done:
    """Read the mirror again; only what was read counts."""
    there = read_mirror(desk, case)
    if there is None:
        return UNKNOWN
    if want.held and not there.held:
        note(desk, case, "created", "it is not held yet", there=there)
        return UNKNOWN
    words, why = noted(desk, case, want, there)
    return (["held"] if want.held else []) + [word for word in words if word != "unchanged"], why


def noted(desk: Desk, case: MirrorCase, want: Wanted, there: Seen) -> Done:
    """Write down that the mirror follows from the subscription as it is."""
    if want.held and not there.held:
        return UNKNOWN
    left = differences(there, want) if want.held else {}
    why = f"it still differs in {', '.join(sorted(left))}" if left else ""
    note(desk, case, "held" if there.held else "taken_over", why, digest=case.digest, there=there)
    return (["refused"], why) if why else (["unchanged"], "")


def replaced(desk: Desk, case: MirrorCase, want: Wanted, words: str) -> Done:
    """End a held mirror whose periods are not ours, and make another that has them. It is made once it may be."""
    if not end_mirror_of(desk, case, f"its period moved: {words}"):
        return UNKNOWN
    note(desk, case, "none", f"its period moved: {words}", digest="")
    return ["replaced"], ""


def end_mirror_of(desk: Desk, case: MirrorCase, why: str) -> bool:
    """Whether the mirror is over. That we end it is written down first: its deletion is then no news."""
    stripe_id = case.mirrored.stripe_id
    if stripe_id is None:
        return True
    note(desk, case, "canceled", why, digest="")
    answer = call(desk, case, end_mirror(stripe_id))
    there = read_mirror(desk, case)
    if there is not None and not there.over:
        note(desk, case, "created", f"it could not be ended: {refusal(answer)}", digest="")
        return False
    collect_on(desk, case, stripe_id)
    return True


def collect_on(desk: Desk, case: MirrorCase, ended: StripeSubscriptionId) -> None:
    """Ending one subscription stops collection of all invoices of its customer: let Stripe go on with those it bills."""
    for invoice in desk.store.open_stripe_invoices(case.subscription_id):
        answer = call(desk, case, collect_again(invoice))
        if refusal(answer):
            note(desk, case, "canceled", f"{invoice} is not collected since {ended} ended: {refusal(answer)}")


def refused(desk: Desk, case: MirrorCase, why: Inexpressible, there: Seen | None = None) -> Done:
    """What Stripe cannot do stays as it is and is billed by the engine; a mirror that is there stays held."""
    if there is not None and not there.held and case.mirrored.state != "taken_over":
        call(desk, case, hold(there.stripe_id))
    state = "taken_over" if case.mirrored.state == "taken_over" else "inexpressible"
    note(desk, case, state, why.part, digest=case.digest)
    return ["inexpressible"], why.part


def failed(desk: Desk, case: MirrorCase, answer: Answer | None) -> Done:
    """Stripe refused it, or nobody knows: the next run looks again."""
    words = refusal(answer)
    if not words:
        return UNKNOWN
    note(desk, case, case.mirrored.state, f"Stripe refused it: {words}")
    return ["refused"], words
