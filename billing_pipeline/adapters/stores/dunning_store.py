"""Overdue invoices, dunning steps, holds and the two outboxes in PostgreSQL."""

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.domain.collecting import codes_from
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.dunning_cases import Asked, Card, Hold, LateInvoice, Taken
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId, InvoiceId, SubscriptionId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.ports import Fact
from billing_pipeline.flows.ports.dunning import Hook, Letter, Message, OwedInvoice, Payer, Reinstatable, StepRecord


@dataclass(frozen=True, slots=True)
class DunningStore:
    """The store of the dunning flows; shares the open transaction of other stores on the same database."""

    db: Database

    def transaction(self) -> AbstractContextManager[object]:
        """One transaction; an inner one joins the outer."""
        return self.db.transaction()

    def late_invoices(self, now: datetime) -> list[LateInvoice]:
        """Every overdue invoice, by account and due date."""
        return [_late(row) for row in self.db.rows("dunning/late_invoices", now=now)]

    def owed(self, invoices: Sequence[InvoiceId]) -> dict[InvoiceId, OwedInvoice]:
        """Those invoices as lines of a notice; what was owed at first where nothing is left."""
        rows = self.db.rows("dunning/owed", invoices=list(invoices))
        return {
            row.invoice_id: OwedInvoice(
                row.invoice_id, row.number, Money(row.owed_minor or row.due_minor, Currency(row.currency)), row.due_on
            )
            for row in rows
        }

    def payer(self, account: AccountId) -> Payer:
        """Whom to write to. Raises Broken for an account that is not there."""
        row = self.db.row("dunning/payer", account_id=account)
        if row is None:
            raise Broken(f"no account {account!r}: look it up with `billing-pipeline import --help`")
        return Payer(account, row.name, row.seller, row.email, row.locale)

    def take(self, step: StepRecord) -> bool:
        """True when the step was not taken before and the invoice may still be dunned; it is then written down."""
        planned = step.planned
        touched = self.db.run(
            "dunning/take_step",
            invoice_id=planned.invoice,
            step=planned.step,
            action=str(planned.action),
            policy_version=step.policy_version,
            segment=planned.segment,
            planned_on=planned.due_on,
            taken_at=step.taken_at,
            today=step.today,
            intent_read_at=step.intent_read_at,
            intent_status=step.intent_status,
            outcome=step.outcome,
            owed_minor=planned.amount.minor,
            decline_class=step.decline_class,
            failures=step.failures,
            run_id=step.run_id,
        )
        return touched == 1

    def note_reinstated(self, invoice: InvoiceId, step: str, now: datetime) -> bool:
        """True when nobody wrote down before that this suspension is over."""
        return self.db.run("dunning/note_reinstated", invoice_id=invoice, step=step, taken_at=now) == 1

    def ask_retry(self, invoice: InvoiceId, now: datetime) -> bool:
        """True when the invoice's open collection will be tried again."""
        return self.db.run("dunning/ask_retry", invoice_id=invoice, now=now) == 1

    def live_subscriptions(self, account: AccountId) -> list[SubscriptionId]:
        """Subscriptions of the account that have not ended."""
        return [row.subscription_id for row in self.db.rows("dunning/live_subscriptions", account_id=account)]

    def queue_message(self, message: Message) -> None:
        """Put it into the outbox; a message of that name is there only once."""
        self.db.run(
            "dunning/queue_message",
            message_id=message.message_id,
            account_id=message.account,
            invoices=json.dumps(message.invoices),
            template=message.template,
            language=message.language,
            recipient=message.recipient,
            subject=message.letter.subject,
            body_text=message.letter.text,
            body_html=message.letter.html,
            queued_at=message.queued_at,
        )

    def queue_hook(self, hook: Hook) -> None:
        """Put it into the other outbox; once per name."""
        self.db.run(
            "dunning/queue_hook",
            hook_id=hook.hook_id,
            account_id=hook.account,
            type=hook.type,
            payload=json.dumps(hook.payload),
            made_at=hook.made_at,
        )

    def put(self, facts: list[Fact], now: datetime) -> int:
        """Facts into the inbox."""
        return InboxStore(self.db).put(facts, now)

    def end_hold(self, hold_id: int, now: datetime) -> None:
        """The hold has done its duty or was taken back."""
        self.db.run("dunning/end_hold", hold_id=hold_id, now=now)

    def reinstatable(self) -> list[Reinstatable]:
        """Accounts that dunning suspended and that have paid."""
        rows = self.db.rows("dunning/reinstatable")
        return [
            Reinstatable(
                account,
                tuple(self.live_subscriptions(account)),
                tuple((InvoiceId(row.invoice_id), str(row.step)) for row in group),
                ended,
            )
            for (account, ended), group in groupby(rows, key=lambda row: (AccountId(row.account_id), bool(row.ended)))
        ]

    def claim_messages(self, batch: int, now: datetime, lease_until: datetime) -> list[Message]:
        """Messages whose time has come, marked as being sent; the oldest first."""
        rows = self.db.rows("dunning/claim_messages", batch=batch, now=now, lease_until=lease_until)
        return sorted(map(_message, rows), key=lambda one: (one.queued_at, one.message_id))

    def stranded_messages(self, now: datetime) -> list[Message]:
        """Messages whose sender died while sending."""
        return [_message(row) for row in self.db.rows("dunning/stranded_messages", now=now)]

    def note_message(self, message_id: str, state: str, error: str, next_try_at: datetime, now: datetime) -> None:
        """Write down how sending ended."""
        self.db.run(
            "dunning/note_message", message_id=message_id, state=state, error=error, next_try_at=next_try_at, now=now
        )

    def open_intents(self, invoices: Sequence[InvoiceId], today: date) -> dict[InvoiceId, Asked | None]:
        """Those of the invoices that are still overdue, not under way and not on hold, with what to ask Stripe about."""
        rows = self.db.rows("dunning/open_intents", invoices=list(invoices), today=today)
        return {row.invoice_id: row.intent for row in rows}

    def hard_bounce(self, message_id: str) -> str:
        """Why mail to the message's address is lost; '' where nothing speaks against it, or a person sends it again."""
        row = self.db.row("dunning/hard_bounce", message_id=message_id)
        return f"{row.message_id} of {row.sent_at:%Y-%m-%d} came back from this address: {row.error}" if row else ""

    def claim_hooks(self, batch: int, now: datetime, lease_until: datetime) -> list[Hook]:
        """Hooks whose time has come; the lease keeps other senders away."""
        rows = self.db.rows("dunning/claim_hooks", batch=batch, now=now, lease_until=lease_until)
        hooks = [Hook(r.hook_id, r.account_id, r.type, r.payload, r.made_at, r.attempts) for r in rows]
        return sorted(hooks, key=lambda one: (one.made_at, one.hook_id))

    def note_hook(self, hook_id: str, state: str, error: str, next_try_at: datetime, now: datetime) -> None:
        """Write down how telling ended."""
        self.db.run("dunning/note_hook", hook_id=hook_id, state=state, error=error, next_try_at=next_try_at, now=now)


