"""Give back what dunning took, as soon as a suspended account has paid."""

from dataclasses import dataclass

from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.errors import Codes
from billing_pipeline.flows.dunning_effects import language_of, message, subscription_fact
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.dunning import DunningStore, Hook, Letters, Notice, Reinstatable

TEMPLATE = "reinstated"


@dataclass(frozen=True, slots=True)
class Reinstated:
    """How many accounts got their service back."""

    accounts: int


def reinstate_payers(store: DunningStore, policy: Policy, clock: Clock, letters: Letters) -> Reinstated:
    """Reinstate every account that dunning suspended and that owes nothing overdue any more; each suspension once.

    Where all subscriptions have ended meanwhile, the suspension is over as well, and nobody is told that anything is back.
    It runs right after apply_events, so that a payer waits for no schedule; its facts are applied by the next call.
    """
    return Reinstated(sum(_reinstate(store, policy, clock, letters, one) for one in store.reinstatable()))


def _reinstate(store: DunningStore, policy: Policy, clock: Clock, letters: Letters, paid: Reinstatable) -> bool:
    now, (invoice, step) = clock.now(), paid.suspensions[0]
    with store.transaction():
        if not all(store.note_reinstated(one, key, now) for one, key in paid.suspensions):
            return False
        if paid.ended:
            return False
        cause = (paid.account, invoice, step, now)
        store.put([subscription_fact("reinstate", one, *cause) for one in paid.subscriptions], now)
        store.queue_hook(_hook(paid, clock))
        payer = store.payer(paid.account)
        lines = store.owed([one for one, _ in paid.suspensions])
        language, owed = language_of(policy, payer), tuple(lines.values())
        notice = Notice(TEMPLATE, language, payer.seller, payer.name, owed, Codes(), locale=payer.language)
        store.queue_message(message(f"{invoice}:reinstate:{step}", payer, notice, letters, now))
    return True


def _hook(paid: Reinstatable, clock: Clock) -> Hook:
    (invoice, step), now = paid.suspensions[0], clock.now()
    payload = {"account_id": paid.account, "invoice_id": invoice, "step": step, "occurred_at": now.isoformat()}
    return Hook(f"reinstate:{invoice}:{step}", paid.account, "account.reinstated", payload, now)
