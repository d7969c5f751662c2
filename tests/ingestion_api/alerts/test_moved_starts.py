"""Two Prometheus raise the same alert: Alertmanager then names the earlier start, and it is one incident."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.store import Delivery, store_alerts
from ingestion_api.alerts.webhook import read_alerts
from ingestion_api.notices.journal import newest_notices
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert
from tests.ingestion_api.alerts.test_webhook import notice
from tests.ingestion_api.conftest import MORNING


def told(store: Store, *notices: tuple[str, int]) -> None:
    """Let Alertmanager tell, call after call, that it fires or is over since a second of the first hour."""
    for number, (status, second) in enumerate(notices):
        start = (MORNING - timedelta(hours=1) + timedelta(seconds=second)).isoformat()
        given: list[dict[str, Any]] = [notice(status, start=start)]
        at = MORNING + timedelta(seconds=number)
        store_alerts(store, IncidentFeed(), Delivery(read_alerts(given).alerts, "", at))


def kept(store: Store) -> list[tuple[float, str]]:
    """The second of each start, and its status; the earliest first."""
    with store.read() as session:
        rows = session.scalars(select(Alert).order_by(Alert.starts_at)).all()
    return [((it.starts_at - MORNING).total_seconds() + 3600, it.status) for it in rows]


def test_an_earlier_start_is_the_same_incident(store: Store) -> None:
    """It was a second one, ended by the first, opened again by each notice and ended again."""
    told(store, ("firing", 1), ("firing", 0), ("firing", 0))
    assert kept(store) == [(0, "firing")]
    told(store, ("resolved", 0))
    assert kept(store) == [(0, "resolved")]
    with store.read() as session:
        assert [it.kind for it in newest_notices(session, 10)] == ["ended", "started"]


def test_a_start_that_lies_in_an_earlier_incident_moves_none(store: Store) -> None:
    told(store, ("firing", 5), ("resolved", 5), ("firing", 1900))
    told(store, ("firing", 2))
    assert kept(store) == [(2, "resolved"), (5, "resolved"), (1900, "firing")]
