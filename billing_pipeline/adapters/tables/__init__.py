"""The schema in SQLAlchemy Core: the one list of tables that migrations are checked against."""

from billing_pipeline.adapters.tables import billing, catalog, control, ledger, stripe
from billing_pipeline.adapters.tables.columns import metadata

__all__ = ["billing", "catalog", "control", "ledger", "metadata", "stripe"]