def _late(row: Row[Any]) -> LateInvoice:
    """One row of dunning/late_invoices.sql."""
    return LateInvoice(
        invoice=row.invoice_id,
        account=row.account_id,
        owed=Money(row.owed_minor, Currency(row.currency)),
        late_since=row.late_since,
        zone=row.zone,
        country=row.country,
        kind=row.kind,
        plan=row.plan_id,
        language=row.locale,
        collection_method=row.collection_method,
        charger=row.charger,
        disputed=row.disputed,
        unapproved_backlog=row.unapproved_backlog,
        intent=row.intent,
        intent_status=row.intent_status,
        has_failed=row.has_failed,
        failures=int(row.failures),
        codes=codes_from(row.codes),
        last_failed_at=row.last_failed_at,
        tried_fingerprint=row.tried_fingerprint,
        retry_at=row.retry_at,
        open_attempt=row.open_attempt,
        card=_card(row),
        turn=int(row.turn),
        taken={
            k: Taken(at, act)
            for k, at, act in zip(row.steps or (), row.step_times or (), row.step_actions or (), strict=True)
        },
        holds=tuple(_hold(hold) for hold in row.holds or ()),
        notices_7_days=row.notices_7_days,
    )


def _card(row: Row[Any]) -> Card | None:
    if row.payment_method_id is None:
        return None
    attempts = tuple(row.card_attempts)
    return Card(row.payment_method_id, row.brand, row.fingerprint, row.card_attached_at, attempts, row.card_country)


def _hold(raw: dict[str, Any]) -> Hold:
    until = date.fromisoformat(raw["until"]) if raw["until"] else None
    return Hold(int(raw["hold_id"]), raw["kind"], raw["who"], raw["why"], until)


def _message(row: Row[Any]) -> Message:
    return Message(
        message_id=row.message_id,
        account=row.account_id,
        invoices=tuple(row.invoices),
        template=row.template,
        language=row.language,
        recipient=row.recipient,
        letter=Letter(row.subject, row.body_text, row.body_html),
        queued_at=row.queued_at,
        attempts=int(row.attempts),
    )
