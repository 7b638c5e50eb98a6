"""What a dunning step asks for: a retry, facts about subscriptions and invoices, hooks, one message."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, assert_never

from billing_pipeline.domain.dunning_cases import LateInvoice, PlannedStep
from billing_pipeline.domain.dunning_policy import Action, Ladder, Policy, segment_of
from billing_pipeline.domain.dunning_timing import local_day
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId
from billing_pipeline.flows.facts import own_fact
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.dunning import DunningStore, Hook, Letters, Message, Notice, Payer

SEVERITY: Final = (Action.RETRY, Action.MAIL, Action.SUSPEND, Action.CANCEL, Action.WRITE_OFF)
HOOKS: Final = {
    Action.SUSPEND: "account.suspended",
    Action.CANCEL: "account.canceled",
    Action.WRITE_OFF: "invoice.written_off",
}


def queue_effects(store: DunningStore, row: PlannedStep, now: datetime) -> None:
    """Nothing; afterwards the step's effects stand as requests. A skipped step asks for nothing and ends its hold."""
    if row.skipped_by:
        store.end_hold(row.skipped_by.hold_id, now)
        return
    match row.action:
        case Action.RETRY:
            store.ask_retry(row.invoice, now)
        case Action.SUSPEND | Action.CANCEL:
            word = "suspend" if row.action is Action.SUSPEND else "cancel"
            live = store.live_subscriptions(row.account)
            store.put([subscription_fact(word, one, row.account, row.invoice, row.step, now) for one in live], now)
            store.queue_hook(_hook(row, now))
        case Action.WRITE_OFF:
            store.put([_given_up(row, now)], now)
            store.queue_hook(_hook(row, now))
        case Action.MAIL | None:
            pass
        case _:
            assert_never(row.action)


def subscription_fact(
    word: str, subscription: SubscriptionId, account: AccountId, invoice: InvoiceId, step: str, now: datetime
) -> Fact:
    """'subscription.<word>': suspend, reinstate or cancel, on account of that invoice's step."""
    payload = {"account_id": account, "invoice_id": invoice, "step": step}
    return own_fact(
        "dunning", f"subscription.{word}", "subscription", subscription, now, payload, name=f"{invoice}:{step}"
    )


def _given_up(row: PlannedStep, now: datetime) -> Fact:
    payload = {"account_id": row.account, "invoice_id": row.invoice, "step": row.step}
    return own_fact("dunning", "invoice.given_up", "invoice", row.invoice, now, payload, name=row.step)


def _hook(row: PlannedStep, now: datetime) -> Hook:
    action = row.action or Action.MAIL
    return Hook(
        hook_id=f"{action}:{row.invoice}:{row.step}",
        account=row.account,
        type=HOOKS[action],
        payload={
            "account_id": row.account,
            "invoice_id": row.invoice,
            "step": row.step,
            "owed_minor": row.amount.minor,
            "currency": row.amount.currency,
            "occurred_at": now.isoformat(),
        },
        made_at=now,
    )


def queue_message(
    store: DunningStore,
    policy: Policy,
    letters: Letters,
    taken: Sequence[tuple[PlannedStep, LateInvoice]],
    now: datetime,
) -> str | None:
    """The name of the one message about all steps just taken for an account, or None where none of them has words.

    The gravest step chooses the template; invoices in other currencies are listed in the same message.
    """
    spoken = [(row, late) for row, late in taken if row.template and not row.skipped_by]
    if not spoken:
        return None
    lead, late = max(
        spoken, key=lambda pair: (SEVERITY.index(pair[0].action or Action.MAIL), pair[0].late_days, pair[0].invoice)
    )
    payer = store.payer(lead.account)
    lines = store.owed([row.invoice for row, _ in spoken])
    notice = Notice(
        template=lead.template,
        language=language_of(policy, payer),
        seller=payer.seller,
        customer=payer.name,
        invoices=tuple(lines[row.invoice] for row, _ in spoken),
        codes=late.codes,
        next_on=_next_on(policy, lead, late, now),
        locale=payer.language,
    )
    store.queue_message(message(f"{lead.invoice}:{lead.step}", payer, notice, letters, now))
    return f"{lead.invoice}:{lead.step}"


def message(name: str, payer: Payer, notice: Notice, letters: Letters, now: datetime) -> Message:
    """The row of the outbox that carries the notice to the payer."""
    return Message(
        message_id=name,
        account=payer.account,
        invoices=tuple(line.invoice for line in notice.invoices),
        template=notice.template,
        language=notice.language,
        recipient=payer.email,
        letter=letters.compose(notice),
        queued_at=now,
    )


def language_of(policy: Policy, payer: Payer) -> str:
    """The payer's language where we write it, else the policy's first."""
    wanted = payer.language.replace("_", "-").partition("-")[0].lower()
    return wanted if wanted in policy.languages else policy.languages[0]


def _next_on(policy: Policy, lead: PlannedStep, late: LateInvoice, now: datetime) -> date | None:
    """The day of the next consequence on that ladder, if nothing is paid."""
    segment = segment_of(policy, late.kind, late.plan, late.country, late.owed)
    today = local_day(now, late.zone)
    return next_consequence_on(policy.ladders[segment.ladder], lead.step.partition("@")[0], today)


def next_consequence_on(ladder: Ladder, step: str, taken_on: date) -> date | None:
    """When the consequence after that step is due, if the step was taken that day; None for the last."""
    steps = ladder.consequences
    index = next((i for i, one in enumerate(steps) if one.name == step), len(steps))
    if index + 1 >= len(steps):
        return None
    return taken_on + timedelta(days=steps[index + 1].day - steps[index].day)
