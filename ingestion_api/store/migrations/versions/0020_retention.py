"""Sums of what was removed, and indexes for the removal of jobs, which others name."""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "removed_totals",
        sa.Column("name", sa.String(length=100), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_index("jobs_by_origin", "jobs", ["retry_of"], unique=False)
    op.create_index("keys_by_job", "idempotency_keys", ["job_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index("keys_by_job", "idempotency_keys")
    op.drop_index("jobs_by_origin", "jobs")
    op.drop_table("removed_totals")
