"""Levels that operators set, alerts that somebody acknowledged."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table of preferences; let alerts be acknowledged."""
    op.create_table(
        "preferences",
        sa.Column("signal", sa.String(length=100), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("set_by", sa.String(length=100), nullable=False),
        sa.Column("set_at", sa.DateTime(), nullable=False),
        sa.Column("reason", sa.String(length=500), nullable=False),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("signal"),
    )
    op.add_column("alerts", sa.Column("acknowledged_at", sa.DateTime(), nullable=True))
    op.add_column("alerts", sa.Column("acknowledged_by", sa.String(length=100), nullable=True))
    op.add_column("alerts", sa.Column("acknowledgement", sa.String(length=500), nullable=True))


def downgrade() -> None:
    """Forget both."""
    for name in ("acknowledgement", "acknowledged_by", "acknowledged_at"):
        op.drop_column("alerts", name)
    op.drop_table("preferences")
