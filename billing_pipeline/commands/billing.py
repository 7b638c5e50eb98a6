"""`billing-pipeline bill`: issue invoices, preview the next one, ask for changes, expire credits."""

import json
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from billing_pipeline.adapters.stores.billing_store import BillingStore
from billing_pipeline.bootstrap import World, open_world
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.listing import print_json, print_table
from billing_pipeline.domain.changes import ChangeKind, Timing
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import SubscriptionId
from billing_pipeline.domain.invoice_drafts import Draft
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.change_subscriptions import ChangesApplied, change_subscriptions
from billing_pipeline.flows.expire_credits import expire_credits
from billing_pipeline.flows.issue_invoices import Issued, issue_invoices
from billing_pipeline.flows.preview_invoice import preview_invoice
from billing_pipeline.flows.request_change import request_change
from billing_pipeline.flows.run_billing import run_billing

app = typer.Typer(no_args_is_help=True, help="Bill subscriptions: invoices, previews, changes, credits that expire.")

Subscription = Annotated[str, typer.Argument(help="Subscription id.")]
Day = Annotated[date | None, typer.Option("--day", parser=typed_day, help="Bill what is due by then; today.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def issue(
    day: Day = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Write nothing; open changes hold later periods back.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Apply the changes that are due and issue an invoice for every period that is due, once each.

    Example: billing-pipeline bill issue --day 2026-06-30 --dry-run
    """
    with open_world() as world:
        store, zone = BillingStore(world.db), close_zone(world)
        through = day or world.clock.now().astimezone(zone).date()
        if dry_run:
            changes = change_subscriptions(store, world.clock, through=through, dry_run=True, close_zone=zone)
            issued = issue_invoices(store, world.clock, through=through, dry_run=True, close_zone=zone)
        else:
            changes, issued = run_billing(store, world.clock, through=through, close_zone=zone)
    if as_json:
        typer.echo(json.dumps(asdict(issued) | {"changes": asdict(changes)}))
    else:
        typer.echo(changes_text(changes) + issued_text(issued))


@app.command()
def preview(subscription: Subscription, as_json: AsJson = False) -> None:
    """Show the next invoice of a subscription as it would be issued.

    Example: billing-pipeline bill preview sub-acme
    """
    with open_world() as world:
        draft = preview_invoice(
            BillingStore(world.db), world.clock, SubscriptionId(subscription), close_zone=close_zone(world)
        )
    if as_json:
        typer.echo(json.dumps(asdict(draft) if draft else None, default=str))
    else:
        typer.echo(draft_text(draft) if draft else f"{subscription}: nothing will be charged at its next boundary")


@app.command()
def change(
    subscription: Subscription,
    kind: Annotated[ChangeKind, typer.Argument(help="What shall change.")],
    wish: Annotated[str, typer.Argument(help='What exactly, as JSON, such as {"quantity": 5}.')] = "{}",
    timing: Annotated[Timing, typer.Option(help="When it takes effect.")] = "now",
    source: Annotated[str, typer.Option(help="A unique name: asking twice under it changes nothing.")] = "",
    by: Annotated[str, typer.Option(help="Who asks.")] = "command line",
) -> None:
    """Ask for a change: add, remove, swap, quantity, trial, convert, pause, resume, cancel, keep, suspend, reinstate, start.

    docs/billing.md says what each of them takes.

    Example: billing-pipeline bill change sub-acme quantity '{"item_id": "item-acme-seats", "quantity": 15}' --timing period_end
    """
    with open_world() as world:
        asked = request_change(
            BillingStore(world.db), world.clock, SubscriptionId(subscription), kind, wish_json(wish),
            timing=timing, source=source, requested_by=by,
        )  # fmt: skip
    name, at = asked.change.source, asked.change.effective_at.isoformat()
    typer.echo(f"{name}: takes effect {at}, applied by `bill issue`" if asked.new else f"{name}: asked for before")


@app.command()
def parked(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """List the subscriptions that are not billed, and why.

    Example: billing-pipeline bill parked
    """
    with open_world() as world:
        rows = BillingStore(world.db).parked()
    if as_json:
        print_json(rows)
        return
    found = [(row.subscription_id, row.account_id, row.reason) for row in rows]
    print_table(("subscription", "account", "reason"), found, "nothing is parked")


@app.command()
def unpark(subscription: Subscription) -> None:
    """Bill a parked subscription again, with the next run, once what was wrong with it is put right.

    Example: billing-pipeline bill unpark sub-acme
    """
    with open_world() as world:
        if not BillingStore(world.db).unpark(SubscriptionId(subscription)):
            raise Broken(
                f"subscription {subscription} is not parked: `billing-pipeline bill parked` lists those that are"
            )
    typer.echo(f"{subscription}: billed again by the next run")


@app.command()
def expire(as_json: AsJson = False) -> None:
    """Note the credits that have expired, and book what is left of them.

    Example: billing-pipeline bill expire --json
    """
    with open_world() as world:
        expired = expire_credits(BillingStore(world.db), world.clock, close_zone=close_zone(world))
    typer.echo(
        json.dumps(asdict(expired)) if as_json else f"{expired.grants} expired: {dict(expired.lost_by_currency)}"
    )


def close_zone(world: World) -> ZoneInfo:
    """The seller's zone: it dates the invoices."""
    return ZoneInfo(world.settings.zone)


def wish_json(text: str) -> dict[str, Any]:
    """The wish as an object. Raises Broken for text that is not one."""
    try:
        wish = json.loads(text)
    except json.JSONDecodeError as error:
        raise Broken(f'the wish {text!r} is not JSON ({error}): write it like {{"quantity": 5}}') from None
    if not isinstance(wish, dict):
        raise Broken(f'the wish {text!r} is not an object: write it like {{"quantity": 5}}')
    return wish


def changes_text(changes: ChangesApplied) -> str:
    """What became of changes, for people; empty where there were none."""
    if not changes.applied and not changes.waiting and not changes.refused and not changes.parked:
        return ""
    lines = [f"changes applied: {changes.applied}, waiting: {changes.waiting}, invoices for them: {changes.invoices}"]
    lines += [f"refused: {source}: {reason}" for source, reason in changes.refused.items()]
    lines += [f"parked: {name}: {reason}" for name, reason in changes.parked.items()]
    return "\n".join(lines) + "\n"


def issued_text(issued: Issued) -> str:
    """The summary of a run, for people."""
    money = ", ".join(str(Money(minor, Currency(code))) for code, minor in sorted(issued.total_by_currency.items()))
    lines = [
        f"invoices: {issued.invoices} ({money or 'nothing'}), born paid: {issued.born_paid}",
        f"periods without a charge: {issued.idle_periods}, ended: {issued.ended}, late usage: {late_text(issued)}",
        *(f"parked: {name}: {reason}" for name, reason in issued.parked.items()),
    ]
    return "\n".join(lines)


def late_text(issued: Issued) -> str:
    """How much usage came too late, and which."""
    return f"{issued.late_usage} ({', '.join(issued.late_keys)})" if issued.late_usage else "0"


def draft_text(draft: Draft) -> str:
    """An invoice that is not yet issued, for people."""
    settled = draft.settlement
    rows = [(line.description, line.total_minor) for line in draft.lines]
    rows += [("Previous balance", settled.previous_balance_minor)] if settled.previous_balance_minor else []
    rows += [("Credits", -settled.credits_minor)] if settled.credits_minor else []
    rows += [("Carried to the next invoice", -settled.carried_minor)] if settled.carried_minor else []
    shown = [f"{words:60} {Money(minor, draft.currency)!s:>20}" for words, minor in [*rows, ("Due", settled.due_minor)]]
    return "\n".join([f"{draft.invoice_id}, due on {draft.due_on}", *shown])
