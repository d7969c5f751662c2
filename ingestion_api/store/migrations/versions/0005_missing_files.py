"""Which job first missed a file, so that a mass removal needs a second one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("ingested_files", sa.Column("missed_by", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("ingested_files", "missed_by")
