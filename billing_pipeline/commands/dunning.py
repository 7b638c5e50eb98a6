"""`billing-pipeline dunning`: check the policy, see the plan, run it, hold it, and try another policy on history."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from billing_pipeline.adapters.dunning_policy_file import candidate, check_policy, read_policy
from billing_pipeline.adapters.stores.dunning_history import DunningHistory
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.dunning_bounces import WIDTH, bounces
from billing_pipeline.commands.dunning_compare import compare
from billing_pipeline.commands.dunning_policy import policy_summary, policy_text
from billing_pipeline.commands.files import writing
from billing_pipeline.commands.named import require_account
from billing_pipeline.commands.tables import console, listed
from billing_pipeline.domain.card_budget import ATTEMPTS_30_DAYS_MAX
from billing_pipeline.domain.dunning_cases import Held, PlannedStep
from billing_pipeline.domain.dunning_sums import Sums, shown_sums
from billing_pipeline.domain.errors import Broken
from billing_pipeline.dunning_parts import dunning_parts
from billing_pipeline.flows.hold_dunning import HoldKind, Wish, hold_dunning, release_dunning
from billing_pipeline.flows.plan_dunning import closed_gate_alert, plan_dunning
from billing_pipeline.flows.ports.dunning import MessageState
from billing_pipeline.flows.replay_dunning import Replayed, replay_dunning
from billing_pipeline.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Dunning that acts only on what is proven.")
app.command()(compare)
app.add_typer(bounces, name="bounces")

Subject = Annotated[str, typer.Argument(help="An account id, an invoice id or an invoice number.")]
MessageId = Annotated[str, typer.Argument(help="The message, as `dunning messages` shows it.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
By = Annotated[str, typer.Option("--by", help="Who says so.")]
WhyText = Annotated[str, typer.Option("--why", help="The reason, for those who come later.")]
Until = Annotated[date | None, typer.Option("--until", parser=typed_day, help="The last day that it holds.")]


@app.command()
def check(
    policy: Annotated[Path | None, typer.Option("--policy", help="A policy file to check instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the policy and every template it uses; each complaint names its line.

    Example: billing-pipeline dunning check --policy policies/dunning.toml
    """
    folder = Settings.load().policies
    complaints, found = check_policy(policy or folder / "dunning.toml", folder / "templates")
    if complaints or found is None:
        raise Broken("\n".join(complaints))
    typer.echo(json.dumps(policy_summary(found)) if as_json else policy_text(found))


@app.command()
def plan(
    day: Annotated[date | None, typer.Option("--day", parser=typed_day, help="The day; tomorrow by default.")] = None,
    now: Annotated[bool, typer.Option("--now", help="What a run would do at this very moment.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what dunning will do, and for every overdue invoice that it leaves alone, why.

    Example: billing-pipeline dunning plan --day 2026-06-30
    """
    with open_world() as world:
        parts = dunning_parts(world)
        for_day = day or world.clock.now().date() + timedelta(days=1)
        rows = plan_dunning(parts.store, parts.gate, parts.policy, world.clock, None if now else for_day)
        alert = closed_gate_alert(rows, parts.desk.agreed_at(), world.clock.now())
    if as_json:
        typer.echo(json.dumps([plan_row(row) for row in rows], indent=2))
        return
    console(WIDTH).print(plan_table(rows))
    typer.echo(plan_summary(rows))
    if alert:
        typer.echo(alert, err=True)


@app.command()
def run(
    send: Annotated[bool, typer.Option("--send/--no-send", help="Carry the messages and hooks as well.")] = True,
    as_json: AsJson = False,
) -> None:
    """Take every step whose moment has come, reinstate who has paid, carry messages and hooks.

    Example: billing-pipeline dunning run --no-send
    """
    with open_world() as world:
        parts = dunning_parts(world)
        done: dict[str, Any] = {"dunned": parts.run(), "reinstated": parts.reinstate()}
        if send:
            done |= {"messages": parts.send(), "hooks": parts.tell()}
    summary = {name: asdict(one) for name, one in done.items()}
    typer.echo(json.dumps(summary, indent=2) if as_json else summary_text(summary))


@app.command()
def hold(
    subject: Subject,
    by: By,
    why: WhyText,
    until: Until = None,
    skip_next: Annotated[bool, typer.Option("--skip-next", help="Leave out the invoice's next step only.")] = False,
) -> None:
    """Pause dunning of an account or an invoice, until a day or until it is released.

    Example: billing-pipeline dunning hold acme --by ann --why "key account" --until 2026-06-30
    """
    with open_world() as world:
        desk = dunning_parts(world).desk
        kind: HoldKind = "skip" if skip_next else "pause"
        number = hold_dunning(desk, world.clock, Wish(subject, kind, by, why, until))
    typer.echo(f"hold {number}: {kind} {subject}{f' until {until}' if until else ''}")


@app.command()
def promise(
    subject: Subject, until: Annotated[date, typer.Option("--until", parser=typed_day, help="The promised day.")], by: By,
    why: WhyText = "promised to pay",
) -> None:  # fmt: skip
    """Believe a promise to pay: no step on the account or invoice through that day.

    Example: billing-pipeline dunning promise inv-sub-acme-20260331 --until 2026-06-30 --by ann
    """
    with open_world() as world:
        desk = dunning_parts(world).desk
        number = hold_dunning(desk, world.clock, Wish(subject, "promise", by, why, until))
    typer.echo(f"hold {number}: {subject} promised to pay until {until}")


@app.command()
def release(subject: Subject) -> None:
    """End every hold on an account or an invoice.

    Example: billing-pipeline dunning release acme
    """
    with open_world() as world:
        ended = release_dunning(dunning_parts(world).desk, world.clock, subject)
    typer.echo(f"released: {ended} {'hold' if ended == 1 else 'holds'} on {subject}")


@app.command()
def messages(
    state: Annotated[MessageState | None, typer.Option("--state", help="Only those in this state; all.")] = None,
    account: Annotated[str, typer.Option("--account", help="Only of this account.")] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="Messages at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List the newest messages with what became of them.

    Example: billing-pipeline dunning messages --state bounced --account acme
    """
    with open_world() as world:
        if account:
            require_account(world.db, account)
        found = dunning_parts(world).desk.messages(state or "", account, limit)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], default=str, indent=2))
        return
    table = listed("queued", "message", "to", "subject", "state", "note")
    for one in found:
        table.add_row(
            f"{one.queued_at:%Y-%m-%d %H:%M}", one.message_id, one.recipient, one.subject, one.state, one.error
        )
    console(WIDTH).print(table)


