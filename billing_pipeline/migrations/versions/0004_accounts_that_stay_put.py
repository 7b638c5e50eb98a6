"""Numbering an invoice rewrites its account in place: nothing that the warehouse reads has changed."""

from typing import Final

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

READ_BY_THE_WAREHOUSE: Final = (
    "account_id, legal_entity_id, country, currency, segment, tax_status, collection_method, net_terms_days, "
    "stripe_customer_id, customer_deleted_at, created_at, suspended_at, erased_at, parked_reason"
)
FILL: Final = 50  # percent: room for a second version of every row, because a billing run writes each account once


def upgrade() -> None:
    """Move the watermark of an account only for what the warehouse reads of it, and leave room in its pages.

    A new version of a row in the same page, with no indexed column changed, costs no index anything. Pages that are
    full already get their room when the rows in them have moved on.
    """
    touch_on(f"update of {READ_BY_THE_WAREHOUSE}")
    op.execute(f"alter table accounts set (fillfactor = {FILL})")


def downgrade() -> None:
    """Take it back."""
    op.execute("alter table accounts reset (fillfactor)")
    touch_on("update")


def touch_on(event: str) -> None:
    """Make the trigger that moves the watermark fire before that."""
    op.execute("drop trigger accounts_touch on accounts")
    op.execute(f"create trigger accounts_touch before {event} on accounts for each row execute function touch_tx()")
