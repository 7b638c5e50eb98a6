"""Compare the ledger with Stripe, keep what disagrees, prove the days."""

from dataclasses import dataclass, field
from datetime import datetime

from billing_pipeline.domain.errors import Broken
from billing_pipeline.domain.reconciliation import ReconciliationPolicy, Severity, counts_by_kind
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.reconciliation import Comparison, DivergenceStore, Examined, Noted, Run, StripeLake


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What a run found. errors: findings that block dunning of their invoice. unexplained: remainders of bridges.

    whole: everything was compared, not only what was touched since the last run.
    """

    run_id: str
    cut_off: datetime
    findings: int
    errors: int
    new: int
    closed: int
    unexplained: int
    by_kind: dict[str, int] = field(default_factory=dict)
    whole: bool = True


def reconcile_books(  # long because it works with both sides, a clock and a policy
    comparison: Comparison,
    store: DivergenceStore,
    lake: StripeLake,
    clock: Clock,
    policy: ReconciliationPolicy,
    *,
    run_id: str,
    zone: str,
    whole: bool = False,
) -> Reconciled:
    """What the run found. An error is noted with the run and raised: the gate stays closed until a run ends well.

    whole: compare everything; otherwise what was touched since the last run, where that is enough.
    """
    now = clock.now()
    run = Run(run_id, cut_off_of(lake, policy, now), now)
    store.start_run(run)
    try:
        touched = None if whole else comparison.examine_touched(run, policy, zone=zone)
        examined = touched or comparison.examine(run, policy, zone=zone)
        noted = store.note(examined.findings, run, policy)
    except Exception as error:
        store.fail_run(run_id, clock.now(), str(error).splitlines()[0])
        raise
    store.finish_run(run_id, clock.now(), counts_by_kind(examined.findings))
    return summary(run, examined, noted)


def cut_off_of(lake: StripeLake, policy: ReconciliationPolicy, now: datetime) -> datetime:
    """Nothing later is compared: neither side may have heard of it. Raises Broken while Stripe was never listed."""
    complete_to = lake.stripe_complete_to()
    if complete_to is None:
        raise Broken(
            "Stripe's objects were never extracted, or a file is damaged: run `billing-pipeline reconcile extract`"
        )
    return policy.cut_off(min(now, complete_to))


def summary(run: Run, examined: Examined, noted: Noted) -> Reconciled:
    """The numbers of a run."""
    findings = examined.findings
    errors = sum(1 for one in findings if one.severity is Severity.ERROR)
    return Reconciled(
        run.run_id, run.cut_off, len(findings), errors, noted.new, noted.closed, len(examined.proof.remainders),
        counts_by_kind(findings), examined.whole,
    )  # fmt: skip
