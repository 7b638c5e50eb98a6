"""Put the newest warehouse where analysts read it."""

from dataclasses import dataclass

from billing_pipeline.domain.reconciliation import ReconciliationPolicy
from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.reconciliation import Warehouse


@dataclass(frozen=True, slots=True)
class WarehousePublished:
    """What was published. path: the file; copy: the day's copy beside it."""

    path: str
    copy: str
    size_bytes: int
    tables: int


def publish_warehouse(
    warehouse: Warehouse, clock: Clock, policy: ReconciliationPolicy, *, run_id: str
) -> WarehousePublished:
    """What was published. Readers of the old file are not disturbed and do not delay it."""
    done = warehouse.publish(run_id, clock.now(), copies=policy.dated_copies)
    return WarehousePublished(str(done.path), str(done.copy), done.size_bytes, done.tables)
