"""The rows of a billing run as the text of a COPY, for the five tables that every invoice fills.

Row by row through the driver costs three times as much, and a run writes nine rows for an invoice. Text that needs
escaping is rare and found quickly.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import lru_cache
from itertools import islice, starmap
from typing import Final

from psycopg.sql import SQL, Identifier

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.billing_rows import INVOICE_COLUMNS, LINE_COLUMNS, TILE_COLUMNS
from billing_pipeline.adapters.stores.journal import ENTRY_COLUMNS, POSTING_COLUMNS
from billing_pipeline.domain.boundaries import Step
from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.periods import Period
from billing_pipeline.flows.ports.billing import Numbered

LINES_PER_WRITE: Final = 200  # some tens of kilobytes: enough for the server to work on meanwhile
NULL: Final = r"\N"
ESCAPES: Final = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


def escaped(text: str | None) -> str:
    """The text as COPY reads it."""
    if text is None:
        return NULL
    return text if text.isprintable() and "\\" not in text else text.translate(ESCAPES)


@lru_cache(maxsize=65_536)
def stamp(moment: datetime | date | None) -> str:
    """The moment or day as COPY reads it. A run meets few distinct ones."""
    return NULL if moment is None else moment.isoformat()


@lru_cache(maxsize=65_536)
def span(period: Period | None) -> str:
    """Start and end of the period as two columns."""
    return f"{NULL}\t{NULL}" if period is None else f"{stamp(period.start)}\t{stamp(period.end)}"


def copy_lines(db: Database, table: str, columns: Sequence[str], lines: Iterable[str]) -> None:
    """Write the lines, each with its end, in one COPY: while they are being made, the server reads those before."""
    into = SQL("copy {} ({}) from stdin").format(Identifier(table), SQL(", ").join(map(Identifier, columns)))
    source = iter(lines)
    with db.cursor() as cursor, cursor.copy(into) as stream:
        while block := "".join(islice(source, LINES_PER_WRITE)):
            stream.write(block)


def copy_invoices(db: Database, invoices: Sequence[Numbered], run_id: str) -> list[Entry]:
    """Write the invoices and their lines. Returns what they book, made while the server takes the invoices in."""
    entries: list[Entry] = []
    run = escaped(run_id)

    def invoice_lines() -> Iterator[str]:
        for each in invoices:
            yield invoice_text(each, run)
            if (entry := each.entry()) is not None:
                entries.append(entry)

    copy_lines(db, "invoices", INVOICE_COLUMNS, invoice_lines())
    copy_lines(db, "invoice_lines", LINE_COLUMNS, map(lines_text, invoices))
    return entries


def copy_tiles(db: Database, tiles: Sequence[tuple[Step, InvoiceId | None]]) -> None:
    """Write the periods with the invoices that bill them."""
    copy_lines(db, "billed_periods", TILE_COLUMNS, starmap(tile_text, tiles))


def copy_entries(db: Database, entries: Sequence[Entry], recorded_at: datetime, run_id: str) -> None:
    """Write what invoices book. It cannot be in the books yet: the invoices are new in this transaction."""
    ids = [row.entry_id for row in db.rows("billing/number_entries", count=len(entries))]
    at, run = stamp(recorded_at), escaped(run_id)
    booked = list(zip(ids, entries, strict=True))
    copy_lines(db, "journal_entries", ENTRY_COLUMNS, (entry_text(*each, at, run) for each in booked))
    copy_lines(db, "postings", POSTING_COLUMNS, starmap(postings_text, booked))


def invoice_text(numbered: Numbered, run: str) -> str:
    """The line of invoices, in the order of INVOICE_COLUMNS."""
    draft = numbered.draft
    settled, lines = draft.settlement, draft.lines
    due, at = settled.due_minor, stamp(draft.issued_at)
    return (
        f"{escaped(draft.invoice_id)}\t{escaped(draft.account)}\t{escaped(draft.subscription)}\t"
        f"{escaped(numbered.legal_entity_id)}\t{escaped(numbered.number)}\t{draft.kind}\t"
        f"{'pending' if due else 'paid'}\t{draft.currency}\t{sum([line.amount_minor for line in lines])}\t"
        f"{sum([line.discount_minor for line in lines])}\t{sum([line.tax_minor for line in lines])}\t"
        f"{settled.total_minor}\t{settled.previous_balance_minor}\t{settled.credits_minor}\t{settled.carried_minor}\t"
        f"{due}\t{draft.collection_method}\t{span(draft.period)}\t{at}\t{stamp(draft.issued_on)}\t"
        f"{stamp(draft.due_on)}\t{NULL if due else at}\t{run}\n"
    )


def lines_text(numbered: Numbered) -> str:
    """The lines of invoice_lines, in the order of LINE_COLUMNS, numbered from 1."""
    invoice_id = escaped(numbered.draft.invoice_id)
    return "".join(
        [
            f"{invoice_id}\t{number}\t{line.kind._value_}\t{escaped(line.description)}\t{escaped(line.price_id)}\t"
            f"{line.quantity}\t{line.amount_minor}\t{line.discount_minor}\t{line.tax_minor}\t{escaped(line.tax_rate_id)}\t"
            f"{span(line.period)}\n"
            for number, line in enumerate(numbered.draft.lines, start=1)
        ]
    )


def tile_text(step: Step, invoice_id: InvoiceId | None) -> str:
    """The line of billed_periods, in the order of TILE_COLUMNS. Raises Broken for a step that bills no period."""
    if step.tile is None:
        raise Broken(f"subscription {step.subscription.subscription_id} ended: there is no period to note")
    previous = stamp(step.tile.period.start) if step.last else NULL
    return (
        f"{escaped(step.subscription.subscription_id)}\t{span(step.tile.period)}\t{previous}\t"
        f"{step.tile.charger._value_}\t{escaped(invoice_id)}\n"
    )


def entry_text(entry_id: int, entry: Entry, recorded_at: str, run: str) -> str:
    """The line of journal_entries, in the order of ENTRY_COLUMNS."""
    return (
        f"{entry_id}\t{escaped(entry.source)}\t{entry.kind}\t{entry.currency}\t{stamp(entry.occurred_at)}\t"
        f"{stamp(entry.accounting_date)}\t{recorded_at}\t{escaped(entry.invoice)}\t{escaped(entry.customer)}\t"
        f"{escaped(entry.note)}\t{run}\t\\\\x{entry.content_hash.hex()}\n"
    )


def postings_text(entry_id: int, entry: Entry) -> str:
    """The lines of postings, in the order of POSTING_COLUMNS, numbered from 1."""
    return "".join(
        [
            f"{entry_id}\t{number}\t{posting.account._value_}\t{posting.minor}\t"
            f"{NULL if posting.customer is None else escaped(posting.customer)}\n"
            for number, posting in enumerate(entry.postings, start=1)
        ]
    )
