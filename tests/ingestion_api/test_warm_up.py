"""What the first requests after a start would wait for is done before they come."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from sqlalchemy import event

from ingestion_api.embeddings.request import embedding_coverage
from ingestion_api.metrics.jobs import JobMetrics
from ingestion_api.service import make_service
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.warm_up import CONNECTIONS, warm_up


def test_first_requests_open_no_connection_and_read_no_columns(
    settings: Callable[..., Settings], store: Store
) -> None:
    url = store.engine.url.render_as_string(hide_password=False)
    service = make_service(settings(database_url=url))
    registry, opened, statements = CollectorRegistry(), list[object](), list[str]()
    registry.register(JobMetrics(service))
    warm_up(service, registry)
    event.listen(service.store.engine, "connect", lambda connection, _: opened.append(connection))
    event.listen(
        service.store.engine, "before_cursor_execute", lambda *given: statements.append(str(given[2]))
    )
    held = [service.store.engine.connect() for _ in range(CONNECTIONS)]
    for connection in held:
        connection.close()
    embedding_coverage(service)
    assert opened == []
    assert [each for each in statements if "pg_catalog" in each or "PRAGMA" in each] == []
    service.close()


def test_a_database_that_is_away_fails_no_start(settings: Callable[..., Settings]) -> None:
    service = make_service(settings(database_url="postgresql+psycopg://nobody@127.0.0.1:1/none"))
    warm_up(service, CollectorRegistry())
    service.close()
