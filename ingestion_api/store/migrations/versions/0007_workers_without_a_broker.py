"""Since when a worker has not heard its broker."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("workers", sa.Column("broker_lost_at", sa.DateTime(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("workers", "broker_lost_at")
