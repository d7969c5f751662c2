"""What is too old or too much goes, on both databases; what is not over stays, and no counter falls."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from starlette.testclient import TestClient

from ingestion_api.retention.removal import BATCH
from ingestion_api.retention.retention_thread import RetentionThread
from ingestion_api.store import Store
from ingestion_api.store.tables import Alert, AlertLabel, AlertText, AuditRow, IdempotencyKey, Job, JobEvent
from tests.ingestion_api.alerts.test_webhook import notice, send
from tests.ingestion_api.conftest import MORNING, HandClock, service_behind
from tests.ingestion_api.jobs.example_jobs import ended_job, running_job, waiting_job
from tests.ingestion_api.metrics.samples import samples

UNLIMITED = {
    f"retention_{name}": 0
    for name in ("incident_days", "incidents", "job_days", "jobs", "audit_days", "audit_rows")
}


@pytest.fixture
def begin(start: Callable[..., TestClient], database_url: str, store: Store) -> Callable[..., TestClient]:
    """A function that starts a service on each kind of database, without any limit but those given."""
    return lambda **limits: start(database_url=database_url, retention_period=600, **UNLIMITED | limits)


def remove(client: TestClient) -> dict[str, int]:
    """What one round removes."""
    thread = service_behind(client).retention
    assert isinstance(thread, RetentionThread)
    return dict(thread.run_once())


def count(store: Store, table: Any) -> int:
    """How many rows a table has."""
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def alerts_named(client: TestClient) -> set[str]:
    """The names of all incidents."""
    return {it["name"] for it in client.get("/api/v1/alerts?limit=500").json()["alerts"]}


def test_old_incidents_go_but_none_that_fires(begin: Callable[..., TestClient], store: Store) -> None:
    client = begin(retention_incident_days=1)
    start = "2026-11-01T05:00:00Z"
    send(client, notice("firing", "a1", start, alertname="OldFiring"))
    send(client, {**notice("resolved", "a2", start, alertname="Old"), "endsAt": "2026-11-01T06:00:00Z"})
    send(client, {**notice("resolved", "a3", start, alertname="EndedLate"), "endsAt": "2026-11-23T05:00:00Z"})
    assert samples(client)["ops_service_rows_removed_total", "alerts"] == 0
    assert remove(client) == {"alerts": 1, "alert_texts": 1}
    assert alerts_named(client) == {"OldFiring", "EndedLate"}
    assert (count(store, AlertText), count(store, AlertLabel)) == (2, 4)
    assert samples(client)["ops_service_rows_removed_total", "alerts"] == 1
    assert remove(client) == {}


def test_a_clock_that_jumps_ten_years_ahead_removes_a_day_an_hour(
    begin: Callable[..., TestClient], store: Store, clock: HandClock
) -> None:
    """Whoever starts with a wrong clock has days to notice it; one that is right after all catches up."""
    service = service_behind(client := begin(retention_incident_days=365))
    passed = [0.0]

    def thread() -> RetentionThread:
        return RetentionThread(store, service.settings, clock, lambda: passed[0])

    for name, days in (("Oldest", 364.5), ("Old", 300.0), ("New", 1.0)):
        began = (MORNING - timedelta(days=days)).isoformat()
        send(client, notice("resolved", name.encode().hex(), began, alertname=name) | {"endsAt": began})
    assert thread().run_once() == {}
    clock.move(days=3650)
    for jumped in (thread(), thread()):
        assert jumped.run_once() == {}
    passed[0] += 3600
    assert jumped.run_once()["alerts"] == 1
    assert jumped.run_once() == {}
    assert alerts_named(client) == {"Old", "New"}
    clock.move(days=-3650)
    passed[0] += 30 * 86_400
    assert jumped.run_once() == {}
    clock.move(days=3650)
    passed[0] += 365 * 86_400
    assert jumped.run_once()["alerts"] == 2


def test_the_oldest_of_too_many_incidents_go_in_batches(
    begin: Callable[..., TestClient], store: Store
) -> None:
    client = begin(retention_incidents=5)
    send(client, notice("firing", "ffff", alertname="FiresOn"))
    ended = [notice("resolved", f"{n:x}", alertname=f"A{n}") for n in range(2 * BATCH + 10)]
    send(client, *ended)
    assert remove(client)["alerts"] == 2 * BATCH + 5
    assert alerts_named(client) == {"FiresOn", *(f"A{n}" for n in range(2 * BATCH + 5, 2 * BATCH + 10))}
    assert count(store, Alert) == 6


def test_jobs_go_and_their_counters_stay(
    begin: Callable[..., TestClient], store: Store, clock: HandClock
) -> None:
    client = begin(retention_job_days=30)
    old = ended_job(store, "failed", "old")
    retried = ended_job(store, "complete", "retried")
    for number in range(3):
        ended_job(store, "complete", f"done-{number}")
    waits, runs = waiting_job(store, "waits"), running_job(store, "runs").job.id
    with store.write() as session:
        session.execute(
            update(Job).where(Job.id == retried).values(retry_of=old, files_processed=7, losses=2)
        )
        session.execute(
            update(Job).where(Job.id == retried + 1).values(started_at=MORNING - timedelta(seconds=9))
        )
        named = IdempotencyKey(key="k", request="r", job_id=retried + 2, created_at=MORNING)
        session.add(named)
    before = job_counters(client)
    clock.move(days=40)
    latest = ended_job(store, "complete", "latest", clock.now)
    with store.write() as session:
        session.execute(update(Job).where(Job.id == waits).values(submitted_at=clock.now))
    after = job_counters(client)
    assert remove(client)["jobs"] == 4
    with store.read() as session:
        assert session.scalars(select(Job.id).order_by(Job.id)).all() == [retried + 2, waits, runs, latest]
        assert session.scalars(select(JobEvent.job_id).distinct().order_by(JobEvent.job_id)).all() == [
            retried + 2, waits, runs, latest,
        ]  # fmt: skip
    assert job_counters(client) == after
    assert all(value >= before[name] for name, value in after.items() if name in before)
    assert samples(client)["ops_service_rows_removed_total", "jobs"] == 4


def job_counters(client: TestClient) -> dict[tuple[str, ...], float]:
    """What only grows."""
    names = ("jobs_ended", "files", "embeddings", "jobs_lost", "job_duration")
    return {
        key: value
        for key, value in samples(client).items()
        if key[0].removeprefix("ops_service_").startswith(names) and not key[0].endswith("_created")
    }


def test_the_latest_ended_job_stays_however_few_are_kept(
    begin: Callable[..., TestClient], store: Store
) -> None:
    client = begin(retention_jobs=1)
    ids = [ended_job(store, "complete", f"lamp-{n}", MORNING + timedelta(seconds=n)) for n in range(4)]
    waits = waiting_job(store, "waits")
    assert remove(client)["jobs"] == 3
    with store.read() as session:
        assert session.scalars(select(Job.id).order_by(Job.id)).all() == [ids[-1], waits]


def test_the_audit_log_is_cut_by_age_and_number(
    begin: Callable[..., TestClient], store: Store, clock: HandClock
) -> None:
    client = begin(retention_audit_days=10, retention_audit_rows=3)
    with store.write() as session:
        for number in range(8):
            at = MORNING + timedelta(days=number)
            session.add(
                AuditRow(
                    at=at, actor="keeper", address="::1", action="close", subject=str(number), details={}
                )
            )
    clock.move(days=12)
    assert remove(client) == {"audit_log": 5}
    with store.read() as session:
        assert session.scalars(select(AuditRow.subject).order_by(AuditRow.id)).all() == ["5", "6", "7"]


def test_who_writes_meanwhile_does_not_wait(begin: Callable[..., TestClient], store: Store) -> None:
    client = begin(retention_incidents=1)
    send(client, *(notice("resolved", f"{n:x}", alertname=f"A{n}") for n in range(1500)))
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            began = time.perf_counter()
            send(client, notice("firing", "abc", alertname="New"))
            waits.append(time.perf_counter() - began)

    writer = threading.Thread(target=write)
    writer.start()
    assert remove(client)["alerts"] == 1500
    over.set()
    writer.join()
    assert len(waits) > 15, "one write for each batch at least"
    assert sorted(waits)[len(waits) // 2] < 0.5
