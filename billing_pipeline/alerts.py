"""Alerts for the people of finance: an e-mail each, through the same mailer as everything else, once per occasion."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Final

from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.adapters.stores.dunning_store import DunningStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.reconciliation import Kind, Severity
from billing_pipeline.dunning_parts import dunning_parts
from billing_pipeline.flows.plan_dunning import closed_gate_alert, plan_dunning
from billing_pipeline.flows.ports.dunning import Letter, Message, Outcome
from billing_pipeline.flows.ports.reconciliation import Divergence

MENDED_FOR: Final = timedelta(days=1)  # a mirror that could charge is told of, though it was held before anybody looked
LISTED_MAX: Final = 20  # an alert is read on a phone; the rest is in the UI
NOBODY: Final = AccountId("")


def alert(world: World, name: str, subject: str, text: str) -> bool:
    """Whether the e-mail to BILLING_ALERT_TO may have left. name: of the occasion, so that a copy is seen as a copy."""
    letter = Letter(f"[billing] {subject}", text, f"<pre>{escape(text)}</pre>")
    to, now = world.settings.alert_to, world.clock.now()
    message = Message(f"alert-{name}", NOBODY, (), "alert", "en", to, letter, now)
    return dunning_parts(world).mailer.send(message).outcome in (Outcome.SENT, Outcome.UNCERTAIN)


def alert_divergences(world: World, seen: Sequence[str]) -> list[str]:
    """What need not be told again: open error divergences, and today's word about dunning that waits for a day.

    seen: what the last call returned. What could not be told is left out, so that the next call tries again.
    """
    matters = errors_of(world)
    new = [d for d in matters if d.divergence_id not in seen]
    told = not new or alert(
        world,
        f"divergences-{world.clock.now():%Y%m%dT%H%M}",
        f"{len(new)} new divergences",
        "\n".join([f"{d.finding.kind}  {d.finding.subject}" for d in new[:LISTED_MAX]] + more_than_listed(len(new))),
    )
    known = [d.divergence_id for d in matters if told or d.divergence_id in seen]
    return known + alert_waiting_dunning(world, seen)


def errors_of(world: World) -> list[Divergence]:
    """Open divergences of severity error, and mirrors that could charge until a moment ago."""
    store, since = parts_of(world).divergences, world.clock.now() - MENDED_FOR
    mended = store.divergences(state="resolved", kind=Kind.UNHELD_MIRROR)
    found = [d for d in store.divergences() if d.finding.severity is Severity.ERROR]
    return found + [d for d in mended if d.last_seen > since]


def more_than_listed(count: int) -> list[str]:
    """The last line of a list that is cut."""
    return [f"... and {count - LISTED_MAX} more"] if count > LISTED_MAX else []


def alert_waiting_dunning(world: World, seen: Sequence[str]) -> list[str]:
    """The name of today's alert, once it was sent: reconciliation is too old for dunning, and so many invoices wait."""
    parts, now = dunning_parts(world), world.clock.now()
    name = f"dunning-waits-{now:%Y%m%d}"
    if name in seen:
        return [name]
    rows = plan_dunning(DunningStore(world.db), parts.gate, parts.policy, world.clock)
    said = closed_gate_alert(rows, parts.desk.agreed_at(), now)
    return [name] if said and alert(world, name, "dunning waits for reconciliation", said) else []
