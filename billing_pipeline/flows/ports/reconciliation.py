"""What reconciliation needs from the outside, and what it offers to dunning (`Verdicts`)."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Protocol

from billing_pipeline.domain.bank_receipts import Receipt, Shown
from billing_pipeline.domain.bank_statements import BankLine, Match, Payable
from billing_pipeline.domain.ids import InvoiceId
from billing_pipeline.domain.ledger import Entry
from billing_pipeline.domain.reconciliation import Finding, Freshness, Gate, Kind, ReconciliationPolicy
from billing_pipeline.domain.repairs import Repair, RepairKind
from billing_pipeline.flows.ports import Json, Transactional

Sink = Callable[[str, Sequence[Json]], None]
"""Takes raw Stripe objects by type, such as ('payment_intent', page.objects)."""


class Verdicts(Protocol):
    """What dunning asks before it acts. Both answers are one query."""

    def gate(self, now: datetime) -> Gate:
        """Whether dunning may act at all: the last run ended without error, the three certificates that matter
        (payment_intent, refund, dispute) are issued and young enough, and no fact waits in the inbox for too long."""

    def held_invoices(self) -> Mapping[InvoiceId, str]:
        """Open or overdue invoices that must wait, each with its reason: an error on it, its payment intent or its account."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """What one extraction landed. pulled_whole: why everything was read, empty where the increment did."""

    run_id: str
    side: str
    rows: int
    by_table: Mapping[str, int]
    pulled_whole: str = ""


class LedgerSource(Protocol):
    """The ledger's side of the lake."""

    def extract(self, run_id: str, now: datetime, *, full: bool = False) -> Extracted:
        """Land what was written since the last extraction, or everything."""


class StripeLanding(Protocol):
    """A run of Stripe's side that is being written."""

    def sink(self, object_type: str, objects: Sequence[Json]) -> None:
        """Take raw objects of one type."""

    @property
    def counts(self) -> Mapping[str, int]:
        """Objects taken so far, by type."""


class StripeLake(Protocol):
    """Stripe's side of the lake."""

    def stripe_complete_to(self) -> datetime | None:
        """To when the landed lists are complete; None before the first run or when a file is damaged."""

    def stripe_landing(
        self, run_id: str, made_at: datetime, complete_to: datetime, *, full: bool
    ) -> AbstractContextManager[StripeLanding]:
        """A run to write into. full: the first run of a new history; all earlier ones stop counting."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the landed objects leave open.

    begins_at: when the first account was made; nothing of ours in Stripe is older. customers: that our accounts name.
    unsettled: (type, id, created_at) of objects whose state may still change. mapped: payouts whose parts are landed.
    """

    begins_at: datetime | None = None
    customers: frozenset[str] = frozenset()
    unsettled: tuple[tuple[str, str, datetime], ...] = ()
    mapped: frozenset[str] = frozenset()


class KnownObjects(Protocol):
    """Looks at what was landed."""

    def known(self) -> Known:
        """What the landed objects leave open; nothing before the first extraction."""


@dataclass(frozen=True, slots=True)
class Run:
    """One reconciliation. cut_off: what was touched later is not compared."""

    run_id: str
    cut_off: datetime
    started_at: datetime


@dataclass(frozen=True, slots=True)
class BridgeLine:
    """One line of the proof of close. name: 'ledger', 'objects', 'difference:<why>' or 'remainder'.

    bridge: ledger_to_objects, objects_to_balance, balance_to_payouts, payouts_to_bank. minor: of currency.
    """

    day: date
    currency: str
    bridge: str
    name: str
    minor: int
    items: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof of close as of a run. entries: how many journal entries of each day it has seen."""

    lines: tuple[BridgeLine, ...]
    entries: Mapping[date, int] = field(default_factory=dict)

    @property
    def remainders(self) -> tuple[BridgeLine, ...]:
        """Lines that nothing explains: empty is the good news."""
        return tuple(line for line in self.lines if line.name == "remainder" and line.minor)


@dataclass(frozen=True, slots=True)
class Examined:
    """What a comparison found, and the proof of close. The same facts give the same findings, in the same order.

    whole: everything was compared; otherwise what was touched, and the proof has only the remainders of the last whole one.
    """

    findings: tuple[Finding, ...]
    proof: Proof
    whole: bool = True


class Comparison(Protocol):
    """The two sides, side by side."""

    def examine(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined:
        """Every disagreement and the proof of close. zone: whose midnight ends a day."""

    def examine_touched(self, run: Run, policy: ReconciliationPolicy, *, zone: str) -> Examined | None:
        """The same findings by comparing only what was touched since; None where everything must be compared."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What became of a run's findings."""

    new: int
    seen_again: int
    closed: int
    open: int
    by_kind: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Divergence:
    """A finding with its history."""

    divergence_id: str
    finding: Finding
    first_seen: datetime
    last_seen: datetime
    state: str
    owner: str
    note: str
    proposed_repair: str | None

    @property
    def kind(self) -> Kind:
        """What disagrees."""
        return self.finding.kind


