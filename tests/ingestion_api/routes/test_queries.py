"""How many queries a list or a page makes: as many for a hundred jobs as for two, and few."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from ingestion_api.alerts.webhook import EXAMPLE
from ingestion_api.jobs.queries import queue_positions
from ingestion_api.store import Store
from ingestion_api.store.tables import Job
from tests.ingestion_api.conftest import service_behind
from tests.ingestion_api.jobs.example_jobs import ended_job, waiting_job
from tests.ingestion_api.processes import TOKEN

JOBS = "/api/v1/ingestion/jobs"
# the most that each may make, the check of the session included
MOST = {
    f"{JOBS}?limit=100": 3,
    f"{JOBS}?limit=100&status=pending": 3,
    f"{JOBS}/1": 3,
    f"{JOBS}/history?limit=100": 1,
    "/api/v1/ingestion/queue": 1,
    "/api/v1/ingestion/worker/status": 3,
    "/api/v1/alerts?limit=100": 2,
    "/api/v1/audit?limit=100": 1,
    "/jobs": 3,
    "/jobs/1": 5,
    "/alerts": 5,  # what fires is counted apart from what has ended, which is kept
    "/workers": 4,
    "/": 10,
    "/metrics": 11,
}
# threads of the service that read whenever it is their time
BACKGROUND = ("outbox", "retention", "prometheus-history", "alertmanager")


@contextmanager
def counted(store: Store) -> Iterator[list[str]]:
    """The questions that are asked within the block."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if threading.current_thread().name in BACKGROUND:
            return
        # the signing key is read again every second, whoever asks for what
        if statement.startswith("SELECT") and "signing_key" not in statement:
            sent.append(statement)

    event.listen(store.engine, "before_cursor_execute", note)
    yield sent
    event.remove(store.engine, "before_cursor_execute", note)


@pytest.fixture
def visitor(client: TestClient) -> TestClient:
    """Who has the token and has signed in as well, and has seen every page once."""
    key = client.get("/sign-in").text.partition('name="form_key" value="')[2].partition('"')[0]
    client.post("/sign-in", data={"form_key": key, "token": TOKEN})
    add(client, 2)
    for address in MOST:
        assert client.get(address).status_code == 200
    return client


def add(client: TestClient, number: int) -> None:
    """So many more jobs that wait, that ended, and alerts."""
    store = service_behind(client).store
    begin = len(client.get(JOBS, params={"limit": 100}).json()["jobs"])
    for each in range(begin, begin + number):
        waiting_job(store, f"waits-{each}")
        ended_job(store, "failed" if each % 2 else "complete", f"ended-{each}")
    notices = [{**EXAMPLE["alerts"][0], "fingerprint": f"{begin + each:x}"} for each in range(number)]
    assert client.post("/api/v1/alerts/webhook", json={"alerts": notices}).status_code == 200


def queries(client: TestClient) -> dict[str, int]:
    """How many each of them makes now."""
    found = {}
    for address in MOST:
        with counted(service_behind(client).store) as sent:
            assert client.get(address).status_code == 200
        found[address] = len(sent)
    return found


def test_more_rows_make_no_more_queries(visitor: TestClient) -> None:
    """Neither for lists nor for pages; the metrics sum ended jobs only where another one has ended."""
    add(visitor, 1)
    few = queries(visitor)
    add(visitor, 20)
    many = queries(visitor)
    assert {address: (few[address], many[address]) for address in MOST if many[address] > few[address]} == {}
    assert {address: number for address, number in many.items() if number > MOST[address]} == {}


def test_the_places_of_all_are_those_of_each(store: Store) -> None:
    """Also where others of the line are not asked for."""
    ids = [waiting_job(store, f"lamp-{number}") for number in range(5)]
    done = ended_job(store, "complete")
    with store.read() as session:
        jobs = [session.get_one(Job, job_id) for job_id in (ids[4], done, ids[1])]
        assert queue_positions(session, jobs) == {ids[4]: 5, done: 0, ids[1]: 2}


SCAN = re.compile("SCAN (jobs|job_events|alerts)(?! USING (COVERING )?INDEX)")
LISTS = (
    f"{JOBS}?limit=100",
    f"{JOBS}?before=2",
    f"{JOBS}?status=failed",
    f"{JOBS}/history",
    "/api/v1/ingestion/queue",
    "/api/v1/ingestion/worker/status",
    "/api/v1/alerts",
    "/api/v1/alerts?status=firing",
    "/api/v1/alerts?severity=warning",
    "/api/v1/alerts?status=firing&severity=warning&before=newest~1795413480000000~5",
    "/api/v1/alerts?order=gravest",
    "/api/v1/alerts?order=longest&since=2026-11-23T00:00:00Z",
)


def test_no_list_reads_a_whole_table(client: TestClient) -> None:
    """On SQLite, which tells its plans; nor does one sort what an index has in order."""
    add(client, 2)
    plans: dict[str, str] = {}
    for address in LISTS:
        with explained(service_behind(client).store) as found:
            assert client.get(address).status_code == 200
        plans |= found
    # alerts are looked through in an index of their order, and no further than the list goes
    scans = [sql for sql, plan in plans.items() if SCAN.search(plan)]
    sorts = [sql for sql, plan in plans.items() if "LIMIT" in sql and "TEMP B-TREE FOR ORDER BY" in plan]
    assert (len(plans) >= 10, scans, sorts) == (True, [], [])


@contextmanager
def explained(store: Store) -> Iterator[dict[str, str]]:
    """The plans of all questions about jobs and alerts within the block."""
    asked: list[tuple[str, Any]] = []
    plans: dict[str, str] = {}

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT") and "workers" not in statement:
            asked.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    yield plans
    event.remove(store.engine, "before_cursor_execute", note)
    with store.read() as session:
        explain = session.connection().exec_driver_sql
        for sql, given in asked:
            plans[" ".join(sql.split())] = str(explain(f"EXPLAIN QUERY PLAN {sql}", given).all())


def test_a_call_of_many_alerts_asks_once_for_all(client: TestClient) -> None:
    """While it is written, others who write have to wait."""
    notice = EXAMPLE["alerts"][0]
    notices = [{**notice, "fingerprint": f"{number:x}"} for number in range(300)]
    nothing = {"refused": 0, "truncated": 0}
    for told in ({"new": 300, "known": 0, **nothing}, {"new": 0, "known": 300, **nothing}):
        with counted(service_behind(client).store) as sent:
            response = client.post("/api/v1/alerts/webhook", json={"alerts": notices})
        assert response.json() == told
        # which are known, the ids of the new ones, and which acknowledgements they withdraw
        assert sum(it.startswith("SELECT") and "FROM alerts" in it for it in sent) <= 3
