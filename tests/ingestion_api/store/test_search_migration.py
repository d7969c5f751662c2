"""The search of incidents is filled from those that an earlier release kept."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import func, select, text

from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.queries import PageRequest, list_alerts
from ingestion_api.store import Store
from ingestion_api.store.engine import WRITE_OPTION
from ingestion_api.store.migrate import _config, migrate
from ingestion_api.store.tables import Alert, AlertText
from tests.ingestion_api.conftest import MORNING
from tests.servers.postgres_server import PostgresServer

BEFORE, THIS = "0017", "0018"
ROWS = 2_500  # more than the migration reads at once
INSERT = """
INSERT INTO alerts (fingerprint, starts_at, ends_at, status, name, severity, severity_rank,
    labels, annotations, generator_url, receiver, first_received_at, last_received_at, notices)
VALUES (:fingerprint, '2026-11-23 05:00:00', '2026-11-23 05:01:30', 'resolved', 'QueueLong', 'warning', 1,
    :labels, :annotations, '', '', '2026-11-23 05:00:00', '2026-11-23 05:00:00', 1)
"""


@pytest.fixture(params=["sqlite", "postgres"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A database of the release before, with incidents."""
    if request.param == "sqlite":
        store = Store.at(f"sqlite:///{tmp_path}/own.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        store = Store.at(server.fresh_database())
    lead(store, BEFORE)
    rows = [
        {
            "fingerprint": f"{number:x}",
            "labels": f'{{"alertname": "QueueLong", "severity": "warning", "queue_name": "q{number % 3}"}}',
            "annotations": f'{{"summary": "{number} tasks wait in q{number % 3}."}}',
        }
        for number in range(ROWS)
    ]
    with store.write() as session:
        session.execute(text(INSERT), rows)
    return store


def lead(store: Store, revision: str, *, back: bool = False) -> None:
    """Bring a database to a revision."""
    with store.engine.connect().execution_options(**{WRITE_OPTION: True}) as connection, connection.begin():
        (command.downgrade if back else command.upgrade)(_config(connection), revision)


def test_old_incidents_are_found(old: Store) -> None:
    """Those that differ in a number alone share a row; the way back and forth leads to the same."""
    lead(old, THIS)
    lead(old, BEFORE, back=True)
    migrate(old.engine)
    wanted = AlertFilter(labels={"queue_name": ["q1"]}, text="TASKS wait")
    with old.read() as session:
        assert session.scalar(select(func.count()).select_from(AlertText)) == 3
        assert session.scalar(select(func.count()).where(Alert.text_id.is_(None))) == 0
        found = list_alerts(session, wanted, PageRequest("longest", MORNING, limit=500)).alerts
    assert {alert.labels["queue_name"] for alert in found} == {"q1"}
    assert {round(alert.seconds, 3) for alert in found} == {90.0}
    assert len(found) == 500
    old.close()
