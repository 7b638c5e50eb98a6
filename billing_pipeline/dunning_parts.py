"""The parts of dunning, wired: what commands and assets hand to its flows."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from billing_pipeline.adapters.dunning_policy_file import read_policy
from billing_pipeline.adapters.mail import open_mailer
from billing_pipeline.adapters.message_templates import TemplateLetters
from billing_pipeline.adapters.outgoing_webhook import OutgoingWebhook
from billing_pipeline.adapters.reconciliation_policy import load_policy
from billing_pipeline.adapters.stores.dunning_desk import DunningDesk
from billing_pipeline.adapters.stores.dunning_store import DunningStore
from billing_pipeline.adapters.stores.reconciliation_store import ReconciliationStore
from billing_pipeline.bootstrap import World
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.flows.deliver_hooks import Told, deliver_hooks
from billing_pipeline.flows.ports.dunning import DunningGate, HookSender, Letters, Mailer
from billing_pipeline.flows.reinstate_payers import Reinstated, reinstate_payers
from billing_pipeline.flows.run_dunning import Dunned, run_dunning
from billing_pipeline.flows.send_messages import Sent, send_messages
from billing_pipeline.settings import revealed
from billing_pipeline.web.links import pay_links

ALL: Final = 10_000  # more than that in one go means that something is wrong


@dataclass(frozen=True, slots=True)
class DunningParts:
    """Store, gate, policy, letters, mailer and hooks. hooks is None where no address is set: the rows wait."""

    world: World
    store: DunningStore
    desk: DunningDesk
    gate: DunningGate
    policy: Policy
    letters: Letters
    mailer: Mailer
    hooks: HookSender | None

    def run(self, run_id: str = "") -> Dunned:
        """Take every due step."""
        world = self.world
        return run_dunning(self.store, world.gateway, self.gate, self.policy, world.clock, self.letters, run_id=run_id)

    def reinstate(self) -> Reinstated:
        """Give back what was suspended to those who have paid."""
        return reinstate_payers(self.store, self.policy, self.world.clock, self.letters)

    def send(self, limit: int = ALL) -> Sent:
        """Carry so many messages."""
        return send_messages(self.store, self.mailer, self.world.gateway, self.gate, self.world.clock, limit=limit)

    def tell(self, limit: int = ALL) -> Told:
        """Carry so many hooks."""
        return deliver_hooks(self.store, self.hooks, self.world.clock, limit=limit) if self.hooks else Told()


def dunning_parts(world: World) -> DunningParts:
    """The parts that the settings describe. Raises Broken when the policy or a template is wrong, with its line."""
    settings = world.settings
    url, secret = settings.dunning_hook_url, revealed(settings.dunning_hook_secret)
    return DunningParts(
        world=world,
        store=DunningStore(world.db),
        desk=DunningDesk(world.db),
        gate=ReconciliationStore(world.db, load_policy(settings.policies).policy),
        policy=policy_in(settings.policies),
        letters=TemplateLetters(settings.policies / "templates", pay_links(settings, world.home, world.clock)),
        mailer=open_mailer(revealed(settings.smtp_url), settings.mail_from, world.home / "outbox"),
        hooks=OutgoingWebhook(url, secret) if url else None,
    )


def policy_in(folder: Path) -> Policy:
    """The policy in that folder, checked again only after one of its files was changed."""
    stamps = tuple(sorted((str(file), file.stat().st_mtime_ns) for file in folder.rglob("*") if file.is_file()))
    return _checked(folder, stamps)


@lru_cache(maxsize=4)
def _checked(folder: Path, stamps: tuple[tuple[str, int], ...]) -> Policy:
    return read_policy(folder)
