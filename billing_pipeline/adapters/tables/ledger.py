"""The books: chart of accounts, journal entries, postings, seals, closed days. Append-only by trigger."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    SmallInteger,
    Table,
    UniqueConstraint,
)  # fmt: skip

from billing_pipeline.adapters.tables.columns import (
    Xid8,
    account,
    currency,
    day,
    flag,
    instant,
    jsonb,
    key,
    metadata,
    minor,
    text,
    transaction_id,
    whole,
)  # fmt: skip

ledger_accounts = Table(
    "ledger_accounts",
    metadata,
    Column("ledger_account", SmallInteger, primary_key=True, autoincrement=False),
    text("name", unique=True),
    text("side"),
)

journal_entries = Table(
    "journal_entries",
    metadata,
    Column("entry_id", BigInteger, Identity(), primary_key=True),
    text("source", unique=True),  # one entry per business fact
    text("kind"),
    currency(),
    instant("occurred_at"),  # when it was true
    day("accounting_date", index=True),  # the open day it is booked on
    instant("recorded_at"),
    text("invoice_id", nullable=True, index=True),
    account(nullable=True),
    text("note", server_default=""),
    text("run_id", server_default=""),
    Column("content_hash", LargeBinary, nullable=False),
    transaction_id(),
    Index("journal_entries_revenue", "currency", "accounting_date", postgresql_where="kind = 'revenue_recognised'"),
)

postings = Table(
    "postings",
    metadata,
    Column("entry_id", BigInteger, ForeignKey("journal_entries.entry_id"), primary_key=True),
    Column("line_no", SmallInteger, primary_key=True),
    Column("ledger_account", SmallInteger, ForeignKey("ledger_accounts.ledger_account"), nullable=False),
    minor("minor", CheckConstraint("minor <> 0", name="minor")),  # + debit, - credit
    text("customer_id", nullable=True),  # the account of ours whose sub-ledger this is
)

seals = Table(
    "seals",
    metadata,
    Column("seal_no", BigInteger, Identity(), primary_key=True),
    whole("epoch"),
    flag("opening"),  # the first seal after the database was adopted: everything that the old epoch left unsealed
    whole("entry_floor", server_default="0"),  # entries up to this id belong to earlier epochs or to the opening seal
    Column("tx_from", Xid8, nullable=False),
    Column("tx_to", Xid8, nullable=False),
    whole("entries"),
    whole("last_entry", server_default="0"),  # the largest entry id that this epoch has sealed so far
    jsonb("debits"),  # sum of debits by currency, minor units
    Column("previous_root", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    instant("sealed_at"),
    UniqueConstraint("epoch", "tx_from"),
)

revenue_adjustments = Table(
    "revenue_adjustments",
    metadata,
    key("source"),  # the entry that took deferred revenue back: a credit note, a void, a write-off
    Column("line_no", SmallInteger, primary_key=True),  # 0: an invoice without lines
    text("invoice_id", ForeignKey("invoices.invoice_id"), index=True),
    day("adjusted_on"),  # what was earned through this day stays earned
    minor("minor"),  # taken from the line's unearned rest; the schedule goes on with what is left
)

closed_days = Table(
    "closed_days",
    metadata,
    Column("day", day("day").type, primary_key=True),
    text("close_zone"),
    text("digest"),
    jsonb("proof"),
    instant("closed_at"),
    text("closed_by"),
)
