"""Worker events as Celery sends them and kombu wraps them, on a real Redis."""

import json
import time
import uuid
from base64 import b64encode
from typing import Any

from redis import Redis

from tests.exporter.exporter_page import Page, Watched
from tests.servers.waiting import eventually

CHANNEL = "/0.celeryev/task.multi"


def event(kind: str, host: str = "one@here", **fields: Any) -> dict[str, Any]:
    """An event of this type, sent now."""
    return {"type": kind, "hostname": host, "utcoffset": 0, "pid": 7, "timestamp": time.time(), **fields}


def heartbeat(host: str = "one@here", processed: int = 0, **fields: Any) -> dict[str, Any]:
    """A worker's heartbeat."""
    return event("worker-heartbeat", host, processed=processed, **{"freq": 2.0, "active": 0, **fields})


def life(
    task: str = "app.index", queue: str = "urgent", ends: str = "task-succeeded", **last: Any
) -> list[Any]:
    """The events of one task from sent to its end; `last` are further fields of the last event."""
    task_id = str(uuid.uuid4())
    named: dict[str, Any] = {"uuid": task_id, "name": task, "retries": 0, "eta": None}
    return [
        event("task-sent", "client@here", **named, queue=queue),
        event("task-received", **named),
        event("task-started", uuid=task_id),
        event(ends, uuid=task_id, **(last or {"runtime": 0.2, "result": "1"})),
    ]


def wrapped(body: Any) -> str:
    """The body in kombu's envelope."""
    return json.dumps(
        {
            "body": b64encode(json.dumps(body).encode()).decode(),
            "content-encoding": "utf-8",
            "content-type": "application/json",
            "headers": {"hostname": "one@here"},
            "properties": {"delivery_mode": 1, "priority": 0, "body_encoding": "base64"},
        }
    )


def tell(redis: Redis, events: list[Any], batch: int = 1) -> None:
    """Publish events one by one, or so many a message."""
    for start in range(0, len(events), batch):
        some = events[start : start + batch]
        redis.publish(CHANNEL, wrapped(some if batch > 1 else some[0]))


def hearing(exporter: Watched) -> None:
    """Wait until the exporter listens."""
    eventually(lambda: exporter.page("workers.up").value("ops_event_stream_connected") == 1)


def seen(exporter: Watched, count: int) -> None:
    """Wait until the exporter has read so many events."""
    eventually(lambda: (exporter.page("workers.up").value("ops_events_seen_total") or 0) >= count)


def counts(exporter: Watched) -> Page:
    """The counts of tasks by an exporter that shows a new one as 0 in one scrape only."""
    exporter.page("workers.tasks")
    return exporter.page("workers.tasks")
