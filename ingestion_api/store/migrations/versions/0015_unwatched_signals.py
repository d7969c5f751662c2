"""Signals that an operator does not watch."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Watch every signal until somebody says otherwise."""
    op.add_column("preferences", sa.Column("watched", sa.Boolean(), server_default=sa.true(), nullable=False))


def downgrade() -> None:
    """Watch all of them."""
    op.drop_column("preferences", "watched")
