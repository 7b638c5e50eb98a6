"""`billing-pipeline ledger`: trial balance, statements, export, revenue, seals, losses."""

import json
from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from billing_pipeline.adapters.documents.pdf import to_pdf
from billing_pipeline.adapters.documents.reading import read_credit_note, read_invoice
from billing_pipeline.adapters.exports.gl_accounts import load_mapping
from billing_pipeline.adapters.exports.journal_export import Span, write_beancount, write_csv
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.bootstrap import World, open_world
from billing_pipeline.commands.days import typed_day
from billing_pipeline.commands.files import writing
from billing_pipeline.commands.listing import print_json, print_table
from billing_pipeline.commands.named import require_account
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import AccountId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.erase_account import erase_account
from billing_pipeline.flows.give_up_carry_overs import give_up_carry_overs
from billing_pipeline.flows.recognise_revenue import recognise_revenue
from billing_pipeline.flows.seal_journal import seal_journal
from billing_pipeline.flows.write_off_invoices import write_off_invoices
from billing_pipeline.flows.zones import day_in, end_of

app = typer.Typer(no_args_is_help=True, help="The books: balances, statements, export, revenue, seals, losses.")

BEGINNING: Final = date(2000, 1, 1)  # older than any entry


class Basis(StrEnum):
    """closed: by the day an entry was booked on, as closed days have it. known: by the day it was true."""

    CLOSED = "closed"
    KNOWN = "known"


class Format(StrEnum):
    """Of the export."""

    CSV = "csv"
    BEANCOUNT = "beancount"


Day = Annotated[date | None, typer.Option("--as-of", parser=typed_day, help="Default: today.")]
OnBasis = Annotated[Basis, typer.Option(help="closed: by booking day. known: by the day it was true.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("trial-balance")
def trial_balance(as_of: Day = None, basis: OnBasis = Basis.CLOSED, as_json: AsJson = False) -> None:
    """Print the balance of every account; debits and credits are equal in every currency.

    Example: billing-pipeline ledger trial-balance --as-of 2026-06-30 --basis known
    """
    with open_world() as world:
        rows = world.db.rows("ledger/trial_balance", basis=basis, **until(world, as_of))
    if as_json:
        print_json(rows)
        return
    cells = [(r.currency, r.ledger_account, r.name, major(r.debit_minor, r), major(r.credit_minor, r)) for r in rows]
    print_table(("currency", "account", "name", "debit", "credit"), cells, "nothing is booked up to that day")


@app.command()
def statement(
    account: Annotated[str, typer.Argument(help="Account id.")],
    as_of: Day = None,
    basis: OnBasis = Basis.CLOSED,
    as_json: AsJson = False,
) -> None:
    """Print what happened on an account: invoices, payments, credits, and what it owes after each (+ owes us).

    Example: billing-pipeline ledger statement acme --as-of 2026-06-30
    """
    with open_world() as world:
        require_account(world.db, account)
        rows = world.db.rows("ledger/account_statement", account=account, basis=basis, **until(world, as_of))
    if as_json:
        print_json(rows)
        return
    cells = [(r.day, r.source, r.ledger, r.currency, major(r.minor, r), major(r.balance_minor, r)) for r in rows]
    print_table(("day", "source", "ledger", "currency", "amount", "balance"), cells, f"nothing booked for {account}")


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="Where the journal goes; what is there is written over.")],
    form: Annotated[Format, typer.Option("--format", help="csv, or beancount.")] = Format.CSV,
    since: Annotated[
        date | None, typer.Option(parser=typed_day, help="First accounting date; the first there is.")
    ] = None,
    until_day: Annotated[date | None, typer.Option("--until", parser=typed_day, help="Last; today.")] = None,
) -> None:
    """Write the journal to a file, with the accounts of policies/gl_accounts.toml.

    Example: billing-pipeline ledger export journal.csv --since 2026-06-01 --until 2026-06-30
    Example: billing-pipeline ledger export journal.beancount --format beancount
    """
    with open_world() as world:
        mapping = load_mapping(world.settings.policies / "gl_accounts.toml")
        last = until(world, until_day)["as_of"]
        if since and since > last:
            raise Broken(f"from {since} to {last} holds no day: turn them round")
        write = write_csv if form is Format.CSV else write_beancount
        with writing(file), file.open("w", encoding="utf-8", newline="") as target:
            count = write(world.db, Span(since or BEGINNING, last), mapping, target)
    typer.echo(f"{file}: {count} {'postings' if form is Format.CSV else 'transactions'}")