@app.command()
def bounced(
    message_id: MessageId, why: Annotated[str, typer.Option("--why", help="What the returned mail says.")]
) -> None:
    """Note by hand that a message came back; `bounces read` notes what mail servers report.

    Example: billing-pipeline dunning bounced inv-sub-acme-20260331:reminder --why "mailbox full"
    """
    with open_world() as world:
        dunning_parts(world).desk.note_bounce(message_id, why)
    typer.echo(f"{message_id}: bounced")


@app.command()
def resend(message_id: MessageId) -> None:
    """Send a message again that failed, bounced, or whose fate is uncertain.

    Example: billing-pipeline dunning resend inv-sub-acme-20260331:reminder
    """
    with open_world() as world:
        dunning_parts(world).desk.resend(message_id, world.clock.now())
    typer.echo(f"{message_id}: queued")


@app.command()
def replay(
    from_day: Annotated[date, typer.Option("--from", parser=typed_day, help="First day of first failures.")],
    to_day: Annotated[date, typer.Option("--to", parser=typed_day, help="Last day of first failures.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="A candidate; beside the current one.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with charts into this file.")] = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Try a policy on history: who would have been mailed, retried, suspended, and what would have come back.

    Example: billing-pipeline dunning replay --policy new.toml --from 2026-01-01 --to 2026-03-31 --html replay.html
    """
    with open_world() as world:
        current = read_policy(world.settings.policies)
        candidates = [current, candidate(policy, world.settings.policies)] if policy else [current]
        replayed = replay_dunning(DunningHistory(world.db), candidates, from_day, to_day)
    if html:
        from billing_pipeline.adapters.dunning_report import write_report  # here: drawing takes long to import

        with writing(html):
            write_report(replayed, html)
    typer.echo(json.dumps(asdict(replayed), default=str, indent=2) if as_json else replay_text(replayed))


def plan_row(row: PlannedStep) -> dict[str, Any]:
    """The row as JSON can hold it."""
    return {
        "invoice": row.invoice,
        "account": row.account,
        "segment": row.segment,
        "step": row.step,
        "action": str(row.action) if row.action else None,
        "due_on": row.due_on.isoformat(),
        "at": row.at.isoformat(),
        "amount_minor": row.amount.minor,
        "currency": row.amount.currency,
        "held": str(row.held) if row.held else None,
        "detail": row.detail,
    }


def plan_table(rows: Sequence[PlannedStep]) -> Table:
    """The plan for people: what is done first, what is held after it."""
    table = listed("invoice", "account", "owed", "step", "when (UTC)", "held", "why")
    for row in sorted(rows, key=lambda row: (row.held is not None, row.at, row.invoice)):
        when = f"{row.at:%Y-%m-%d %H:%M}" if row.held in (None, Held.NOT_DUE_YET, Held.QUIET_HOURS) else ""
        table.add_row(row.invoice, row.account, str(row.amount), row.step, when, str(row.held or ""), row.detail)
    return table


def plan_summary(rows: Sequence[PlannedStep]) -> str:
    """How many steps of which action, and how many rows are held for which reason."""
    acts = Counter(str(row.action) for row in rows if not row.held)
    holds = Counter(str(row.held) for row in rows if row.held)
    shown = [", ".join(f"{name} {count}" for name, count in sorted(found.items())) or "none" for found in (acts, holds)]
    return f"steps: {shown[0]}\nheld: {shown[1]}"


def summary_text(summary: dict[str, dict[str, Any]]) -> str:
    """One line per part, zeros left out."""
    lines = []
    for name, counts in summary.items():
        words = [f"{key} {value}" for key, value in counts.items() if value]
        lines.append(f"{name}: {', '.join(words) or 'nothing to do'}")
    return "\n".join(lines)


def replay_text(replayed: Replayed) -> str:
    """Side by side, with what the expectation stands on."""
    happened = replayed.happened
    lines = [
        f"{happened.invoices} invoices whose first charge failed from {replayed.from_day} to {replayed.to_day}: "
        f"{shown_sums(happened.owed_minor)}",
        f"as it happened: {shown_sums(happened.recovered_minor)} came back, {shown_sums(happened.by_retry_minor)} by retries",
    ]
    lines += [policy_line(one) for one in replayed.policies]
    return "\n".join([*lines, "basis:", *(f"  {line}" for line in replayed.basis)])


def policy_line(one: Sums) -> str:
    """What one policy would have done and brought."""
    return (
        f"{one.policy}: expected {shown_sums(one.recovered_minor)} ({', '.join(one.recovery_percent.values())}); "
        f"retries {one.retries}, messages {one.mails}, suspended {one.suspended}, canceled {one.canceled}, "
        f"written off {one.written_off}, most tries of a card in 30 days {one.tries_of_one_card_30_days_max} "
        f"of {ATTEMPTS_30_DAYS_MAX}, invoices held because tries were used up {one.held_by_budget}"
    )
