"""What was told of money going back before its payment was in the books is found by the payment's charge."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the index; it holds ignored refunds, disputes and failed charges alone."""
    op.create_index(
        "inbox_ignored_by_charge",
        "inbox",
        [sa.text("coalesce(payload ->> 'charge', object_id)")],
        postgresql_where=sa.text(
            "state = 'ignored' and (object_type in ('refund', 'dispute')"
            " or (object_type = 'charge' and payload ->> 'status' = 'failed'))"
        ),
    )


def downgrade() -> None:
    """Take it away."""
    op.drop_index("inbox_ignored_by_charge", "inbox")