class DivergenceStore(Transactional, Verdicts, Protocol):
    """Where divergences, runs and their history are kept."""

    def start_run(self, run: Run) -> None:
        """Note that a run has begun."""

    def finish_run(self, run_id: str, at: datetime, counts: Mapping[str, int]) -> None:
        """Note that it ended well."""

    def fail_run(self, run_id: str, at: datetime, error: str) -> None:
        """Note that it ended badly: the gate stays closed until one ends well."""

    def note(self, findings: Sequence[Finding], run: Run, policy: ReconciliationPolicy) -> Noted:
        """Open what is new, refresh what is seen again, close what is seen no more."""

    def freshness(self) -> Freshness:
        """What the gate judges by."""

    def divergences(self, *, state: str = "open", kind: str | None = None, limit: int = 1000) -> Sequence[Divergence]:
        """Divergences in that state, oldest first."""

    def divergence(self, divergence_id: str) -> Divergence | None:
        """One divergence."""

    def annotate(
        self, divergence_id: str, at: datetime, who: str, *, state: str = "", owner: str = "", note: str = ""
    ) -> None:
        """A person's word on a divergence, kept in its history."""


class BankStore(Transactional, Protocol):
    """Where bank lines are kept and booked."""

    def days_of_other_files(self, bank_account: str, days: Sequence[date], file: str) -> Mapping[date, str]:
        """Of those days the ones that another file has told already, with its name."""

    def add_lines(self, lines: Sequence[BankLine], file: str, now: datetime) -> int:
        """Keep lines not seen before; how many were new."""

    def unmatched_lines(self) -> Sequence[BankLine]:
        """Lines that neither a payout nor a payment booked by hand explains yet."""

    def payables(self) -> Sequence[Payable]:
        """Payouts that no bank line has paid in full yet."""

    def save_matches(self, matches: Sequence[Match], entries: Sequence[Entry], run_id: str, now: datetime) -> int:
        """Note which payout each line paid and book the lines; how many entries were new."""

    def receipts(self, zone: str) -> Sequence[Receipt]:
        """Payments booked by hand that no line shows yet, with the day in that zone on which they arrived."""

    def show_receipts(self, shown: Sequence[Shown]) -> None:
        """Note which line shows which payment."""

    def first_open_day(self, day: date) -> date:
        """The day itself, or the first open one after it."""


class RepairStore(Transactional, Protocol):
    """Where repairs are asked for, approved and noted."""

    def propose(self, repairs: Sequence[Repair], who: str, now: datetime) -> int:
        """Keep proposals that are not open already; how many were new."""

    def repairs(self, state: str) -> Sequence["StoredRepair"]:
        """Repairs in that state, oldest first."""

    def repair(self, repair_id: int) -> "StoredRepair | None":
        """One repair."""

    def approve(self, repair_id: int, who: str, now: datetime, *, invoice: InvoiceId | None = None) -> None:
        """Let it happen, on that invoice where a person must name one.

        Raises Broken when the same person asked for it, or when it is not waiting for approval.
        """

    def refuse(self, repair_id: int, who: str, why: str, now: datetime) -> None:
        """Let it not happen. Raises Broken when it is not waiting for approval."""

    def without_effect(self) -> Sequence["StoredRepair"]:
        """Repairs that were done and whose divergence a later run has seen again."""

    def finish(self, repair_id: int, state: str, outcome: str, now: datetime) -> None:
        """Note how it ended: done or failed."""


@dataclass(frozen=True, slots=True)
class StoredRepair:
    """A repair with its paperwork."""

    repair_id: int
    repair: Repair
    state: str
    requested_by: str
    approved_by: str | None

    @property
    def kind(self) -> RepairKind:
        """What it does."""
        return self.repair.kind


@dataclass(frozen=True, slots=True)
class Published:
    """A published warehouse. bytes of the file; tables in it; the dated copy beside it."""

    path: Path
    copy: Path
    size_bytes: int
    tables: int


class Warehouse(Protocol):
    """The file that analysts open. It is replaced whole; whoever has the old one open keeps the old one."""

    def publish(self, run_id: str, now: datetime, *, copies: int) -> Published:
        """Put the newest state in place."""
