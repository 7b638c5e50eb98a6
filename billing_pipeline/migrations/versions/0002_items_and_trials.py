"""Items can be added and removed; a trial that ends without a card has three ways to go on."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KINDS: Final = "'swap', 'quantity', 'trial', 'convert', 'pause', 'resume', 'cancel', 'keep', 'suspend', 'reinstate'"


def upgrade() -> None:
    """Give subscriptions the choice, and changes two more kinds."""
    op.add_column(
        "subscriptions", sa.Column("trial_without_card", sa.Text(), server_default="create_invoice", nullable=False)
    )
    op.execute("update subscriptions set trial_without_card = 'pause' where trial_needs_card")
    op.drop_column("subscriptions", "trial_needs_card")
    op.create_check_constraint(
        op.f("subscriptions_trial_without_card_check"),
        "subscriptions",
        "trial_without_card in ('create_invoice', 'pause', 'cancel')",
    )
    op.drop_constraint(op.f("subscription_changes_kind_check"), "subscription_changes")
    op.create_check_constraint(
        op.f("subscription_changes_kind_check"), "subscription_changes", f"kind in ('start', 'add', 'remove', {KINDS})"
    )


def downgrade() -> None:
    """Take it back. What has no older word becomes its nearest: a trial that would be canceled waits paused."""
    op.execute("delete from subscription_changes where kind in ('add', 'remove')")
    op.drop_constraint(op.f("subscription_changes_kind_check"), "subscription_changes")
    op.create_check_constraint(
        op.f("subscription_changes_kind_check"), "subscription_changes", f"kind in ('start', {KINDS})"
    )
    op.drop_constraint(op.f("subscriptions_trial_without_card_check"), "subscriptions")
    op.add_column("subscriptions", sa.Column("trial_needs_card", sa.Boolean(), server_default="false", nullable=False))
    op.execute("update subscriptions set trial_needs_card = true where trial_without_card <> 'create_invoice'")
    op.drop_column("subscriptions", "trial_without_card")
