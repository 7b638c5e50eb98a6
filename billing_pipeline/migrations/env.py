"""Alembic's entry: one transaction for all migrations, models from adapters.tables."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import create_engine, pool

from billing_pipeline.adapters.tables import metadata


def render_item(kind: str, item: Any, _autogen: AutogenContext) -> str | Literal[False]:
    """How a column type of ours is written in a migration; False leaves it to Alembic."""
    if kind == "type" and type(item).__name__ == "Xid8":
        return "Xid8()"
    return False


engine = create_engine(context.config.attributes["url"], poolclass=pool.NullPool)
with engine.begin() as connection:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, render_item=render_item)
    context.run_migrations()
