"""A hundred thousand made-up incidents as a year of alerts leaves them."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import insert

from ingestion_api.store import Store
from ingestion_api.store.alert_texts import with_text_ids
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Alert
from tests.servers.postgres_server import plain

INCIDENTS, FIRING = 100_000, 200
NAMES, HOSTS = 40, 90
MODULES = tuple(f"module_{number}" for number in range(13))
AT_ONCE = 5_000


def fill(url: str) -> None:
    """Write them as the webhook does, and let PostgreSQL learn of them as its autovacuum would."""
    store = Store.at(url)
    migrate(store.engine)
    now, chance = datetime.now(UTC), random.Random(7)  # noqa: S311 - the same incidents each time
    for begin in range(0, INCIDENTS, AT_ONCE):
        rows = [_incident(number, now, chance) for number in range(begin, begin + AT_ONCE)]
        with store.write() as session:
            session.execute(insert(Alert), with_text_ids(session.connection(), rows))
    analyze(store, url)
    store.close()


def analyze(store: Store, url: str) -> None:
    """Let PostgreSQL learn of the rows now, as autovacuum does within a minute."""
    if store.engine.dialect.name == "postgresql":
        with psycopg.connect(plain(url), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")


def _incident(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    began = now - timedelta(seconds=60 * (INCIDENTS - number) + chance.random())
    fires = number >= INCIDENTS - FIRING
    labels = _labels(chance)
    severity = labels["severity"]
    taken = (
        {"at": began, "by": "operator", "note": "A second worker starts."} if chance.random() < 0.3 else {}
    )
    return {
        "fingerprint": f"{number:016x}",
        "starts_at": began,
        "ends_at": None if fires else began + timedelta(seconds=chance.expovariate(1 / 600)),
        "status": "firing" if fires else "resolved",
        "name": labels["alertname"],
        "severity": severity,
        "labels": labels,
        "annotations": {
            "summary": f"{chance.random():.3%} of the requests to {labels['module']} fail.",
            "description": f"Requests fail at {labels['instance']}, of {chance.randrange(10_000)} in all.",
            "runbook_url": "http://127.0.0.1:9090/user/alerts.html#alert",
        },
        "generator_url": "http://127.0.0.1:9090/graph",
        "receiver": "watchroom",
        "first_received_at": began,
        "last_received_at": began,
        "notices": 2,
        "acknowledged_at": taken.get("at"),
        "acknowledged_by": taken.get("by"),
        "acknowledgement": taken.get("note"),
    }


def _labels(chance: random.Random) -> dict[str, str]:
    kind = chance.randrange(NAMES)
    return {
        "alertname": f"Alert{kind}High",
        "severity": chance.choice(("critical", "warning") if kind % 4 else ("warning", "info")),
        "module": MODULES[kind % len(MODULES)],
        "signal": f"signal_{kind}",
        "instance": f"host-{chance.randrange(HOSTS)}:9200",
        "job": "ops",
    }
