"""A service on a free port with a database to fill: what browsers are pointed at."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from redis import Redis
from sqlalchemy import delete
from uvicorn.config import HTTPProtocolType

from ingestion_api.app import create_app
from ingestion_api.encoder import model_name
from ingestion_api.server.run import protocol
from ingestion_api.service import Service
from ingestion_api.settings import Settings
from ingestion_api.store.tables import Alert, Job, JobEvent, Resource, SigningKey, Worker
from ingestion_api.store.tables.base import Base
from tests.servers.ports import free_port
from tests.servers.waiting import eventually

TOKEN = "the lamp is lit from dusk until dawn"
HOSTS = ("127.0.0.1",)


@dataclass(frozen=True)
class Desk:
    """A running service, and the means to put things before it."""

    app: FastAPI
    url: str
    cache: "Redis"

    @property
    def service(self) -> Service:
        """The parts of the service."""
        service: Service = self.app.state.service
        return service

    def empty(self) -> None:
        """Take everything away."""
        with self.service.store.write() as session:
            for table in reversed(Base.metadata.sorted_tables):
                # a browser stays signed in from one test to the next
                if table is not SigningKey.__table__:
                    session.execute(delete(table))
        self.cache.flushdb()

    def put_job(self, state: str, url: str | None = "https://github.com/tower/lamp", **values: Any) -> int:
        """Write a job in a state, with the story that leads there; return its number."""
        now = datetime.now(UTC)
        job = Job(
            kind="ingestion" if url else "embeddings",
            repo_url=url,
            repository=f"{url} {values.pop('copy', '')}" if url else None,
            parameters={},
            state=state,
            dispatch="celery",
            actor="operator",
            submitted_at=now - timedelta(minutes=3),
            published_at=now,
            **_times(state, now),
            **values,
        )
        with self.service.store.write() as session:
            session.add(job)
            session.flush()
            for name in dict.fromkeys(("pending", "processing" if job.started_at else "pending", state)):
                session.add(
                    JobEvent(
                        job_id=job.id, at=now, state=name, ending=job.ended_at is not None and name == state
                    )
                )
            return job.id

    def change_job(self, number: int, **values: Any) -> None:
        """Change a job's columns."""
        with self.service.store.write() as session:
            job = session.get_one(Job, number)
            for name, value in values.items():
                setattr(job, name, value)

    def put_worker(self, name: str, silent_seconds: float = 0, kind: str = "cloud", **gpu: Any) -> None:
        """Write a worker that was heard of so long ago, or change when it was."""
        heard = datetime.now(UTC) - timedelta(seconds=silent_seconds)
        with self.service.store.write() as session:
            worker = Worker(
                id=name,
                type=kind,
                host="tower",
                pid=7,
                queues=["ingestion"],
                gpu=gpu,
                started_at=heard,
                last_heartbeat=heard,
            )
            session.merge(worker)

    def put_alert(self, name: str, severity: str, *, ended: bool = False, **labels: str) -> int:
        """Write an alert that fires, or has just ended; return its number."""
        now = datetime.now(UTC)
        alert = Alert(
            fingerprint=name,
            starts_at=now,
            ends_at=now if ended else None,
            status="resolved" if ended else "firing",
            name=name,
            severity=severity,
            labels={"alertname": name, "severity": severity, **labels},
            annotations={
                "summary": "6 % of requests fail.",
                "action_url": "/jobs",
                "dashboard_url": "http://127.0.0.1:3000/d/watchroom-api",
                "runbook_url": "http://127.0.0.1:9090/user/alerts.html#apierrorshigh",
            },
            generator_url="",
            receiver="desk",
            first_received_at=now,
            last_received_at=now,
        )
        with self.service.store.write() as session:
            session.add(alert)
            session.flush()
            return alert.id

    def put_resources(self, with_vector: int, without: int) -> None:
        """Write resources, some with a sparse embedding."""
        now = datetime.now(UTC)
        with self.service.store.write() as session:
            for number in range(with_vector + without):
                embedded = number < with_vector
                session.add(
                    Resource(
                        id=f"00000000-0000-4000-8000-{number:012}",
                        title=f"Text {number}",
                        description="The lamp turns.",
                        ingestion_status="completed",
                        sparse_embedding='{"7": 1.5}' if embedded else None,
                        sparse_embedding_model=model_name("bm25") if embedded else None,
                        created_at=now,
                        updated_at=now,
                    )
                )

    def put_keys(self, prefix: str, number: int) -> None:
        """Write keys into the cache."""
        for each in range(number):
            self.cache.set(f"{prefix}{each}", "1")


def _times(state: str, now: datetime) -> dict[str, datetime]:
    times = {}
    if state not in ("pending", "skipped"):
        times["started_at"] = now - timedelta(minutes=2)
    if state == "processing":
        times["lease_until"] = now + timedelta(hours=1)
    elif state != "pending":
        times["ended_at"] = now - timedelta(minutes=1)
    return times


def desk_settings(folder: Path, redis_url: str, **more: Any) -> Settings:
    """Settings for a service that keeps to its folder."""
    usual: dict[str, Any] = {
        "run_dir": folder,
        "token": SecretStr(TOKEN),
        "broker_url": SecretStr(f"{redis_url}/0"),
        "cache_url": SecretStr(f"{redis_url}/2"),
        "trusted_hosts": HOSTS,
    }
    return Settings(**usual | more)


@contextmanager
def open_desk(settings: Settings) -> Iterator[Desk]:
    """Run a service until the block ends."""
    app, port = create_app(settings), free_port()
    # the real protocol: it ends streams that a browser keeps open
    http = cast("HTTPProtocolType", protocol(settings))
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", http=http))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert settings.cache_url is not None
    cache = Redis.from_url(settings.cache_url.get_secret_value())
    try:
        eventually(lambda: server.started, within=10)
        yield Desk(app, f"http://127.0.0.1:{port}", cache)
    finally:
        server.should_exit = True
        thread.join()
        cache.close()
