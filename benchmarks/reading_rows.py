"""What the service knows while `reading_load` reads it: made-up rows, the same each time."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from benchmarks.incident_rows import analyze
from ingestion_api.jobs.states import ENDED
from ingestion_api.store import Store
from ingestion_api.store.alert_texts import with_text_ids
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Alert, AuditRow, Job, JobEvent, Resource, Worker

JOBS, ALERTS, FIRING, RESOURCES, AUDIT_ROWS = 10_000, 100_000, 200, 20_000, 5_000


def fill(url: str) -> None:
    """Write jobs with their events, alerts, resources, audit rows and a worker."""
    store = Store.at(url)
    migrate(store.engine)
    now, chance = datetime.now(UTC), random.Random(7)  # noqa: S311 - the same load each time
    with store.write() as session:
        session.execute(insert(Job), [_job(number, now, chance) for number in range(1, JOBS + 1)])
        session.execute(insert(JobEvent), [step for n in range(1, JOBS + 1) for step in _job_events(n, now)])
        for begin in range(0, ALERTS, 10_000):
            rows = [_alert(number, now, chance) for number in range(begin, begin + 10_000)]
            session.execute(insert(Alert), with_text_ids(session.connection(), rows))
        session.execute(insert(Resource), [_resource(number, now) for number in range(RESOURCES)])
        session.execute(insert(AuditRow), [_audit_row(number, now) for number in range(1, AUDIT_ROWS + 1)])
        session.add(_worker(now))
    analyze(store, url)
    store.close()


def _job(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    ended = now - timedelta(minutes=JOBS - number + 10)
    waits = number > JOBS - 5
    return {
        "id": number,
        "kind": "ingestion",
        "repo_url": f"https://git.example/keeper/lamp-{number}",
        "repository": f"git.example/keeper/lamp-{number}",
        "parameters": {},
        "state": "pending" if waits else chance.choices(ENDED, (80, 15, 3, 2))[0],
        "dispatch": "celery",
        "actor": "operator",
        "submitted_at": now if waits else ended - timedelta(minutes=2),
        "started_at": None if waits else ended - timedelta(minutes=1),
        "ended_at": None if waits else ended,
        "publications": 1,
        "published_at": now,
        "attempts": 0 if waits else 1,
        "losses": 0,
        "files_processed": None if waits else 40,
        "embeddings_generated": None if waits else 40,
    }


def _job_events(number: int, now: datetime) -> Iterator[dict[str, Any]]:
    states = ("pending",) if number > JOBS - 5 else ("pending", "processing", "complete")
    for state in states:
        yield {"job_id": number, "at": now, "state": state, "ending": state == "complete", "note": "a step"}


def _alert(number: int, now: datetime, chance: random.Random) -> dict[str, Any]:
    name = f"Alert{number % 40}"
    began, fires = now - timedelta(seconds=10 * (ALERTS - number)), number >= ALERTS - FIRING
    severity = chance.choice(("critical", "warning", "info"))
    return {
        "fingerprint": f"{number:016x}",
        "starts_at": began,
        "ends_at": None if fires else began + timedelta(seconds=60),
        "status": "firing" if fires else "resolved",
        "name": name,
        "severity": severity,
        "labels": {"alertname": name, "severity": severity, "instance": f"host-{number % 90}"},
        "annotations": {
            "summary": "Ten jobs wait and nobody takes them.",
            "runbook_url": "http://a.example/r",
        },
        "generator_url": "http://127.0.0.1:9090/graph",
        "receiver": "watchroom",
        "first_received_at": began,
        "last_received_at": began,
        "notices": 2,
    }


def _resource(number: int, now: datetime) -> dict[str, Any]:
    vector = "{" + ", ".join(f'"{number + each}": 1.5' for each in range(40)) + "}"
    return {
        "id": f"{number:036d}",
        "title": f"Text {number}",
        "description": "The lamp turns and the keeper sleeps. " * 30,
        "source": "https://git.example/keeper/lamp",
        "ingestion_status": "completed",
        "sparse_embedding": vector if number % 10 else None,
        "sparse_embedding_model": "bm25-english-v1" if number % 10 else None,
        "created_at": now,
        "updated_at": now,
    }


def _worker(now: datetime) -> Worker:
    seen = {"started_at": now, "last_heartbeat": now + timedelta(hours=1)}
    return Worker(id="hands", type="cloud", host="tower", pid=7, queues=["ingestion"], gpu={}, **seen)


def _audit_row(number: int, now: datetime) -> dict[str, Any]:
    subject = f"https://git.example/keeper/lamp-{number}"
    named = {"actor": "operator", "address": "127.0.0.1", "action": "ingest", "subject": subject}
    return {"id": number, "at": now - timedelta(minutes=AUDIT_ROWS - number), "details": {}, **named}
