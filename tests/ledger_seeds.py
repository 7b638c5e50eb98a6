"""Invoices with lines and entries, and a look into the books, for tests of the ledger."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import text

from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.stores.journal import write_entries
from billing_pipeline.adapters.stores.ledger_store import LedgerStore
from billing_pipeline.adapters.tables.billing import invoice_lines
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId
from billing_pipeline.domain.ledger import Entry, LedgerAccount, postings
from billing_pipeline.flows.verify_books import verify_books
from tests.fakes import FakeClock
from tests.seeds import START, add, insert_invoice


def midnight(day: date) -> datetime:
    """The beginning of that day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def issue(db: Database, invoice: str = "inv-1", net: int = 3100, tax: int = 0, **values: Any) -> str:
    """An invoice for 31 days from its issue on, with one line, booked as billing books it."""
    issued_at: datetime = values.get("issued_at", START)
    insert_invoice(db, invoice, **({"total_minor": net + tax, "subtotal_minor": net, "tax_minor": tax} | values))
    add(
        db, invoice_lines, invoice_id=invoice, line_no=1, kind="item", description="Basic", amount_minor=net, tax_minor=tax,
        period_start=issued_at, period_end=issued_at + timedelta(days=31),
    )  # fmt: skip
    currency, who = values.get("currency", "usd"), AccountId(values.get("account_id", "acme"))
    sides = postings(
        (LedgerAccount.RECEIVABLE, net + tax, who),
        (LedgerAccount.DEFERRED_REVENUE, -net, None),
        (LedgerAccount.TAX_PAYABLE, -tax, None),
    )
    book(db, f"invoice:{invoice}", "invoice_issued", sides, currency, issued_at, invoice, who)
    return invoice


def pay(db: Database, invoice: str, minor: int, **values: Any) -> None:
    """Money that pays the invoice: its entry and its columns."""
    sides = postings((LedgerAccount.STRIPE_PENDING, minor, None), (LedgerAccount.RECEIVABLE, -minor, AccountId("acme")))
    book(db, f"payment:{invoice}", "payment", sides, "usd", START, invoice, AccountId("acme"))
    changed = {"paid_minor": minor} | values
    with db.transaction() as connection:
        settings = ", ".join(f"{column} = :{column}" for column in changed)
        connection.execute(text(f"update invoices set {settings} where invoice_id = :i"), {"i": invoice} | changed)


def book(
    db: Database, source: str, kind: str, sides: Any, currency: str, at: datetime, invoice: str, who: AccountId
) -> None:
    """One entry."""
    entry = Entry(source, kind, Currency(currency), at, at.date(), sides, InvoiceId(invoice), who)
    write_entries(db, [entry], run_id="", recorded_at=at)


def balances(db: Database, **where: str) -> dict[str, int]:
    """Minor units on every ledger account that is not empty, by name; where: columns of journal_entries."""
    conditions = "".join(f" and e.{column} = :{column}" for column in where)
    query = f"""select a.name, sum(p.minor)::bigint as minor from postings p join journal_entries e using (entry_id)
        join ledger_accounts a using (ledger_account) where true{conditions}
        group by a.name having sum(p.minor) <> 0 order by a.name"""
    with db.transaction() as connection:
        return {row.name: row.minor for row in connection.execute(text(query), where)}


def findings(db: Database) -> list[tuple[str, str, str]]:
    """What verify finds, as (check, subject, detail)."""
    verified = verify_books(LedgerStore(db), FakeClock())
    return [(one.check, one.subject, one.detail) for one in verified.findings]


def move(db: Database, invoice: str, state: str, at: datetime) -> None:
    """The invoice as the inbox leaves it after giving it up or voiding it."""
    column = {"written_off": "written_off_at", "void": "voided_at", "paid": "paid_at"}[state]
    with db.transaction() as connection:
        connection.execute(
            text(f"update invoices set state = :state, {column} = :at where invoice_id = :i"),
            {"state": state, "at": at, "i": invoice},
        )
