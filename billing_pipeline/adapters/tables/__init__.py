"""The schema in SQLAlchemy Core: the one list of tables that migrations are checked against."""

from sqlalchemy import CheckConstraint, MetaData

from billing_pipeline.adapters.tables import billing, catalog, control, ledger, stripe
from billing_pipeline.adapters.tables.columns import metadata

__all__ = ["billing", "catalog", "control", "ledger", "metadata", "stripe"]


def lift_checks(schema: MetaData) -> None:
    """Nothing; a check that is written beside its column becomes one of its table: migrations see no others."""
    for table in schema.tables.values():
        for column in table.columns:
            for check in [one for one in column.constraints if isinstance(one, CheckConstraint)]:
                column.constraints.discard(check)
                table.append_constraint(CheckConstraint(check.sqltext, name=check.name))


lift_checks(metadata)
