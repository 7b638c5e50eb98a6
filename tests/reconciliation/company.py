"""A company that bills through the simulator: real collection, events, sweeps, comparison and repairs."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.ledger_extract import LedgerExtract
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.stores.collection_store import CollectionStore
from billing_pipeline.adapters.stores.inbox_store import InboxStore
from billing_pipeline.adapters.stores.reconciliation_store import ReconciliationStore
from billing_pipeline.adapters.stores.refund_store import RefundStore
from billing_pipeline.adapters.stores.repair_store import RepairDesk
from billing_pipeline.adapters.stores.sweep_store import SweepStore
from billing_pipeline.adapters.stripe_landing import StripeSide
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.domain.reconciliation import ReconciliationPolicy
from billing_pipeline.domain.repairs import RepairKind
from billing_pipeline.flows.apply_events import apply_events
from billing_pipeline.flows.extract_ledger import extract_ledger
from billing_pipeline.flows.extract_stripe import extract_stripe
from billing_pipeline.flows.ports.reconciliation import BridgeLine, Proof, StoredRepair
from billing_pipeline.flows.reconcile_books import Reconciled, reconcile_books
from billing_pipeline.flows.refund_payments import refund_payments
from billing_pipeline.flows.repair_divergences import repair_divergences
from billing_pipeline.flows.settle_unknowns import settle_unknowns
from billing_pipeline.flows.sweep_objects import Sink, sweep_objects
from billing_pipeline.repair_hands import give_back
from tests.collecting import Desk, invoice


@dataclass
class Company:
    """A company that bills through the simulator."""

    desk: Desk
    home: Path
    policy: ReconciliationPolicy = field(default_factory=ReconciliationPolicy)
    runs: int = 0

    @property
    def lake(self) -> ParquetLake:
        return ParquetLake.at(self.home)

    @property
    def comparison(self) -> DuckComparison:
        return DuckComparison(Workbench(self.lake))

    @property
    def store(self) -> ReconciliationStore:
        return ReconciliationStore(self.desk.db, self.policy)

    def bill(self, *accounts: str) -> None:
        for account in accounts:
            invoice(self.desk, f"inv-{account}-{self.runs}", account)
        self.desk.collect()
        self.apply()

    def apply(self) -> None:
        apply_events(SweepStore(self.desk.db), self.desk.gateway, self.desk.clock)

    def sweep(self, sink: Sink = lambda object_type, objects: None, back_to: datetime | None = None) -> tuple[str, ...]:
        store = SweepStore(self.desk.db)
        swept = sweep_objects(store, self.desk.gateway, self.desk.clock, sink=sink, back_to=back_to)
        self.apply()
        return swept.certified

    def extract(self, *, swept: bool = False) -> dict[str, int]:
        self.runs += 1
        done = extract_stripe(
            StripeSide(self.lake), self.comparison, self.desk.gateway, self.desk.clock, self.policy,
            run_id=f"x{self.runs}", sweep=self.sweep if swept else None,
        )  # fmt: skip
        extract_ledger(LedgerExtract(self.desk.db, self.lake), self.desk.clock, run_id=f"x{self.runs}")
        return dict(done.by_table)

    def reconcile(self, *, swept: bool = False, whole: bool = False) -> Reconciled:
        self.extract(swept=swept)
        return reconcile_books(
            self.comparison,
            self.store,
            StripeSide(self.lake),
            self.desk.clock,
            self.policy,
            run_id=f"r{self.runs}",
            zone="UTC",
            whole=whole,
        )

    def proof(self) -> Proof:
        """The proof of the last whole comparison."""
        with Workbench(self.lake).open() as bench:
            return Proof(tuple(BridgeLine(**row) for row in bench.rows("warehouse/proof_of_close")))

    @property
    def repairs(self) -> RepairDesk:
        return RepairDesk(self.desk.db)

    def repair(self) -> dict[str, int]:
        def refund(stored: StoredRepair) -> str:
            store = RefundStore(self.desk.db)
            asked = give_back(store, self.desk.clock, stored)
            refund_payments(store, self.desk.gateway, self.desk.clock)
            return asked

        def settle(_: StoredRepair) -> str:
            settle_unknowns(CollectionStore(self.desk.db), self.desk.gateway, self.desk.clock)
            return "asked Stripe"

        done = repair_divergences(
            self.store, RepairDesk(self.desk.db), self.desk.gateway, InboxStore(self.desk.db), self.desk.clock, self.policy,
            hands={RepairKind.SETTLE_ATTEMPT: settle, RepairKind.REFUND_DUPLICATE: refund},
        )  # fmt: skip
        self.apply()
        return done.by_kind

    def kinds(self) -> list[str]:
        return sorted(d.kind.value for d in self.store.divergences())
