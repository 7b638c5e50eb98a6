"""The assets that finance sees in Dagster: thin wrappers, grouped by the stop on a datum's way."""

from dagster import load_assets_from_modules

from assets import accounts, billing, checks, collection, dunning, events, reconciliation, subscriptions, warehouse
from assets.jobs import JOBS, approve_repair

ASSETS = load_assets_from_modules(
    [accounts, billing, subscriptions, collection, events, reconciliation, dunning, warehouse]
)
CHECKS = [checks.extract_checks, checks.reconciliation_checks]

__all__ = ["ASSETS", "CHECKS", "JOBS", "approve_repair"]
