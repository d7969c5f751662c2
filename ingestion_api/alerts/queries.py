"""Read incidents: the filter comes before the order, and the order before the cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from ingestion_api.store.tables import Alert

# labels that have a column and an index
_COLUMNS = {"alertname": Alert.name, "module": Alert.module, "signal": Alert.signal}


@dataclass(frozen=True)
class AlertFilter:
    """Which incidents; a label may have one of several values."""

    status: str | None = None
    severity: str | None = None
    labels: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def apply(self, query: Select[Any]) -> Select[Any]:
        """The query, for these incidents only."""
        if self.status is not None:
            query = query.where(Alert.status == self.status)
        if self.severity is not None:
            query = query.where(Alert.severity == self.severity)
        for name, values in self.labels.items():
            column = _COLUMNS.get(name)
            if column is not None and all(len(value) < 255 for value in values):
                query = query.where(column.in_(values))
            else:
                query = query.where(Alert.labels[name].as_string().in_(values))
        return query


def newest_alerts(
    session: Session, wanted: AlertFilter, limit: int, before: int | None = None
) -> Sequence[Alert]:
    """Incidents, newest first; `before` is the last id of the page before."""
    query = wanted.apply(select(Alert))
    if before is not None:
        query = query.where(Alert.id < before)
    return session.scalars(query.order_by(Alert.id.desc()).limit(limit)).all()


def gravest_firing(session: Session, wanted: AlertFilter, limit: int) -> Sequence[Alert]:
    """Incidents that fire: what nobody takes care of first, then the gravest, then the newest."""
    query = wanted.apply(select(Alert)).where(Alert.status == "firing")
    order = (Alert.acknowledged_at.is_not(None), Alert.severity_rank, Alert.starts_at.desc(), Alert.id.desc())
    return session.scalars(query.order_by(*order).limit(limit)).all()


def latest_ended(session: Session, wanted: AlertFilter, limit: int) -> Sequence[Alert]:
    """Incidents that are over, the latest end first."""
    query = wanted.apply(select(Alert)).where(Alert.status == "resolved")
    ended = func.coalesce(Alert.ends_at, Alert.starts_at)
    return session.scalars(query.order_by(ended.desc(), Alert.id.desc()).limit(limit)).all()


def count_alerts(session: Session, wanted: AlertFilter, status: str) -> int:
    """How many there are in all."""
    counted = wanted.apply(select(Alert)).where(Alert.status == status)
    return session.scalar(counted.with_only_columns(func.count())) or 0
