"""Alerts for the people of finance: an e-mail each, through the same mailer as everything else, once per occasion."""

from collections.abc import Sequence
from typing import Final

from billing_pipeline.adapters.reconciliation_parts import parts_of
from billing_pipeline.adapters.stores.dunning_store import DunningStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.reconciliation import Severity
from billing_pipeline.dunning_parts import dunning_parts
from billing_pipeline.flows.plan_dunning import closed_gate_alert, plan_dunning
from billing_pipeline.flows.ports.dunning import Letter, Message

LISTED_MAX: Final = 20  # an alert is read on a phone; the rest is in the UI
NOBODY: Final = AccountId("")


def alert(world: World, name: str, subject: str, text: str) -> None:
    """Send one e-mail to BILLING_ALERT_TO. name: of the occasion, so that files of one occasion replace each other."""
    letter = Letter(f"[billing] {subject}", text, f"<pre>{text}</pre>")
    to, now = world.settings.alert_to, world.clock.now()
    message = Message(f"alert-{name}", NOBODY, (), "alert", "en", to, letter, now)
    dunning_parts(world).mailer.send(message)


def alert_divergences(world: World, seen: Sequence[str]) -> list[str]:
    """The open error divergences; those not seen before are mailed, and so is a dunning queue that waits for a day."""
    open_errors = [d for d in parts_of(world).divergences.divergences() if d.finding.severity is Severity.ERROR]
    new = [d for d in open_errors if d.divergence_id not in seen]
    if new:
        lines = [f"{d.finding.kind}  {d.finding.subject}" for d in new[:LISTED_MAX]]
        more = [f"... and {len(new) - LISTED_MAX} more"] if len(new) > LISTED_MAX else []
        alert(
            world,
            f"divergences-{world.clock.now():%Y%m%dT%H%M}",
            f"{len(new)} new divergences",
            "\n".join(lines + more),
        )
    alert_waiting_dunning(world)
    return [d.divergence_id for d in open_errors]


def alert_waiting_dunning(world: World) -> None:
    """One e-mail a day while reconciliation is too old for dunning: how many invoices wait."""
    parts = dunning_parts(world)
    rows = plan_dunning(DunningStore(world.db), parts.gate, parts.policy, world.clock)
    if said := closed_gate_alert(rows, parts.desk.agreed_at(), world.clock.now()):
        alert(world, f"dunning-waits-{world.clock.now():%Y%m%d}", "dunning waits for reconciliation", said)
