"""What was touched since the last comparison: the things that a changed row names, noted while the row is merged.

A row names things before and after its change: an intent that moves from one invoice to another touches both. Rows that
came again unchanged, as Stripe's lists bring them for days, touch nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from billing_pipeline.adapters.bench import Bench

UNCOMPARED: Final = frozenset({"fetched_at", "raw", "tx", "run_id"})
"""Columns whose change is no change: no comparison reads them."""

STRIPE_KINDS: Final = ("intent", "charge", "refund", "dispute", "txn", "payout", "mirror", "billed")
PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "refund": ("re", "pyr"), "dispute": ("du", "dp"), "payout": ("po",), "txn": ("txn",),
}  # fmt: skip
"""What an id's prefix says it is; any other source of money is a charge."""


@dataclass(frozen=True, slots=True)
class Names:
    """What a row of a table names. ids: (kind of thing, column or expression). moments: when the row's content became so.

    A row with a moment behind the cut-off is not compared yet, so that its things stay touched until the cut-off has passed
    it. only: the columns whose change counts; empty for all of them.
    """

    ids: tuple[tuple[str, str], ...]
    moments: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


def by_prefix(column: str) -> tuple[tuple[str, str], ...]:
    """An id of which its prefix alone tells the kind."""
    known = ", ".join(f"'{prefix}'" for prefixes in PREFIXES.values() for prefix in prefixes)
    tests = {kind: f"in ({', '.join(repr(prefix) for prefix in found)})" for kind, found in PREFIXES.items()}
    tests["charge"] = f"not in ({known})"
    return tuple(
        (kind, f"case when split_part({column}, '_', 1) {test} then {column} end") for kind, test in tests.items()
    )


OBJECT_OF_ENTRY: Final = "case when kind <> 'available' then split_part(source, ':', 2) end"
"""The object of Stripe's that an entry is about; when its money became available is compared with nothing."""

INVOICE_OF_CREDIT: Final = "case when kind = 'credit_granted' then invoice_id end"
"""The invoice whose money became credit: no object of Stripe's tells of that."""

NAMED: Final[Mapping[str, Names]] = {
    "ledger.accounts": Names((("customer", "stripe_customer_id"),), (), ("account_id", "stripe_customer_id")),
    "ledger.invoices": Names(
        (("invoice", "invoice_id"), ("billed", "stripe_invoice_id")),
        ("issued_at", "paid_at"),
        (
            "invoice_id",
            "account_id",
            "state",
            "currency",
            "total_minor",
            "due_minor",
            "paid_minor",
            "credited_minor",
            "stripe_invoice_id",
            "issued_at",
            "paid_at",
        ),
    ),
    "ledger.collections": Names(
        (("intent", "payment_intent_id"), ("invoice", "invoice_id")), ("last_failed_at", "opened_at", "closed_at")
    ),
    "ledger.payments": Names(
        (("intent", "payment_intent_id"), ("invoice", "invoice_id"), ("charge", "charge_id")), ("succeeded_at",)
    ),
    "ledger.refunds": Names((("refund", "refund_id"), ("charge", "charge_id")), ("created_at",)),
    "ledger.disputes": Names((("dispute", "dispute_id"), ("charge", "charge_id")), ("created_at",)),
    "ledger.stripe_attempts": Names((("invoice", "split_part(subject, '#', 1)"),), ("lease_until",)),
    "ledger.journal_entries": Names((*by_prefix(OBJECT_OF_ENTRY), ("invoice", INVOICE_OF_CREDIT)), ("occurred_at",)),
    "ledger.waiting_facts": Names(tuple((kind, "object_id") for kind in STRIPE_KINDS), ("last_received_at",)),
    "ledger.subscriptions": Names(
        (("subscription", "subscription_id"), ("mirror", "stripe_subscription_id")), ("canceled_at", "started_at")
    ),
    "ledger.subscription_items": Names((("subscription", "subscription_id"),), ("valid_from", "valid_to")),
    "ledger.planned_items": Names((("subscription", "subscription_id"),)),
    "stripe.payment_intents": Names(
        (("intent", "payment_intent_id"), ("invoice", "invoice_id"), ("charge", "charge_id")),
        ("created_at", "canceled_at"),
    ),
    "stripe.charges": Names(
        (("charge", "charge_id"), ("intent", "payment_intent_id")),
        ("created_at",),
        (
            "charge_id",
            "payment_intent_id",
            "customer_id",
            "status",
            "captured",
            "currency",
            "amount_minor",
            "captured_minor",
            "balance_transaction_id",
            "created_at",
        ),
    ),
    "stripe.refunds": Names(
        (("refund", "refund_id"), ("charge", "charge_id"), ("intent", "payment_intent_id")), ("created_at",)
    ),
    "stripe.disputes": Names(
        (("dispute", "dispute_id"), ("charge", "charge_id"), ("intent", "payment_intent_id")), ("created_at",)
    ),
    "stripe.balance_transactions": Names((("txn", "balance_transaction_id"), *by_prefix("source_id")), ("created_at",)),
    "stripe.payouts": Names((("payout", "payout_id"),), ("created_at",)),
    "stripe.payout_transactions": Names((("payout", "payout_id"),)),
    "stripe.invoices": Names((("billed", "stripe_invoice_id"),), ("created_at",)),
    "stripe.invoice_payments": Names((("intent", "payment_intent_id"), ("billed", "stripe_invoice_id"))),
    "stripe.subscriptions": Names(
        (("mirror", "stripe_subscription_id"), ("subscription", "subscription_id")), ("created_at", "canceled_at")
    ),
}
"""By table of the working file. What is not here is compared whole each time, or never changes by itself."""


def note_touched(bench: Bench, table: str, source: str, key: Sequence[str]) -> None:
    """Nothing; afterwards the things that the file's changed rows name, before and after, count as touched.

    source: the file as a relation. key: empty where the file replaces the whole table. Before a first comparison nothing
    is noted: that one compares everything.
    """
    names, known = NAMED.get(table), bench.columns().get(table)
    if names is None or known is None or not bench.rows("increment/last"):
        return
    columns = ", ".join(names.only or [column for column in known if column not in UNCOMPARED])
    of_file = f"(select distinct {', '.join(key)} from {source})" if key else "(select 1)"
    same = " and ".join(f"t.{column} = d.{column}" for column in key) or "true"
    bench.connection.execute(
        f"create or replace temp table rows_before as select t.* from {table} t join {of_file} d on {same}"
    )
    for one, other in (("rows_before", source), (source, "rows_before")):
        bench.connection.execute(
            f"create or replace temp table rows_apart as select {columns} from {one} except select {columns} from {other}"
        )
        note_rows(bench, names, "rows_apart")


def note_rows(bench: Bench, names: Names, relation: str, condition: str = "true") -> None:
    """Nothing; afterwards what those rows name counts as touched."""
    for kind, column in names.ids:
        bench.connection.execute(
            f"insert into carried.touched select distinct '{kind}', {column} from {relation} "
            f"where {column} is not null and ({condition})"
        )


def note_uncompared(bench: Bench, cut_off: datetime) -> None:
    """Nothing; afterwards exactly that counts as touched which a comparison up to the cut-off has left out."""
    bench.run("increment/forget_touched")
    known = bench.tables()
    for table, names in NAMED.items():
        if table in known and names.moments:
            late = " or ".join(f"{moment} > timestamptz '{cut_off.isoformat()}'" for moment in names.moments)
            note_rows(bench, names, table, late)
