"""Both sides compared in DuckDB: findings and the proof of close out of SQL files."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import duckdb

from billing_pipeline.adapters.bench import Bench
from billing_pipeline.adapters.increment import touched_only
from billing_pipeline.adapters.postgres import raw_statement
from billing_pipeline.adapters.touched import note_uncompared
from billing_pipeline.adapters.workbench import Workbench, require
from billing_pipeline.domain.currencies import Currency
from billing_pipeline.domain.ids import AccountId, InvoiceId, PaymentIntentId
from billing_pipeline.domain.reconciliation import Finding, Kind, ReconciliationPolicy
from billing_pipeline.flows.ports.reconciliation import BridgeLine, Examined, Known, Proof, Run

PREPARE: Final = (
    "warehouse/prepare_booked",
    "warehouse/prepare_ours_payments",
    "warehouse/prepare_theirs_payments",
    "warehouse/compare_payment_kinds",
    "warehouse/compare_payment_sides_theirs",
    "warehouse/compare_payment_sides_ours",
    "warehouse/compare_duplicates",
    "warehouse/compare_payments",
)
"""Run in this order: each makes a temporary table that later ones read."""

FINDINGS: Final = (
    "warehouse/compare_attempts",
    "warehouse/compare_bank",
    "warehouse/compare_customers",
    "warehouse/compare_disputes",
    "warehouse/compare_entries",
    "warehouse/compare_fees",
    "warehouse/compare_mirrors",
    "warehouse/compare_orphans",
    "warehouse/compare_payments_found",
    "warehouse/compare_payments_twice",
    "warehouse/compare_payouts",
    "warehouse/compare_refund_entries",
    "warehouse/compare_refunds",
    "warehouse/compare_settlement",
    "warehouse/compare_stripe_invoices",
)
"""Each returns findings, in the same columns."""

BRIDGES: Final = (
    "warehouse/bridge_ledger_objects",
    "warehouse/bridge_unbooked_objects",
    "warehouse/bridge_objects_balance",
    "warehouse/bridge_fees_disputes",
    "warehouse/bridge_balance_payouts",
    "warehouse/bridge_ledger_payouts",
    "warehouse/bridge_payouts_bank",
    "warehouse/bridge_other_entries",
)
"""Each returns what crosses a bridge of the proof of close, in the same columns: every cent once per thing that carries it."""

WHOLE_EACH_TIME: Final = ("warehouse/compare_attempts", "warehouse/compare_bank", "warehouse/compare_customers")
"""These read little: an increment makes all of their findings anew."""

NEEDED: Final = {
    "ledger.payments": "run `billing-pipeline reconcile extract`",
    "ledger.journal_entries": "run `billing-pipeline reconcile extract`",
    "meta.applied_runs": "run `billing-pipeline reconcile extract`",
}


@dataclass(frozen=True, slots=True)
class DuckComparison:
    """The ports Comparison and KnownObjects on the working file.

    increment_from: fewer payments than that are always compared as a whole, which is quicker than to find what was touched.
    """

    workbench: Workbench
    increment_from: int = 0

    def examine(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined:
        """Every disagreement and the proof of close, from one state of the working file; the proof is kept in it."""
        with self.workbench.open() as bench:
            require(bench, NEEDED)
            set_cut(bench, run.cut_off, policy, zone)
            find(bench)
            proof = Proof(prove(bench), {r["day"]: r["entries"] for r in bench.rows("warehouse/entries_by_day")})
            with one_transaction(bench):
                bench.run("warehouse/save_proof", run_id=run.run_id)
                bench.run("increment/forget_findings")
                bench.run("increment/keep_findings")
                (ledger,) = bench.rows("increment/payments")
                if ledger["payments"] >= self.increment_from:
                    note_compared(bench, run.cut_off, rules(policy, zone), run.started_at)
                else:
                    bench.run("increment/forget_compared")
            return Examined(all_findings(bench, proof), proof)

    def examine_touched(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined | None:
        """The same findings by comparing what was touched since the last comparison; the proof is the last whole one's.

        None where everything must be compared: at first, after everything was landed anew, under other rules, and when the
        last whole comparison is as old as the policy lets it be.
        """
        with self.workbench.open() as bench:
            last = next(iter(bench.rows("increment/last")), None)
            oldest = run.started_at - timedelta(days=policy.whole_comparison_days)
            if last is None or last["rules"] != rules(policy, zone) or last["whole_at"] <= oldest:
                return None
            set_cut(bench, run.cut_off, policy, zone)
            with touched_only(bench):
                find(bench)
            with one_transaction(bench):
                bench.run("increment/replace_findings", whole=list(WHOLE_EACH_TIME))
                bench.run("increment/add_findings", whole=list(WHOLE_EACH_TIME))
                note_compared(bench, run.cut_off, rules(policy, zone), last["whole_at"])
            proof = Proof(tuple(BridgeLine(**row) for row in bench.rows("increment/read_remainders")))
            return Examined(all_findings(bench, proof), proof, whole=False)

    def known(self) -> Known:
        """What the landed objects leave open; nothing before the first extraction."""
        with self.workbench.open() as bench:
            if "ledger.accounts" not in bench.tables():
                return Known()
            (begin,) = bench.rows("warehouse/known_begin")
            return Known(
                begin["begins_at"],
                frozenset(row["customer_id"] for row in bench.rows("warehouse/known_customers")),
                tuple(
                    (r["object_type"], r["object_id"], r["created_at"]) for r in bench.rows("warehouse/known_unsettled")
                ),
                frozenset(row["payout_id"] for row in bench.rows("warehouse/known_payouts")),
            )


def find(bench: Bench) -> None:
    """Nothing; afterwards temp table found holds what every comparison says about the tables in sight."""
    for name in PREPARE:
        bench.run(name)
    bench.run("increment/found")
    for name in FINDINGS:
        bench.connection.execute(f"insert into found select '{name}', f.* from ({raw_statement(name)}) f")


def all_findings(bench: Bench, proof: Proof) -> tuple[Finding, ...]:
    """What is known to disagree now, and what no bridge explains, in order."""
    findings = [finding(row) for row in bench.rows("increment/read_findings")]
    findings += [unexplained(line) for line in proof.remainders]
    return tuple(sorted(findings, key=lambda f: (f.kind, f.subject)))


def note_compared(bench: Bench, cut_off: datetime, rules: str, whole_at: datetime) -> None:
    """Nothing; afterwards the file says how far and by which rules everything is compared, and what is still open."""
    bench.run("increment/forget_compared")
    bench.run("increment/save_compared", rules=rules, cut_off=cut_off, whole_at=whole_at)
    note_uncompared(bench, cut_off)


def rules(policy: ReconciliationPolicy, zone: str) -> str:
    """A digest of all that decides what is a divergence: findings made by other rules are not carried over."""
    texts = (repr(policy), zone, duckdb.__version__, *(raw_statement(name) for name in (*PREPARE, *FINDINGS)))
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


@contextmanager
def one_transaction(bench: Bench) -> Iterator[None]:
    """All of it or nothing is kept in the working file."""
    bench.connection.execute("begin")
    try:
        yield
    except BaseException:
        bench.connection.execute("rollback")
        raise
    bench.connection.execute("commit")


def set_cut(bench: Bench, cut_off: datetime, policy: ReconciliationPolicy, zone: str) -> None:
    """The moments that decide what is compared and what is late, as the one row of table cut."""
    bench.run(
        "warehouse/compare_cut",
        cut_off=cut_off,
        settlement_before=cut_off - timedelta(hours=policy.settlement_hours_max),
        processing_before=cut_off - timedelta(days=policy.processing_days_max),
        payout_before=cut_off - timedelta(days=policy.payout_arrival_days_max),
        late_before=cut_off - timedelta(days=policy.late_expires_days),
        bank_before=(cut_off - timedelta(days=policy.bank_lag_days)).astimezone(UTC).date(),
        zone=zone,
    )


def prove(bench: Bench) -> tuple[BridgeLine, ...]:
    """The lines of the proof of close. One bridge at a time: all at once would not fit into memory."""
    bench.run("warehouse/prove_crossings")
    for name in BRIDGES:
        bench.connection.execute(f"create or replace temp view crossing as {raw_statement(name)}")
        bench.run("warehouse/add_crossings")
    bench.run("warehouse/prove_lines")
    return tuple(BridgeLine(**row) for row in bench.rows("warehouse/prove_read"))


def finding(row: dict[str, Any]) -> Finding:
    """A row of a comparison as a finding."""
    return Finding(
        Kind(row["kind"]),
        row["subject"],
        Currency(row["currency"]) if row["currency"] else None,
        row["amount_minor"],
        InvoiceId(row["invoice_id"]) if row["invoice_id"] else None,
        PaymentIntentId(row["payment_intent_id"]) if row["payment_intent_id"] else None,
        AccountId(row["account_id"]) if row["account_id"] else None,
        row["ours"],
        row["theirs"],
        tuple((row["evidence"] or "").split()),
    )


def unexplained(line: BridgeLine) -> Finding:
    """A remainder of a bridge, as a divergence that ages like any other."""
    return Finding(
        Kind.AMOUNT, f"bridge:{line.bridge}:{line.day}:{line.currency}", Currency(line.currency), line.minor,
        ours=f"{line.items} entries that no object of Stripe's explains", evidence=(line.bridge, str(line.day)),
    )  # fmt: skip
