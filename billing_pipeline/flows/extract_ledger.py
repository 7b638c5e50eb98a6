"""Land what was written in the ledger since the last extraction."""

from billing_pipeline.flows.ports import Clock
from billing_pipeline.flows.ports.reconciliation import Extracted, LedgerSource


def extract_ledger(source: LedgerSource, clock: Clock, *, run_id: str, full: bool = False) -> Extracted:
    """What was landed. It pulls everything by itself after a restore, and when a landed file is damaged."""
    return source.extract(run_id, clock.now(), full=full)
