"""How many incidents fire, for the metrics of the service."""

from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ingestion_api.store.tables import Alert
from ingestion_api.store.tables.alerts import SEVERITIES

OTHER = "other"


def firing_by_severity(session: Session, *, acknowledged: bool = False) -> Mapping[str, int]:
    """How many incidents fire now; unknown severities are "other", so that a metric's series are few."""
    query = select(Alert.severity, func.count()).where(Alert.status == "firing").group_by(Alert.severity)
    if acknowledged:
        query = query.where(Alert.acknowledged_at.is_not(None))
    counts = dict.fromkeys((*SEVERITIES, OTHER), 0)
    for severity, number in session.execute(query):
        counts[severity if severity in SEVERITIES else OTHER] += number
    return counts
