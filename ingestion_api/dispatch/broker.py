"""The broker as the service sees it: is it there, which messages wait, send one, take one back."""

import json
from collections.abc import Iterable
from typing import Any

from celery import Celery
from redis import Redis
from redis.exceptions import RedisError

from connections.faults import describe_fault
from connections.redis_clients import blocking_client, explain_error_blocking
from connections.redis_url import RedisUrl
from ingestion_api.dispatch.celery_app import EMBEDDINGS, INGESTION, TASKS, broker_address, make_celery_app
from ingestion_api.errors import Unavailable
from ingestion_api.settings import Settings

TIMEOUT = 2.0
NO_QUEUE = "No Redis is named for the queue, so no jobs are taken; set SERVICE_BROKER_URL."
QUEUES = (INGESTION, EMBEDDINGS)


class Broker:
    """Celery's queues on Redis; every call answers or fails within a few seconds."""

    def __init__(self, celery: Celery, redis: "Redis", url: RedisUrl) -> None:
        self._celery = celery
        self._redis = redis
        self._url = url

    @property
    def is_configured(self) -> bool:
        """Whether there is a queue at all."""
        return True

    @classmethod
    def at(cls, settings: Settings) -> "Broker":
        """The broker of the settings; nothing is connected to yet."""
        if settings.broker_url is None:
            return NoBroker()
        url = broker_address(settings)
        timeouts = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT}
        celery = make_celery_app(settings)
        celery.conf.broker_transport_options = {**celery.conf.broker_transport_options, **timeouts}
        return cls(celery, blocking_client(url, **timeouts), url)

    def check(self) -> None:
        """Raise Unavailable when the broker does not answer, or cannot be used as the settings say."""
        try:
            self._redis.ping()
        except RedisError as error:
            if words := describe_fault(explain_error_blocking(error, self._url)):
                raise Unavailable(f"The queue's broker {words}; see broker_url.") from error
            raise Unavailable("The queue's broker does not answer; try again shortly.") from error
        except Exception as error:
            raise Unavailable("The queue's broker does not answer; try again shortly.") from error

    def check_publishing(self) -> None:
        """Open what a message would be sent over; raises what kombu raises."""
        with self._celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            connection.default_channel.client.ping()  # type: ignore[attr-defined]  # of kombu's Redis channel

    def publish(self, kind: str, job_id: int, message_id: str) -> None:
        """Send the message that makes a worker take the job; raises what kombu raises."""
        self._celery.send_task(
            TASKS[kind], args=[job_id], task_id=message_id, queue=kind, retry=True, retry_policy=RETRY_ONCE
        )

    def waiting(self) -> set[int]:
        """The jobs whose messages wait in the queues; raises RedisError."""
        bodies = (body for queue in QUEUES for body in self._range(queue))
        return {job_id for body in bodies if (job_id := _parse_job_id(body)) is not None}

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


class NoBroker(Broker):
    """No queue: what is watched uses another broker than Redis, and none of ours is named."""

    def __init__(self) -> None:
        """Nothing is opened."""

    @property
    def is_configured(self) -> bool:
        """It is not."""
        return False

    def check(self) -> None:
        """Raise Unavailable with what to set."""
        raise Unavailable(NO_QUEUE)

    def publish(self, kind: str, job_id: int, message_id: str) -> None:  # noqa: ARG002 - there is nowhere to
        """Raise Unavailable."""
        self.check()

    def waiting(self) -> set[int]:
        """No message waits."""
        return set()

    def revoke(self, message_ids: Iterable[str]) -> None:
        """No worker has any."""

    def close(self) -> None:
        """Nothing is open."""


# a connection that broke while idle is replaced once; a broker that is away is left to the next round
RETRY_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


def _parse_job_id(body: bytes) -> int | None:
    try:
        message_id = json.loads(body)["headers"]["id"]
        return int(str(message_id).split("-")[1])
    except (ValueError, KeyError, IndexError, TypeError):
        return None
