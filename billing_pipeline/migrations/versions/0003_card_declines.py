"""Every declined charge of a card is known, whoever asked for it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; the declines of our own calls stay where they are, with their attempts."""
    op.create_table(
        "card_declines",
        sa.Column("charge_id", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("invoice_id", sa.Text(), nullable=False),
        sa.Column("declined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_us", sa.Boolean(), server_default="false", nullable=False),
        sa.PrimaryKeyConstraint("charge_id", name=op.f("card_declines_pk")),
    )
    op.create_index("card_declines_by_card", "card_declines", ["fingerprint", "declined_at"])


def downgrade() -> None:
    """Take it away."""
    op.drop_table("card_declines")