@app.command()
def recognise(
    through: Annotated[date | None, typer.Option(parser=typed_day, help="Last day; yesterday.")] = None,
    as_json: AsJson = False,
) -> None:
    """Move what was earned from deferred revenue to revenue, one entry per day and currency.

    Example: billing-pipeline ledger recognise --through 2026-06-30
    """
    with open_world() as world:
        zone = world.settings.zone
        last = through or yesterday(world)
        done = recognise_revenue(LedgerStore(world.db), world.clock, last, zone=zone, run_id="command line")
    if as_json:
        typer.echo(json.dumps(asdict(done), default=str))
        return
    sums = ", ".join(str(Money(minor, Currency(code))) for code, minor in sorted(done.minor_by_currency.items()))
    typer.echo(f"{done.entries} entries through {last}" + (f": {sums}" if sums else ""))


@app.command()
def seal() -> None:
    """Seal the journal's new entries now; the schedule does it every minute.

    Example: billing-pipeline ledger seal
    """
    with open_world() as world:
        done = seal_journal(LedgerStore(world.db), world.clock)
    typer.echo(f"{done.entries} entries sealed, root {done.root}" if done.entries else "nothing to seal")


@app.command()
def losses(as_json: AsJson = False) -> None:
    """Book what is lost: invoices that were given up, and small amounts that no next invoice came for in 90 days.

    Example: billing-pipeline ledger losses --json
    """
    with open_world() as world:
        store, zone = DocumentStore(world.db), world.settings.zone
        done = write_off_invoices(store, world.clock, zone=zone, run_id="command line")
        small = give_up_carry_overs(store, world.clock, zone=zone, run_id="command line")
    told = asdict(done) | {"carry_overs": asdict(small)}
    words = f"{done.invoices} losses booked, {small.carry_overs} small balances given up"
    typer.echo(json.dumps(told) if as_json else words)


@app.command()
def erase(
    account: Annotated[str, typer.Argument(help="Account id.")],
    keep: Annotated[Path, typer.Option(help="Folder for the PDFs of its invoices: the law wants them kept.")],
) -> None:
    """Forget the person behind an account, after its invoices were written as PDFs; the books stay.

    Asked again it takes out what Stripe has told of the person since.

    Example: billing-pipeline ledger erase acme --keep archive/acme
    """
    with open_world() as world:
        with writing(keep):
            keep.mkdir(parents=True, exist_ok=True)
            count = keep_documents(world, account, keep)
        done = erase_account(DocumentStore(world.db), world.clock, AccountId(account))
    typer.echo(f"{account}: {'erased' if done.new else 'erased before'}, {count} documents in {keep}")
    if done.stripe_customer_id:
        typer.echo(f"Stripe still knows {done.stripe_customer_id}: delete it there as well, then erase once more,")
        typer.echo("because Stripe's word that it is deleted names the person again")


def keep_documents(world: World, account: str, folder: Path) -> int:
    """How many invoices and credit notes were written to the folder; those that are there stay as they are."""
    papers = []
    for row in world.db.rows("ledger/invoices_of_account", account=account):
        papers.append((row.invoice_id, read_invoice(world.db, row.invoice_id)))
        papers += [(note, read_credit_note(world.db, note)) for note in row.credit_notes]
    for name, paper in papers:
        file = folder / f"{name}.pdf"
        if not file.exists():
            file.write_bytes(to_pdf(paper))
    return len(papers)


def until(world: World, as_of: date | None) -> dict[str, Any]:
    """The parameters of a question as of a day: the day and its last moment in the closing zone."""
    day = as_of or day_in(world.clock.now(), world.settings.zone)
    return {"as_of": day, "until": end_of(day, world.settings.zone)}


def yesterday(world: World) -> date:
    """The last whole day in the closing zone."""
    today = day_in(world.clock.now(), world.settings.zone)
    return date.fromordinal(today.toordinal() - 1)


def major(minor: int, row: Any) -> str:
    """The amount in major units of the row's currency; '' for nothing."""
    return str(Money(minor, Currency(row.currency))).split()[0] if minor else ""
