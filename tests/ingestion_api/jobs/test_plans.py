"""The jobs of years cost neither a request nor the outbox anything: both look into indexes only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event
from starlette.testclient import TestClient

from ingestion_api.store import Store
from tests.ingestion_api.conftest import service_behind

INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/lamp"


@contextmanager
def noted(store: Store) -> Iterator[list[tuple[str, Any]]]:
    """What is asked about jobs within the block, with the parameters."""
    found: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT") and "FROM jobs" in statement:
            found.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    yield found
    event.remove(store.engine, "before_cursor_execute", note)


def test_no_question_of_theirs_reads_the_whole_table(start: Callable[..., TestClient]) -> None:
    """On SQLite, which tells its plans before there are rows."""
    client = start()
    service = service_behind(client)
    with noted(service.store) as questions:
        assert client.post(INGEST).status_code == 200
        assert client.post(INGEST).status_code == 200
        service.outbox.run_once()
    assert len(questions) >= 6
    with service.store.read() as session:
        explain = session.connection().exec_driver_sql
        plans = {sql: str(explain(f"EXPLAIN QUERY PLAN {sql}", given).all()) for sql, given in questions}
    assert [sql for sql, plan in plans.items() if "SCAN" in plan] == []
