"""Incidents keep events, values and silences; alerts that differ in severity alone belong together."""

from typing import Any

import sqlalchemy as sa
from alembic import op

from ingestion_api.store.tables.alerts import severity_group

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None

INDICES = {
    "alerts_by_severity_group": ["severity_group", "starts_at"],
    "alerts_by_evidence": ["evidence", "id"],
}
AT_ONCE = 1000


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("severity_group", sa.String(length=32), nullable=False, server_default=""),
        sa.Column("evidence", sa.String(length=8), nullable=False, server_default="none"),
        sa.Column("value_at_start", sa.Double(), nullable=True),
        sa.Column("level_at_start", sa.Double(), nullable=True),
        sa.Column("worst_value", sa.Double(), nullable=True),
        sa.Column("worst_at", sa.DateTime(), nullable=True),
        sa.Column("disagreements", sa.JSON(), nullable=True),
    ]


def upgrade() -> None:
    """Add the columns and tables, and fill the group of each alert."""
    for column in _columns():
        op.add_column("alerts", column)
    _fill_groups(op.get_bind())
    for name, columns in INDICES.items():
        op.create_index(name, "alerts", columns, unique=False)
    op.create_table(
        "incident_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alert_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False, server_default=""),
        sa.Column("note", sa.String(length=500), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("incident_events_by_alert", "incident_events", ["alert_id", "id"], unique=False)
    op.create_table(
        "alert_silences",
        sa.Column("alert_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("actor", sa.String(length=100), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("silence_id", sa.String(length=64), nullable=True),
        sa.Column("ends_at", sa.DateTime(), nullable=True),
        sa.Column("ending", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("problem", sa.String(length=500), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("alert_id"),
    )
    op.create_table(
        "alert_coverage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def _fill_groups(connection: sa.Connection) -> None:
    alerts = sa.table("alerts", sa.column("id"), sa.column("labels", sa.JSON()), sa.column("severity_group"))
    last = 0
    while True:
        query = sa.select(alerts.c.id, alerts.c.labels).where(alerts.c.id > last).order_by(alerts.c.id)
        rows = connection.execute(query.limit(AT_ONCE)).all()
        if not rows:
            return
        one = sa.update(alerts).where(alerts.c.id == sa.bindparam("row_id"))
        connection.execute(
            one.values(severity_group=sa.bindparam("group")),
            [{"row_id": row.id, "group": severity_group(row.labels)} for row in rows],
        )
        last = rows[-1].id


def downgrade() -> None:
    """Drop them."""
    for name in ("alert_coverage", "alert_silences", "incident_events"):
        op.drop_table(name)
    for name in INDICES:
        op.drop_index(name, "alerts")
    for column in reversed(_columns()):
        op.drop_column("alerts", column.name)
