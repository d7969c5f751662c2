"""The broker as the service sees it: is it there, which messages wait, send one, take one back."""

import json
from collections.abc import Iterable
from typing import Any

from celery import Celery
from redis import Redis

from ingestion_api.dispatch.celery_app import EMBEDDINGS, INGESTION, TASKS, celery_app
from ingestion_api.problems import Unavailable
from ingestion_api.settings import Settings

TIMEOUT = 2.0
QUEUES = (INGESTION, EMBEDDINGS)


class Broker:
    """Celery's queues on Redis; every call answers or fails within a few seconds."""

    def __init__(self, celery: Celery, redis: "Redis") -> None:
        self._celery = celery
        self._redis = redis

    @classmethod
    def at(cls, settings: Settings) -> "Broker":
        """The broker of the settings; nothing is connected to yet."""
        url = settings.broker_url.get_secret_value()
        timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        celery = celery_app(settings)
        celery.conf.broker_transport_options = {**celery.conf.broker_transport_options, **timeouts}
        return cls(celery, Redis.from_url(url, **timeouts))

    def check(self) -> None:
        """Raise Unavailable when the broker does not answer."""
        try:
            self._redis.ping()
        except Exception as error:
            raise Unavailable("The queue's broker does not answer; try again shortly.") from error

    def publish(self, kind: str, job_id: int, message_id: str) -> None:
        """Send the message that makes a worker take the job; raises what kombu raises."""
        self._celery.send_task(
            TASKS[kind], args=[job_id], task_id=message_id, queue=kind, retry=True, retry_policy=ONCE_MORE
        )

    def waiting(self) -> set[int]:
        """The jobs whose messages wait in the queues; raises RedisError."""
        bodies = (body for queue in QUEUES for body in self._range(queue))
        return {job_id for body in bodies if (job_id := _job_of(body)) is not None}

    def revoke(self, message_ids: Iterable[str]) -> None:
        """Tell the workers to drop these messages; raises what kombu raises."""
        self._celery.control.revoke(list(message_ids))

    def close(self) -> None:
        """Let go of all connections."""
        self._celery.close()
        self._redis.close()

    def _range(self, queue: str) -> list[bytes]:
        found: Any = self._redis.lrange(queue, 0, -1)
        return list(found)


# a connection that broke while idle is replaced once; a broker that is away is left to the next round
ONCE_MORE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def _job_of(body: bytes) -> int | None:
    try:
        message_id = json.loads(body)["headers"]["id"]
        return int(str(message_id).split("-")[1])
    except (ValueError, KeyError, IndexError, TypeError):
        return None
