"""`billing-pipeline invoice`: look at invoices, render them, credit them, give them up."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from billing_pipeline.adapters.documents.html import to_html
from billing_pipeline.adapters.documents.paper import Paper, invoice_paper
from billing_pipeline.adapters.documents.pdf import to_pdf
from billing_pipeline.adapters.documents.reading import invoice_rows, read_credit_note, read_invoice
from billing_pipeline.adapters.stores.document_store import DocumentStore
from billing_pipeline.bootstrap import open_world
from billing_pipeline.commands.amounts import minor_units
from billing_pipeline.commands.files import writing
from billing_pipeline.commands.listing import print_json, print_table
from billing_pipeline.commands.named import require_account
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.money import Money
from billing_pipeline.flows.issue_credit_note import Wish, issue_credit_note
from billing_pipeline.flows.write_off_invoices import give_up

app = typer.Typer(no_args_is_help=True, help="Invoices: list, show, render, credit, give up.")

By = Annotated[str, typer.Option(help="Who asks.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class Document(StrEnum):
    """What is rendered."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"


@app.command("list")
def show_all(
    account: Annotated[str, typer.Argument(help="Default: all accounts.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the newest invoices.

    Example: billing-pipeline invoice list acme --limit 5
    """
    with open_world() as world:
        if account:
            require_account(world.db, account)
        rows = world.db.rows("ledger/list_invoices", account=account, limit=limit)
    if as_json:
        print_json(rows)
        return
    cells = [
        (r.invoice_id, r.number, r.account_id, r.state, Money(r.total_minor, Currency(r.currency)),
         Money(r.open_minor, Currency(r.currency)), r.issued_on, r.due_on)
        for r in rows
    ]  # fmt: skip
    print_table(("invoice", "number", "account", "state", "total", "open", "issued", "due"), cells, "no invoices")


@app.command()
def show(invoice: Annotated[str, typer.Argument(help="Id or number.")], as_json: AsJson = False) -> None:
    """Print an invoice as text, or what is stored of it as JSON, with its lines.

    Example: billing-pipeline invoice show inv-sub-acme-20260331
    """
    with open_world() as world:
        head, rows = invoice_rows(world.db, invoice)
    if as_json:
        stored = dict(head._mapping) | {"lines": [dict(row._mapping) for row in rows]}
        typer.echo(json.dumps(stored, default=str))
        return
    typer.echo(as_text(invoice_paper(head, rows, "")))


@app.command()
def render(
    number: Annotated[str, typer.Argument(help="Id or number.")],
    pdf: Annotated[Path | None, typer.Option(help="Write a PDF to this file.")] = None,
    html: Annotated[Path | None, typer.Option(help="Write HTML to this file.")] = None,
    document: Annotated[Document, typer.Option(help="invoice, or credit-note.")] = Document.INVOICE,
    pay_link: Annotated[str, typer.Option(help="Where an open invoice can be paid.")] = "",
) -> None:
    """Write an invoice or a credit note as PDF or HTML.

    Example: billing-pipeline invoice render inv-sub-acme-20260331 --pdf invoice.pdf
    """
    if not (pdf or html):
        raise Broken("say where to: --pdf FILE, --html FILE, or both")
    with open_world() as world:
        is_note = document is Document.CREDIT_NOTE
        paper = read_credit_note(world.db, number) if is_note else read_invoice(world.db, number, pay_link)
    if pdf:
        with writing(pdf):
            pdf.write_bytes(to_pdf(paper))
        typer.echo(f"{paper.number}: {pdf}")
    if html:
        with writing(html):
            html.write_text(to_html(paper), encoding="utf-8")
        typer.echo(f"{paper.number}: {html}")


@app.command()
def credit(
    invoice: Annotated[str, typer.Argument(help="Invoice id.")],
    amount: Annotated[str, typer.Argument(help="Such as 25.00; all that is left where empty.")] = "",
    reason: Annotated[str, typer.Option(help="Stands on the credit note.")] = "Correction",
    by: By = "command line",
    key: Annotated[str, typer.Option(help="Names the note: asked twice it is written once.")] = "",
) -> None:
    """Issue a credit note: what is open on the invoice falls first, the rest becomes credit of the customer.

    Example: billing-pipeline invoice credit inv-sub-acme-20260331 25.00 --reason "Outage" --by ann
    """
    with open_world() as world:
        store = DocumentStore(world.db)
        with store.transaction():
            found = store.lock_invoice(InvoiceId(invoice))
            minor = minor_units(amount, found.currency) if amount and found else None
        wish = Wish(InvoiceId(invoice), reason, by, minor, key)
        done = issue_credit_note(store, world.clock, wish, zone=world.settings.zone, run_id="command line")
    typer.echo(f"{done.number}: {'issued' if done.new else 'issued before, nothing to do'}")
    if done.leaves_nothing:
        typer.echo("nothing is left open: the invoice becomes void with the next `billing-pipeline events apply`")


@app.command("give-up")
def give_up_invoices(
    invoices: Annotated[list[str], typer.Argument(help="Invoice ids.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    by: By = "command line",
) -> None:
    """Give overdue invoices up: the inbox writes them off, `ledger losses` books what is lost.

    Example: billing-pipeline invoice give-up inv-sub-acme-20260331 --reason "the customer is insolvent" --by ann
    """
    with open_world() as world:
        wanted = [InvoiceId(invoice) for invoice in invoices]
        told = give_up(DocumentStore(world.db), world.clock, wanted, by=by, reason=reason)
    typer.echo(f"{told} told to the inbox")


def as_text(paper: Paper) -> str:
    """The document as lines of text."""
    width = max(len(each) for line in paper.lines for each in (line.description, line.period)) if paper.lines else 20
    lines = [f"{paper.title} {paper.number}" + (f"  [{paper.stamp}]" if paper.stamp else "")]
    lines += [f"{label}: {text}" for label, text in paper.facts[1:]]
    lines += ["", *(f"{label}: {', '.join([party.name, *party.lines])}" for label, party in
                    zip(paper.parties, (paper.seller, paper.buyer), strict=True)), ""]  # fmt: skip
    for line in paper.lines:
        lines.append(f"{line.description:<{width}}  {line.quantity:>8}  {line.amount:>14}")
        lines += [line.period] if line.period else []
    lines += ["", *(f"{sum_.label:<{width}}  {'':>8}  {sum_.amount:>14}" for sum_ in paper.sums)]
    return "\n".join([*lines, *(["", *paper.notes] if paper.notes else [])])
