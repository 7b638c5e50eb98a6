"""A comparison of what was touched: the same statements, over those rows alone that have to do with what was touched.

Where to look is found step by step: a touched refund names its charge, the charge its payment intent, the intent its
invoice, the invoice all its intents, and so on until nothing new is named. The rows on that way are copied into tables of
the same names in a database in memory, where the statements of the whole comparison find them. What they say about things
on the way takes the place of what was known about them; everything else is carried over.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.ledger_extract import INCREMENTAL
from billing_pipeline.adapters.stripe_columns import COLUMNS
from billing_pipeline.adapters.touched import NAMED, UNCOMPARED

Hop = tuple[str, str, str]
"""Table, kind of thing, column that names it: from a thing to the rows that have to do with it."""

HOPS: Final[tuple[Hop, ...]] = (
    *((f"{side}.refunds", "refund", "refund_id") for side in ("stripe", "ledger")),
    *((f"{side}.disputes", "dispute", "dispute_id") for side in ("stripe", "ledger")),
    *(
        (f"stripe.{table}", "customer", "customer_id")
        for table in ("payment_intents", "charges", "subscriptions", "invoices")
    ),
    ("stripe.balance_transactions", "txn", "balance_transaction_id"),
    ("stripe.charges", "charge", "charge_id"),
    ("stripe.payment_intents", "intent", "payment_intent_id"),
    ("stripe.invoice_payments", "intent", "payment_intent_id"),
    ("stripe.invoice_payments", "billed", "stripe_invoice_id"),
    ("stripe.invoices", "billed", "stripe_invoice_id"),
    ("ledger.invoices", "billed", "stripe_invoice_id"),
    ("ledger.payments", "intent", "payment_intent_id"),
    ("ledger.collections", "intent", "payment_intent_id"),
    ("ledger.invoices", "invoice", "invoice_id"),
    ("stripe.payment_intents", "invoice", "invoice_id"),
    ("ledger.collections", "invoice", "invoice_id"),
    ("stripe.charges", "intent", "payment_intent_id"),
    ("stripe.refunds", "intent", "payment_intent_id"),
    *((f"{side}.refunds", "charge", "charge_id") for side in ("stripe", "ledger")),
    ("stripe.disputes", "intent", "payment_intent_id"),
    *((f"{side}.disputes", "charge", "charge_id") for side in ("stripe", "ledger")),
    ("stripe.balance_transactions", "charge", "source_id"),
    ("stripe.balance_transactions", "dispute", "source_id"),
    ("stripe.balance_transactions", "refund", "source_id"),
    ("ledger.payments", "unclaimed", "charge_id"),
    ("ledger.subscriptions", "subscription", "subscription_id"),
    ("ledger.subscriptions", "mirror", "stripe_subscription_id"),
    ("stripe.subscriptions", "mirror", "stripe_subscription_id"),
    ("stripe.subscriptions", "subscription", "subscription_id"),
    ("ledger.subscription_items", "subscription", "subscription_id"),
)
"""In an order in which most ways are gone once: up to the invoices, down to every movement of money."""

WHOLE: Final = (
    "ledger.accounts", "ledger.bank_lines", "ledger.bank_matches", "ledger.planned_items", "ledger.waiting_facts",
    "stripe.customers", "stripe.payouts",
)  # fmt: skip
"""Tables small enough, or needed whole by what is compared whole each time."""

CONTEXT: Final = (
    "increment/slice_attempts", "increment/slice_payout_transactions", "increment/slice_transactions", "increment/entries_found",
    "increment/slice_entries", "increment/slice_postings",
)  # fmt: skip
"""What the things in scope are judged by and what names nothing further."""


@contextmanager
def touched_only(bench: Bench) -> Iterator[None]:
    """Within it the tables of schemas ledger and stripe hold only what has to do with what was touched."""
    run = bench.connection.execute
    run("attach ':memory:' as slice; create schema slice.ledger; create schema slice.stripe")
    try:
        bench.run("increment/scope_begin")
        bench.run("increment/scope_payouts")
        Way(bench, compared_columns(bench)).widen()
        for name in CONTEXT:
            bench.run(name)
        for table in WHOLE:
            run(f"create view slice.{table} as select * from working.{table}")
        run("use slice")
        yield
    finally:
        run("use working; detach slice")


@dataclass(slots=True)
class Way:
    """The search for everything that has to do with what was touched. Steps are counted; each finding is marked with its own.

    compared: table -> its columns that a comparison reads. named: (kind, table whose rows named it) -> step.
    taken: hop -> the step up to which its things were followed.
    """

    bench: Bench
    compared: dict[str, str]
    named: dict[tuple[str, str], int] = field(default_factory=dict)
    taken: dict[Hop, int] = field(default_factory=dict)
    step: int = 0

    def widen(self) -> None:
        """Nothing; afterwards the scope names everything that has to do with what it named, and the rows are copied."""
        for table, columns in self.compared.items():
            self.bench.connection.execute(
                f"create table slice.{table} as select rowid as row_no, 0 as step, {columns} from {table} where false"
            )
        self.named = {(row["kind"], ""): 0 for row in self.bench.rows("increment/scope_kinds")}
        self.follow()
        self.step += 1
        self.bench.run("increment/scope_unclaimed", step=self.step)
        self.named["unclaimed", ""] = self.step
        self.follow()

    def follow(self) -> None:
        """Take hops until none leads to anything new."""
        while any(self.is_due(hop) for hop in HOPS):
            for hop in HOPS:
                if self.is_due(hop):
                    self.step += 1
                    if self.take(hop):
                        self.name_further(hop[0])
                    self.taken[hop] = self.step - 1

    def is_due(self, hop: Hop) -> bool:
        """Whether a thing of the hop's kind was named since, elsewhere than in the rows that the hop leads to."""
        table, kind, column = hop
        return any(
            step > self.taken.get(hop, -1) and not (by == table and is_key(table, column))
            for (named, by), step in self.named.items()
            if named == kind
        )

    def take(self, hop: Hop) -> bool:
        """Whether new rows were found; they are copied and marked with this step. Only then their whole width is read."""
        table, kind, column = hop
        known = f"and id not in (select {column} from slice.{table})" if is_key(table, column) else ""
        steps = (
            f"create or replace temp table wanted as select distinct id from scope "
            f"where kind = '{kind}' and step > {self.taken.get(hop, -1)} {known}",
            f"create or replace temp table rows_found as "
            f"(select t.rowid as row_no from {table} t join wanted w on w.id = t.{column}) "
            f"except select row_no from slice.{table}",
            f"insert into slice.{table} by name select f.row_no, {self.step} as step, {self.compared[table]} "
            f"from {table} t join rows_found f on t.rowid = f.row_no",
        )
        return all(counted(self.bench.connection.execute(step)) for step in steps)

    def name_further(self, table: str) -> None:
        """Nothing; afterwards the scope holds what the rows found in this step name and what was not named before."""
        for kind, column in NAMED[table].ids:
            found = self.bench.connection.execute(
                f"insert into scope select '{kind}', id, {self.step}, '{table}' "
                f"from (select distinct {column} as id from slice.{table} where step = {self.step}) x "
                f"where id is not null and id not in (select id from scope where kind = '{kind}')"
            )
            if counted(found):
                self.named[kind, table] = self.step


def compared_columns(bench: Bench) -> dict[str, str]:
    """Table of a hop -> its columns, but for those that no comparison reads: objects of Stripe's as JSON are most of a file."""
    known = bench.columns()
    return {
        table: ", ".join(column for column in known[table] if column not in UNCOMPARED)
        for table in dict.fromkeys(table for table, _, _ in HOPS)
    }


def counted(result: Any) -> int:
    """The one number that a statement returns."""
    (row,) = result.fetchall()
    return int(row[0])


def is_key(table: str, column: str) -> bool:
    """Whether the column alone tells the table's rows apart: then a thing whose row is known leads to no other."""
    schema, name = table.split(".")
    return (INCREMENTAL[name] == (column,)) if schema == "ledger" and name in INCREMENTAL else is_first(name, column)


def is_first(table: str, column: str) -> bool:
    """Whether the column is the key of that table of Stripe's side."""
    return table in COLUMNS and COLUMNS[table][0].name == column
