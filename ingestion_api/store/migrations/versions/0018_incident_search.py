"""Search incidents: labels and words once for all that share them, and an index for each order of a list."""

import sqlalchemy as sa
from alembic import op

from ingestion_api.store.alert_texts import text_ids
from ingestion_api.store.tables.expressions import gravity, seconds_between

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

AT_ONCE = 1000
DROPPED = {
    "alerts_by_status": ["status", "id"],
    "alerts_by_severity": ["severity", "id"],
    "alerts_by_start": ["starts_at", "id"],
    "alerts_by_gravity": ["status", "severity_rank", "starts_at", "id"],
    "alerts_by_module": ["module", "id"],
    "alerts_by_signal": ["signal", "id"],
    "alerts_by_name": ["name", "id"],
}
FILTERED = ("text_id", "acknowledged_at")
INDICES = {
    "alerts_newest": ["starts_at", "id", *FILTERED, "status", "ends_at"],
    "alerts_gravest": ["gravity", "starts_at", "id", *FILTERED, "status", "ends_at"],
    "alerts_longest": ["status", "seconds", "id", *FILTERED, "starts_at", "ends_at"],
    "alerts_by_kind": ["status", "severity_rank", "module", "acknowledged_at", "starts_at", "ends_at"],
    "alerts_by_text": ["text_id", "status", "acknowledged_at", "starts_at", "ends_at"],
}


def upgrade() -> None:
    """Make the tables, fill them from the incidents that are known, then index."""
    _make_tables()
    op.add_column("alerts", sa.Column("text_id", sa.Integer(), nullable=True))
    # SQLite cannot add a stored column to a table, older PostgreSQL knows no other
    stored = op.get_bind().dialect.name == "postgresql"
    seconds = sa.Computed(seconds_between("ends_at", "starts_at"), persisted=stored)
    op.add_column("alerts", sa.Column("seconds", sa.Float(), seconds, nullable=False))
    of_all = sa.Computed(gravity(), persisted=stored)
    op.add_column("alerts", sa.Column("gravity", sa.Integer(), of_all, nullable=False))
    _fill(op.get_bind())
    for name in DROPPED:
        op.drop_index(name, "alerts")
    for name, columns in INDICES.items():
        op.create_index(name, "alerts", columns, unique=False)


def _make_tables() -> None:
    op.create_table(
        "alert_texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("severity_rank", sa.Integer(), nullable=False),
        sa.Column("module", sa.String(length=255), nullable=False),
        sa.Column("signal", sa.String(length=255), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "alert_labels",
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("value", sa.String(length=255), nullable=False),
        sa.Column("text_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(["text_id"], ["alert_texts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("name", "value", "text_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_alert_labels_text_id", "alert_labels", ["text_id"], unique=False)


def _fill(connection: sa.Connection) -> None:
    alerts = sa.table(
        "alerts",
        sa.column("id", sa.Integer()),
        sa.column("labels", sa.JSON()),
        sa.column("annotations", sa.JSON()),
        sa.column("text_id", sa.Integer()),
    )
    set_text = sa.update(alerts).where(alerts.c.id == sa.bindparam("row_id"))
    set_text = set_text.values(text_id=sa.bindparam("row_text"))
    last = 0
    read = sa.select(alerts.c.id, alerts.c.labels, alerts.c.annotations).order_by(alerts.c.id).limit(AT_ONCE)
    while rows := connection.execute(read.where(alerts.c.id > last)).all():
        found = text_ids(connection, [(row.labels, row.annotations) for row in rows])
        pairs = zip(rows, found, strict=True)
        connection.execute(set_text, [{"row_id": row.id, "row_text": text_id} for row, text_id in pairs])
        last = rows[-1].id


def downgrade() -> None:
    """Drop them."""
    for name in INDICES:
        op.drop_index(name, "alerts")
    for name, columns in DROPPED.items():
        op.create_index(name, "alerts", columns, unique=False)
    op.drop_column("alerts", "gravity")
    op.drop_column("alerts", "seconds")
    op.drop_column("alerts", "text_id")
    op.drop_table("alert_labels")
    op.drop_table("alert_texts")
