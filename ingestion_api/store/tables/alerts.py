"""The incidents that Alertmanager has reported."""

from collections.abc import Callable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Computed, Double, Float, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from ingestion_api.store.tables.base import Base
from ingestion_api.store.tables.expressions import gravity, seconds_between

SEVERITIES = ("critical", "warning", "info")  # from the gravest
COLUMN_LENGTH = 255
RISING = ("severity", "window")  # the labels in which severities of one alert differ


def severity_rank(severity: str) -> int:
    """How grave a severity is: 0 for the gravest; unknown words come last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _rank(context: Any) -> int:
    return severity_rank(context.get_current_parameters()["severity"])


def _label(name: str) -> Callable[[Any], str]:
    return lambda context: str(context.get_current_parameters()["labels"].get(name, ""))[:COLUMN_LENGTH]


def severity_group(labels: Mapping[str, Any]) -> str:
    """One text for alerts that differ in the severity alone: a rise in severity is another alert.

    A budget that burns has other windows at each severity.
    """
    pairs = sorted((name, str(value)) for name, value in labels.items() if name not in RISING)
    return sha256(repr(pairs).encode()).hexdigest()[:32]


def _group(context: Any) -> str:
    return severity_group(context.get_current_parameters()["labels"])


_FILTERED = ("text_id", "acknowledged_at")
_OWN = ("acknowledged_at", "starts_at", "ends_at")


def _text(context: Any) -> int:
    # a caller of many rows asks once for all of them
    from ingestion_api.store.alert_texts import text_ids  # noqa: PLC0415 - it needs this table's module

    given = context.get_current_parameters()
    return text_ids(context.connection, [(given["labels"], given["annotations"])])[0]


class Alert(Base):
    """One incident: one firing interval of one alert, known by fingerprint and start."""

    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("fingerprint", "starts_at", name="one_row_per_incident"),
        Index("alerts_by_status_and_severity", "status", "severity", "id"),
        Index("alerts_by_status_and_start", "status", "starts_at"),
        Index("alerts_by_end", "status", "ends_at", "id"),
        Index("alerts_by_severity_group", "severity_group", "starts_at"),
        Index("alerts_by_evidence", "evidence", "id"),
        # a list reads rows only once it knows which: what filters it is in the index of its order
        Index("alerts_newest", "starts_at", "id", *_FILTERED, "status", "ends_at"),
        Index("alerts_gravest", "gravity", "starts_at", "id", *_FILTERED, "status", "ends_at"),
        Index("alerts_longest", "status", "seconds", "id", *_FILTERED, "starts_at", "ends_at"),
        # counts have an index in the order of their groups
        Index("alerts_by_kind", "status", "severity_rank", "module", *_OWN),
        Index("alerts_by_text", "text_id", "status", *_OWN),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(255))
    severity: Mapped[str] = mapped_column(String(64))
    labels: Mapped[dict[str, Any]]
    annotations: Mapped[dict[str, Any]]
    generator_url: Mapped[str] = mapped_column(Text)
    receiver: Mapped[str] = mapped_column(String(255))
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime]
    notices: Mapped[int] = mapped_column(default=1)
    acknowledged_at: Mapped[datetime | None]
    acknowledged_by: Mapped[str | None] = mapped_column(String(100))
    acknowledgement: Mapped[str | None] = mapped_column(String(500))
    severity_rank: Mapped[int] = mapped_column(default=_rank, server_default="3")  # 0 is the gravest
    module: Mapped[str] = mapped_column(String(255), default=_label("module"), server_default="")
    signal: Mapped[str] = mapped_column(String(255), default=_label("signal"), server_default="")
    severity_group: Mapped[str] = mapped_column(String(32), default=_group, server_default="")
    # "told" by the webhook, "reconciled" from a poll of Alertmanager, or "history" of Prometheus
    known_by: Mapped[str] = mapped_column(String(16), default="told", server_default="told")
    # "told", "reconciled", "history", "superseded" by a newer start, or "closed" by hand
    end_known_by: Mapped[str | None] = mapped_column(String(16))
    closed_by: Mapped[str | None] = mapped_column(String(100))
    close_reason: Mapped[str | None] = mapped_column(String(500))
    # "silenced" or "inhibited" at the latest poll
    suppression: Mapped[str] = mapped_column(String(16), default="", server_default="")
    was_silenced: Mapped[bool] = mapped_column(default=False, server_default=false())
    was_inhibited: Mapped[bool] = mapped_column(default=False, server_default=false())
    # what Prometheus recorded: "pending", "start" when that of the start is kept, "done" or "none"
    evidence: Mapped[str] = mapped_column(String(8), default="pending", server_default="none")
    value_at_start: Mapped[float | None] = mapped_column(Double)
    level_at_start: Mapped[float | None] = mapped_column(Double)
    worst_value: Mapped[float | None] = mapped_column(Double)
    worst_at: Mapped[datetime | None]
    # the self-reports that disagreed at the start: subject, reported, observed; None where that is unknown
    disagreements: Mapped[dict[str, Any] | None]
    # the row of alert_texts; without a foreign key, which SQLite cannot add to a table
    text_id: Mapped[int | None] = mapped_column(default=_text)
    # from start to end; 0 while the end is not known
    seconds: Mapped[float] = mapped_column(
        Float, Computed(seconds_between("ends_at", "starts_at"), persisted=True)
    )
    gravity: Mapped[int] = mapped_column(Computed(gravity(), persisted=True))
