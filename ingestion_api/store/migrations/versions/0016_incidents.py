"""Alerts become incidents: how they are known, how their end is known, and what lists filter and sort by."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

INDICES = {
    "alerts_by_start": ["starts_at", "id"],
    "alerts_by_end": ["status", "ends_at", "id"],
    "alerts_by_gravity": ["status", "severity_rank", "starts_at", "id"],
    "alerts_by_module": ["module", "id"],
    "alerts_by_signal": ["signal", "id"],
    "alerts_by_name": ["name", "id"],
}
LABEL = {"sqlite": "json_extract(labels, '$.{}')", "postgresql": "labels ->> '{}'"}


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("severity_rank", sa.Integer(), nullable=False, server_default="3"),
        sa.Column("module", sa.String(length=255), nullable=False, server_default=""),
        sa.Column("signal", sa.String(length=255), nullable=False, server_default=""),
        sa.Column("known_by", sa.String(length=16), nullable=False, server_default="told"),
        sa.Column("end_known_by", sa.String(length=16), nullable=True),
        sa.Column("closed_by", sa.String(length=100), nullable=True),
        sa.Column("close_reason", sa.String(length=500), nullable=True),
        sa.Column("suppression", sa.String(length=16), nullable=False, server_default=""),
        sa.Column("was_silenced", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("was_inhibited", sa.Boolean(), nullable=False, server_default=sa.false()),
    ]


def upgrade() -> None:
    """Add the columns, fill them, end what a newer start of the same alert has superseded."""
    for column in _columns():
        op.add_column("alerts", column)
    connection = op.get_bind()
    for statement in _filling(connection.dialect.name):
        connection.execute(sa.text(statement))
    for name, columns in INDICES.items():
        op.create_index(name, "alerts", columns, unique=False)


def _filling(dialect: str) -> tuple[str, ...]:
    module, signal = (LABEL[dialect].format(name) for name in ("module", "signal"))
    newer = (
        "SELECT min(newer.starts_at) FROM alerts AS newer "
        "WHERE newer.fingerprint = alerts.fingerprint AND newer.starts_at > alerts.starts_at"
    )
    return (
        f"UPDATE alerts SET module = substr(coalesce({module}, ''), 1, 255), "  # noqa: S608 - our own text
        f"signal = substr(coalesce({signal}, ''), 1, 255), severity_rank = CASE severity "
        "WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 WHEN 'info' THEN 2 ELSE 3 END, "
        "end_known_by = CASE status WHEN 'resolved' THEN 'told' END",
        f"UPDATE alerts SET status = 'resolved', end_known_by = 'superseded', ends_at = ({newer}) "  # noqa: S608 - as above
        f"WHERE status = 'firing' AND ({newer}) IS NOT NULL",
    )


def downgrade() -> None:
    """Drop them."""
    for name in INDICES:
        op.drop_index(name, "alerts")
    for column in reversed(_columns()):
        op.drop_column("alerts", column.name)
