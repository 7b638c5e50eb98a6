"""`billing-pipeline payments`: see them, book those that came by hand, try again, and see what cards have left."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

import typer

from billing_pipeline import operations
from billing_pipeline.adapters.card_limits_file import read_card_limits
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.named import require_account, require_invoice
from billing_pipeline.commands.tables import print_table, show_rows
from billing_pipeline.domain.card_budget import MONTH, budget_left
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.periods import midnight
from billing_pipeline.domain.retry_rules import rules as known_rules
from billing_pipeline.flows.record_payments import ByHand, ReceivedMoney, record_payment
from billing_pipeline.settings import Settings
from billing_pipeline.web.links import pay_links

app = typer.Typer(no_args_is_help=True, help="Payments: list, record, retry, cards that expire, tries that are left.")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON list or object.")]
InvoiceName = Annotated[str, typer.Argument(help="Invoice id.")]
Limit = Annotated[int, typer.Option(min=1, help="Rows at most.")]


@app.command("list")
def list_payments(
    account: Annotated[str, typer.Option(help="Only of this account.")] = "", limit: Limit = 50, as_json: AsJson = False
) -> None:
    """Payments, newest first.

    Example: billing-pipeline payments list --account acme --limit 10
    """
    with open_world() as world:
        if account:
            require_account(world.db, account)
        rows = world.db.rows("collection/list_payments", account_id=account, limit=limit)
    show_rows(rows, as_json, empty="no payments yet")


@app.command()
def attempts(
    invoice: Annotated[str, typer.Argument(help="Its invoice; without it all that want a person.")] = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """What was asked of Stripe, what came of it, and what to do about it.

    Example: billing-pipeline payments attempts inv-sub-acme-20260331
    """
    with open_world() as world:
        if invoice:
            require_invoice(world.db, invoice)
        rows = world.db.rows("collection/list_attempts", invoice_id=invoice, limit=limit)
    show_rows(rows, as_json, empty="nothing was asked" if invoice else "nothing is unknown, nothing was refused")


@app.command()
def cards(limit: Limit = 50, as_json: AsJson = False) -> None:
    """Cards that were declined in the last 30 days, and how many tries their networks still allow.

    Example: billing-pipeline payments cards --limit 20
    """
    with open_world() as world:
        now = world.clock.now()
        rows = world.db.rows("collection/card_budgets", since=now - MONTH, limit=limit)
        limits = read_card_limits(world.settings.policies)
    budgets = [(row, budget_left(row.brand, row.declined_at, now, limits)) for row in rows]
    found: list[dict[str, Any]] = [
        {"card": f"{row.brand} {row.last4}".strip() or row.fingerprint, "account": row.account_id,
         "invoices": row.invoices, "declines": row.declines, "by_us": row.by_us, "left": budget.left,
         "free_at": budget.free_at.isoformat() if budget.free_at else None}
        for row, budget in budgets
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps(found))
    for row in [] if as_json else found:
        free = f", again from {row['free_at']}" if row["free_at"] else ""
        typer.echo(f"{row['card']:24} {row['account']:20} {row['declines']:>3} declines, {row['left']:>3} left{free}")
    if not found and not as_json:
        typer.echo("no card was declined in the last 30 days")


@app.command()
def rules(as_json: AsJson = False) -> None:
    """What decides about a retry: every word of Stripe and the card networks, and how often a card may be declined.

    Example: billing-pipeline payments rules --json
    """
    limits = read_card_limits(Settings.load().policies)
    words = [
        {"said_by": rule.said_by, "word": rule.word, "class": str(rule.decline_class),
         "again_after_hours": int(rule.wait.total_seconds() // 3600) if rule.wait else None}
        for rule in known_rules()
    ]  # fmt: skip
    caps: list[dict[str, Any]] = [
        {"cards": brand or "others", "declines_max": one.declines_max, "within_hours": int(one.within.total_seconds() // 3600)}
        for brand, rows in limits.items()
        for one in rows
    ]  # fmt: skip
    if as_json:
        typer.echo(json.dumps({"words": words, "limits": caps}))
        return
    for found in (words, caps):
        print_table(found)


@app.command()
def expiring(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far ahead to look.")] = 30,
    limit: Limit = 500,
    as_json: AsJson = False,
) -> None:
    """Cards that will be charged and expire soon.

    Example: billing-pipeline payments expiring --days 60
    """
    with open_world() as world:
        today = world.clock.now().date()
        rows = world.db.rows(
            "collection/expiring_methods", today=today, until=today + timedelta(days=days), limit=limit
        )
    show_rows(rows, as_json, empty=f"no card expires within {days} days")


# long because each option is one line
@app.command()
def record(
    amount_minor: Annotated[int, typer.Argument(help="In minor units: 1999 is 19.99 usd.")],
    currency: Annotated[str, typer.Argument(help="Such as usd.")],
    reference: Annotated[str, typer.Option(help="The bank's text or the cheque's number.")],
    invoice: Annotated[str, typer.Option(help="What it pays; without it the money waits.")] = "",
    account: Annotated[str, typer.Option(help="Whose it is, where no invoice is named.")] = "",
    method: Annotated[ByHand, typer.Option(help="How it came.")] = "wire",
    received: Annotated[date | None, typer.Option(parser=typed_day, help="The day it arrived; today.")] = None,
    by: Annotated[str, typer.Option(help="Who records it.")] = "command line",
    as_json: AsJson = False,
) -> None:
    """Book money that did not come through Stripe. The invoice follows when the inbox is applied.

    Example: billing-pipeline payments record 4900 usd --reference "NTRF 42" --invoice inv-sub-acme-20260331 --received 2026-06-30
    Example: billing-pipeline payments record 4900 usd --reference "cheque 118" --account acme --method cheque --by ann
    """
    with open_world() as world:
        at = midnight(received or operations.today(world), world.settings.zone)
        if invoice and world.db.row("collection/customer_of_invoice", invoice_id=invoice) is None:
            raise Broken(f"no invoice {invoice!r}: leave it out, and the money waits for its owner")
        if account:
            require_account(world.db, account)
        money = ReceivedMoney(amount_minor, currency.lower(), method, reference, at, by, invoice, account)
        payment_id, new = record_payment(InboxStore(world.db), world.clock, money)
    told = {"payment_id": payment_id, "new": new}
    typer.echo(json.dumps(told) if as_json else f"{payment_id}: {'recorded' if new else 'was recorded before'}")


@app.command()
def retry(invoice: InvoiceName) -> None:
    """Ask for another try of an invoice; the next `collect run` makes it, as far as the card's budget allows.

    Example: billing-pipeline payments retry inv-sub-acme-20260331
    """
    with open_world() as world:
        if not world.db.run("collection/ask_again", invoice_id=invoice, now=world.clock.now()):
            raise Broken(f"invoice {invoice!r} was never collected: `collect run` does so when it is due")
    typer.echo(f"{invoice}: will be tried by the next `billing-pipeline collect run`")


@app.command()
def link(invoice: InvoiceName, as_json: AsJson = False) -> None:
    """The address at which a customer pays this invoice, good for 30 days.

    Example: billing-pipeline payments link inv-sub-acme-20260331
    """
    with open_world() as world:
        require_invoice(world.db, invoice)
        address = pay_links(world.settings, world.home, world.clock)(InvoiceId(invoice))
    typer.echo(json.dumps({"invoice": invoice, "address": address}) if as_json else address)
