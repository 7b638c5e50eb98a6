"""`billing-pipeline credits`: what accounts may spend on their next invoices."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import typer

from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.amounts import minor_units
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.listing import print_json, print_table
from billing_pipeline.commands.named import require_account
from billing_pipeline.domain.currencies import Currency, currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.money import Money
from billing_pipeline.domain.periods import midnight
from billing_pipeline.flows.record_credit import CreditWish, record_credit
from billing_pipeline.flows.zones import day_in

app = typer.Typer(
    no_args_is_help=True, help="Credits: grant them, list them. `bill expire` ends those whose day has come."
)


class Kind(StrEnum):
    """promotional and goodwill are given away; purchased was paid for; opening is a balance from another system."""

    PROMOTIONAL = "promotional"
    PURCHASED = "purchased"
    GOODWILL = "goodwill"
    OPENING = "opening"


@app.command()
def grant(
    account: Annotated[str, typer.Argument(help="Account id.")],
    amount: Annotated[str, typer.Argument(help="Such as 25.00.")],
    kind: Annotated[Kind, typer.Option(help="Where it comes from.")] = Kind.PROMOTIONAL,
    in_currency: Annotated[str, typer.Option("--currency", help="Default: the account's.")] = "",
    expires: Annotated[date | None, typer.Option(parser=typed_day, help="Not usable from then on.")] = None,
    priority: Annotated[int, typer.Option(min=0, max=1000, help="Lower goes first among equals.")] = 100,
    key: Annotated[str, typer.Option(help="Names the grant: asked twice it is granted once.")] = "",
    note: Annotated[str, typer.Option(help="Why.")] = "",
) -> None:
    """Grant a credit. A purchased one is a debt of ours from now on; one given away lowers revenue when it is used.

    Example: billing-pipeline credits grant acme 25.00 --kind goodwill --expires 2026-12-31 --note "outage of 3 May"
    """
    with open_world() as world:
        store = DocumentStore(world.db)
        home = in_currency or store.lock_account(AccountId(account))
        if home is None:
            raise Broken(f"no account {account!r}: import it first (`billing-pipeline import accounts FILE`)")
        wish = CreditWish(
            AccountId(account), kind, minor_units(amount, currency(home)), key or uuid4().hex[:12], home,
            midnight(expires, world.settings.zone) if expires else None, priority, note,
        )  # fmt: skip
        done = record_credit(store, world.clock, wish, zone=world.settings.zone, run_id="command line")
    typer.echo(f"{done.credit_grant_id}: {'granted' if done.new else 'granted before, nothing to do'}")


@app.command("list")
def show(
    account: Annotated[str, typer.Argument(help="Default: all accounts.")] = "",
    spent: Annotated[bool, typer.Option("--spent", help="Also those that are used up or expired.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List credits and what is left of them.

    Example: billing-pipeline credits list acme --spent
    """
    with open_world() as world:
        if account:
            require_account(world.db, account)
        rows = world.db.rows("ledger/list_credits", account=account, with_spent=spent)
        zone = world.settings.zone
    if as_json:
        print_json(rows)
        return
    heads = ("credit", "account", "kind", "granted", "left", "expires", "note")
    print_table(heads, [cells(row, zone) for row in rows], "no credits")


def cells(row: Any, zone: str) -> tuple[str, ...]:
    """A grant as a line of the list. zone: whose days are told."""
    code = Currency(row.currency)
    expires = str(day_in(row.expires_at, zone)) if row.expires_at else ""
    amounts = str(Money(row.amount_minor, code)), str(Money(row.remaining_minor, code))
    return row.credit_grant_id, row.account_id, row.kind, *amounts, expires, row.note
