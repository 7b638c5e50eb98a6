"""Take every dunning step whose time has come, each at most once, after looking at Stripe once more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from billing_pipeline.domain.dunning import UNDER_WAY
from billing_pipeline.domain.dunning_cases import Held, LateInvoice, PlannedStep
from billing_pipeline.domain.dunning_policy import Policy
from billing_pipeline.domain.dunning_timing import local_day
from billing_pipeline.domain.errors import BillingError
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.retry_rules import decline_class
from billing_pipeline.flows.dunning_effects import queue_effects, queue_message
from billing_pipeline.flows.plan_dunning import block, plan_of
from billing_pipeline.flows.ports import Clock, Gateway
from billing_pipeline.flows.ports.dunning import DunningGate, DunningStore, Letters, StepRecord
from billing_pipeline.flows.read_intents import Reading, read_intents

READ_AGE_MAX: Final = timedelta(seconds=60)  # what Stripe said longer ago is no ground to act on
CHUNK_ACCOUNTS: Final = 20  # so few are read at a time that the first reading is still fresh when the last is written
READ_THREADS: Final = 8

Due = tuple[PlannedStep, LateInvoice]


@dataclass(frozen=True, slots=True)
class Dunned:
    """What a run did. taken: steps by action; held: rows by reason; amount_minor: owed on the invoices acted on.

    failed: accounts whose steps could not be written, each with why; they are tried again by the next run.
    """

    taken: dict[str, int] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    messages: int = 0
    amount_minor: dict[str, int] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """What every account's steps are written with."""

    store: DunningStore
    policy: Policy
    letters: Letters
    clock: Clock
    run_id: str


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of one account's steps."""

    taken: tuple[Due, ...]
    held: tuple[Held, ...]
    message: str | None


def run_dunning(  # long because six things are what dunning stands on, and a run has a name
    store: DunningStore, gateway: Gateway, gate: DunningGate, policy: Policy, clock: Clock, letters: Letters,
    *, run_id: str = "",
) -> Dunned:  # fmt: skip
    """Take every step whose moment has come, each at most once; all effects are requests.

    The plan is made anew; each intent is read at Stripe at most 60 seconds before its step is written, and then the gate is
    asked again, because a long run outlives both; the database checks once more, in the transaction that queues the
    effect, that the invoice may still be dunned.
    """
    now, run = clock.now(), Run(store, policy, letters, clock, run_id)
    lates = {late.invoice: late for late in store.late_invoices(now)}
    rows = plan_of(lates.values(), gate, policy, now)
    held = Counter(str(row.held) for row in rows if row.held)
    due = [(row, lates[row.invoice]) for row in rows if not row.held]
    accounts = [list(group) for _, group in groupby(due, key=lambda one: one[0].account)]
    acted, failed = [], {}
    for start in range(0, len(accounts), CHUNK_ACCOUNTS):
        chunk = accounts[start : start + CHUNK_ACCOUNTS]
        readings = read_intents(
            gateway, clock, {row.invoice: late.intent for g in chunk for row, late in g}, READ_THREADS
        )
        state, divergent = gate.gate(clock.now()), gate.held_invoices()
        blocked = {name: why.held for name in readings if (why := block(state, divergent, name))}
        for group in chunk:
            try:
                acted.append(_act(run, group, readings, blocked))
            except BillingError as error:  # one account's bad template must not stop the others
                failed[str(group[0][0].account)] = str(error)
    return _summary(acted, held, failed)


def _act(
    run: Run, steps: Sequence[Due], readings: Mapping[InvoiceId, Reading], blocked: Mapping[InvoiceId, Held]
) -> Acted:
    """Write down and queue the account's steps in one transaction; where Stripe has just told otherwise, none.

    blocked: invoices that reconciliation forbids by now, and why.
    """
    now, taken, held = run.clock.now(), list[Due](), list[Held]()
    with run.store.transaction():
        run.store.put([fact for row, _ in steps if (fact := readings[row.invoice].news)], now)
        for row, late in steps:
            why = blocked.get(row.invoice) or _changed(readings[row.invoice], now)
            if why is None and not run.store.take(_record(run, row, late, readings[row.invoice], now)):
                why = Held.CHANGED_MEANWHILE
            if why:
                held.append(why)
                continue
            queue_effects(run.store, row, now)
            taken.append((row, late))
        message = queue_message(run.store, run.policy, run.letters, taken, now)
    return Acted(tuple(taken), tuple(held), message)


def _changed(reading: Reading, now: datetime) -> Held | None:
    """Why what Stripe says forbids the step, or None."""
    if reading.silent or now - reading.at > READ_AGE_MAX:
        return Held.STRIPE_SILENT
    if reading.status in UNDER_WAY:
        return Held.PAID_AT_STRIPE
    return Held.CHANGED_MEANWHILE if reading.news else None


def _record(run: Run, row: PlannedStep, late: LateInvoice, reading: Reading, now: datetime) -> StepRecord:
    skip = row.skipped_by
    return StepRecord(
        planned=row,
        policy_version=run.policy.version,
        taken_at=now,
        today=local_day(now, late.zone),
        intent_read_at=reading.at if late.intent else None,
        intent_status=reading.status,
        outcome=f"skipped by {skip.who}: {skip.why}" if skip else "taken",
        decline_class=str(decline_class(late.codes)) if late.failures else "",
        failures=late.failures,
        run_id=run.run_id,
    )


def _summary(acted: Sequence[Acted], held: Counter[str], failed: dict[str, str]) -> Dunned:
    taken, amounts = Counter[str](), Counter[str]()
    touched = {row.invoice: row.amount for one in acted for row, _ in one.taken}
    for one in acted:
        taken.update("skip" if row.skipped_by else str(row.action) for row, _ in one.taken)
        held.update(map(str, one.held))
    for amount in touched.values():
        amounts[amount.currency] += amount.minor
    return Dunned(dict(taken), dict(held), sum(1 for one in acted if one.message), dict(amounts), failed)
