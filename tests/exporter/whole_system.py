"""Everything at once: real servers that hold something of each kind, and an exporter that may see it all."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kombu import Connection

from tests.exporter import backend_tables as tables
from tests.exporter import tasks_app
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Watched, watching
from tests.exporter.replay import replay
from tests.exporter.service_answers import BELOW, service_says
from tests.exporter.worker_events import hearing
from tests.servers.redis_server import RedisServer

ANSWERS = Path(__file__).with_name("answers")
QUEUE = "urgent"


@contextmanager
def watching_everything(backend: BackendDouble, redis: RedisServer, database: str) -> Iterator[Watched]:
    """An exporter that is configured in full, and hears the worker's events before the first task is sent."""
    replay(backend, ANSWERS / "ordinary")
    service_says(backend)
    fill_cache(redis)
    fill_ingestion(redis)
    fill_database(database)
    settings: dict[str, Any] = {
        "backend": {"url": backend.url, "period": 0.2, "blocking_period": 1.0, "time_zone": "UTC"},
        "database": {
            "url": database, "statistics_period": 0.2, "period": 0.5, "rows_period": 0.5,
            "statements": 30, "statement_text": 80,
        },
        "redis": {"url": redis.database(2), "keys_period": 0.5},
        "celery": {
            "broker_url": redis.database(0), "results_url": redis.database(0),
            "inspect_period": 0.5, "results_period": 0.3, "period": 0.5,
        },
        "ingestion": {"url": redis.database(0), "period": 0.2},
        "service": {"url": f"{backend.url}{BELOW}", "period": 0.2, "embeddings_period": 0.2},
    }  # fmt: skip
    with watching(**settings) as exporter:
        hearing(exporter)
        yield exporter


def fill_cache(redis: RedisServer) -> None:
    """Keys, an error, a slow command and a spike."""
    with redis.client(2) as client:
        client.config_set("maxmemory", 500_000_000)
        client.config_set("appendonly", "yes")
        client.config_set("latency-monitor-threshold", 1)
        client.config_set("slowlog-log-slower-than", 1000)
        client.mset({f"resource:{n}": "x" * n for n in range(50)})
        client.set("embedding:1", "x", ex=3600)
        client.eval("for i = 1, 3000000 do end", 0)
        client.pipeline(transaction=False).lpush("resource:1", 1).execute(raise_on_error=False)
        client.bgsave()


def fill_ingestion(redis: RedisServer) -> None:
    """The keys of both layouts."""
    now = datetime.now(UTC).isoformat()
    with redis.client(0) as client:
        client.rpush("ingest_queue", json.dumps({"repo_url": "forge.example/a/b", "submitted_at": now}))
        client.lpush(
            "job_history", json.dumps({"status": "complete", "duration_seconds": 3, "timestamp": now})
        )
        client.rpush("pharos:tasks", "{}")
        client.rpush("pharos:dlq", "{}")
        client.hset("pharos:jobs", "1", json.dumps({"status": "pending"}))
        client.set("pharos:worker:last_seen", time.time())
        client.set(
            "pharos:worker:meta",
            json.dumps({"version": "1", "embedding_model": "m", "queue_drained_count": 3}),
        )


def fill_database(url: str) -> None:
    """A row or two in each of the tables that are read."""
    tables.create(url)
    if url.startswith("postgresql"):
        tables.run(
            url,
            "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
            "CREATE INDEX unused ON users (username)",
        )
    rows: tuple[tuple[Any, dict[str, Any]], ...] = (
        (tables.USERS, {"username": "a"}),
        (tables.PROFILES, {"avg_session_duration": 60.0}),
        (tables.INTERACTIONS, {"user_id": "1", "interaction_type": "view"}),
        (tables.RESOURCES, {"sparse_embedding": '{"1": 0.5}', "sparse_embedding_model": "BAAI/bge-m3",
                            "sparse_embedding_updated_at": tables.ago(0.1), "embedding": "[1]"}),
        (tables.RESOURCES, {"sparse_embedding": "{}"}),
        (tables.ANNOTATIONS, {}),
        (tables.COLLECTIONS, {}),
        (tables.FEEDBACK, {"feedback_type": "rating", "context": {"was_clicked": True, "was_useful": True}}),
        (tables.VERSIONS, {"model_name": "ncf", "metrics": {"precision": 0.5, "recall": 0.4}}),
    )  # fmt: skip
    for table, row in rows:
        tables.insert(url, table, [row])


def send_tasks(redis: RedisServer) -> None:
    """Tasks that end in every way, one that waits for its time, and one that nobody takes."""
    with Connection(redis.database(0)) as connection:
        for task in (tasks_app.divide, tasks_app.double):
            send(connection, task, 2)
        for task in (tasks_app.refuse, tasks_app.insist):
            send(connection, task)
        send(connection, tasks_app.double, 2, queue="celery")
        send(connection, tasks_app.double, 2, countdown=600)
        send(connection, tasks_app.double, 2, countdown=0.2, expires=0.1)  # a worker revokes what is too late


def send(connection: Connection, task: Any, *args: Any, **how: Any) -> None:
    """Send a task."""
    task.apply_async(args, connection=connection, **{"queue": QUEUE, **how})
