"""Indices for what is read often, and the row that shows whether the database can be written."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

INDICES = {
    "alerts_by_severity": ("alerts", ["severity", "id"]),
    "alerts_by_status_and_severity": ("alerts", ["status", "severity", "id"]),
    "alerts_by_status_and_start": ("alerts", ["status", "starts_at"]),
    "jobs_by_kind": ("jobs", ["kind", "id"]),
}


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "write_probe",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    for name, (table, columns) in INDICES.items():
        op.create_index(name, table, columns, unique=False)


def downgrade() -> None:
    """Drop them."""
    for name, (table, _columns) in INDICES.items():
        op.drop_index(name, table)
    op.drop_table("write_probe")
