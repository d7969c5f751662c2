"""What the first requests after a start would wait for, done at the start beside them.

On PostgreSQL the columns of the resources take a dozen queries, and each new connection starts a process with
empty caches: requests soon after a start waited for a quarter of a second, and others behind them.
"""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack

from prometheus_client import CollectorRegistry, generate_latest
from sqlalchemy import Engine, select

from ingestion_api.alerts.filters import AlertFilter
from ingestion_api.alerts.noise import USUAL_WEEKS
from ingestion_api.alerts.queries import PageRequest, list_alerts
from ingestion_api.embeddings.request import embedding_coverage
from ingestion_api.jobs.queries import newest_jobs
from ingestion_api.service import Service
from ingestion_api.store.migrate import BackgroundMigration
from ingestion_api.store.tables import Alert, Job

CONNECTIONS = 8  # as many as usually read at once; the pool keeps some more
log = logging.getLogger(__name__)


def start_warm_up(service: Service, registry: CollectorRegistry, migration: BackgroundMigration) -> None:
    """Warm up in a thread, once the tables are migrated; nothing depends on its success."""

    def run() -> None:
        migration.wait()
        warm_up(service, registry)

    threading.Thread(target=run, name="warm-up", daemon=True).start()


def warm_up(service: Service, registry: CollectorRegistry) -> None:
    """Open connections, read the resources' columns, sum jobs and noise, and compile the queries of lists."""
    steps: tuple[Callable[[], object], ...] = (
        lambda: open_connections(service.store.engine),
        lambda: embedding_coverage(service),
        lambda: generate_latest(registry),
        lambda: _read_lists(service),
        lambda: service.noise.read(USUAL_WEEKS),
    )
    for step in steps:
        try:
            step()
        except Exception as error:  # noqa: BLE001 - then it is a request that waits, and tells what is wrong
            log.info("the service is not warm yet: %s", type(error).__name__)


def open_connections(engine: Engine) -> None:
    """Fill the pool with connections whose server processes know the tables that most requests read."""
    with ExitStack() as held:
        for _ in range(CONNECTIONS):
            connection = held.enter_context(engine.connect())
            for table in (Job, Alert):
                connection.execute(select(table).limit(1)).all()


def _read_lists(service: Service) -> None:
    with service.store.read() as session:
        newest_jobs(session, 1)
        list_alerts(session, AlertFilter(), PageRequest("newest", service.clock(), 1))
