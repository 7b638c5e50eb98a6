"""Everything that reconciliation is made of, wired on one home folder and one database."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from billing_pipeline.adapters.comparison import DuckComparison
from billing_pipeline.adapters.ledger_extract import LedgerExtract
from billing_pipeline.adapters.parquet_lake import ParquetLake
from billing_pipeline.adapters.postgres import Database
from billing_pipeline.adapters.reconciliation_policy import PolicyFile, load_policy
from billing_pipeline.adapters.stores.bank_store import BankLineStore
from billing_pipeline.adapters.stores.close_store import ClosedDayStore
from billing_pipeline.adapters.stores.reconciliation_store import ReconciliationStore
from billing_pipeline.adapters.stores.repair_store import RepairDesk
from billing_pipeline.adapters.stores.trail_store import Trails
from billing_pipeline.adapters.stripe_landing import StripeSide
from billing_pipeline.adapters.warehouse import FileWarehouse
from billing_pipeline.adapters.workbench import Workbench
from billing_pipeline.flows.ports import Clock

INCREMENT_FROM: Final = 1_000_000  # payments: everything takes seconds up to there, and brings the proof of close, too


class SettingsLike(Protocol):
    """What of the settings is needed here."""

    @property
    def policies(self) -> Path: ...

    @property
    def zone(self) -> str: ...


class WorldLike(Protocol):
    """What of the world is needed here."""

    @property
    def home(self) -> Path: ...

    @property
    def db(self) -> Database: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def settings(self) -> SettingsLike: ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The adapters of reconciliation, each by the port that it serves."""

    policy_file: PolicyFile
    ledger: LedgerExtract
    stripe: StripeSide
    workbench: Workbench
    comparison: DuckComparison
    divergences: ReconciliationStore
    repairs: RepairDesk
    bank: BankLineStore
    closes: ClosedDayStore
    warehouse: FileWarehouse
    trails: Trails


def parts_of(world: WorldLike) -> Parts:
    """The adapters for that world. Raises Broken when the policy is missing or wrong."""
    policy_file, db = load_policy(world.settings.policies), world.db
    lake = ParquetLake.at(world.home)
    workbench = Workbench(lake, policy_file.policy.memory_limit_mb)
    return Parts(
        policy_file,
        LedgerExtract(db, lake),
        StripeSide(lake),
        workbench,
        DuckComparison(workbench, INCREMENT_FROM),
        ReconciliationStore(db, policy_file.policy),
        RepairDesk(db),
        BankLineStore(db),
        ClosedDayStore(db, world.settings.zone),
        FileWarehouse(workbench, db, world.home, policy_file.reporting, world.settings.zone),
        Trails(db),
    )
