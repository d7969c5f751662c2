"""The broker of the jobs: the Celery application, what waits in its queues, publish and revoke."""

import json
from collections.abc import Iterable
from typing import Any

from celery import Celery
from kombu import Connection, Exchange, Queue
from redis import Redis
from redis.exceptions import RedisError

from connections.faults import describe_fault
from connections.redis_clients import blocking_client, celery_broker, explain_error_blocking
from connections.redis_url import EXPECTED_URL, RedisUrl, parse_redis_url
from ingestion_api.errors import Unavailable
from ingestion_api.jobs.states import EMBEDDINGS, INGESTION, KINDS
from ingestion_api.settings import Settings
from ingestion_api.store.tables import Job

TASKS = {INGESTION: "ingestion_api.ingest", EMBEDDINGS: "ingestion_api.embed"}

TIMEOUT = 2.0
NO_QUEUE = "No Redis is named for the queue, so no jobs are taken; set SERVICE_BROKER_URL."

# A connection can be half open, as after a failover or behind a NAT, and never become readable again. So each
# command has a timeout, and a reply must come within health_check_interval and a second.
SOCKET_OPTIONS = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 2,
}
# a connection that broke while idle is replaced once; an unreachable broker is left to the next round
RETRY_ONCE = {"max_retries": 1, "interval_start": 0, "interval_step": 0}


class ServiceCelery(Celery):
    """Celery that uses the broker of our settings, whatever the environment says.

    Celery takes CELERY_BROKER_URL, CELERY_BROKER_READ_URL, CELERY_BROKER_WRITE_URL and CELERY_RESULT_BACKEND
    before its own configuration, and reads the module that CELERY_CONFIG_MODULE names. Here these name what
    the watched backend uses: a worker that follows them consumes beside the backend's own workers.
    """

    backend_cls = "disabled"

    def __init__(self, broker: str, settings: dict[str, Any]) -> None:
        self._own_broker = broker
        # with a source of its own Celery reads no module for its configuration
        super().__init__("watchroom", broker=broker, loader="app", config_source=settings)

    def connection_for_read(self, url: str | None = None, **how: Any) -> Connection:
        """A connection to consume from."""
        return super().connection_for_read(url or self._own_broker, **how)

    def connection_for_write(self, url: str | None = None, **how: Any) -> Connection:
        """A connection to publish to."""
        return super().connection_for_write(url or self._own_broker, **how)

    def connection(self, hostname: str | None = None, **how: Any) -> Connection:  # type: ignore[override]
        """A connection for both; the types name each further argument, all of which are passed on."""
        return super().connection(hostname or self._own_broker, **how)


def make_celery_app(settings: Settings, **more: Any) -> Celery:
    """Make the application for the broker of the settings; `more` are further Celery settings."""
    broker = celery_broker(broker_address(settings))
    configuration: dict[str, Any] = {
        "task_queues": tuple(Queue(name, Exchange(name), routing_key=name) for name in KINDS),
        "task_default_queue": INGESTION,
        "task_create_missing_queues": False,
        "task_ignore_result": True,  # the result of a job is stored in SQL
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": settings.soft_time_limit,
        "task_time_limit": settings.hard_time_limit,
        # a message that a busy worker prefetched is lost to the others
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        # the claim in SQL prevents a second run
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_consumer": "ingestion_api.celery_worker.consumer:ReconnectingConsumer",
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # as of a Redis that a failover made a replica, or of a queue's key that somebody made no list
        "broker_channel_error_retry": True,
        "broker_use_ssl": broker.use_ssl,
        "broker_transport_options": {
            **broker.transport_options,
            **SOCKET_OPTIONS,
            "visibility_timeout": settings.hard_time_limit + 60,
        },
        "accept_content": ["json"],
    }
    return ServiceCelery(broker.url, {**configuration, **more})


def broker_address(settings: Settings) -> RedisUrl:
    """The broker of the settings. Raises ValueError without one."""
    if settings.broker_url is None:
        raise ValueError(f"broker_url is empty, so there is no queue; {EXPECTED_URL}")
    return parse_redis_url(settings.broker_url.get_secret_value())


class Broker:
    """Celery's queues on Redis; every call returns or fails within a few seconds."""

    def __init__(self, celery: Celery, redis: "Redis", url: RedisUrl) -> None:
        self._celery = celery
        self._redis = redis
        self._url = url

    @property
    def is_configured(self) -> bool:
        """Whether there is a queue."""
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
        """Open a connection for publishing; raises what kombu raises."""
        with self._celery.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            connection.default_channel.client.ping()  # type: ignore[attr-defined]  # of kombu's Redis channel

    def publish(self, kind: str, job_id: int, message_id: str) -> None:
        """Send the message that makes a worker take the job; raises what kombu raises."""
        self._celery.send_task(
            TASKS[kind], args=[job_id], task_id=message_id, queue=kind, retry=True, retry_policy=RETRY_ONCE
        )

    def waiting_job_ids(self) -> set[int]:
        """The jobs whose messages wait in the queues; raises RedisError."""
        bodies = (body for queue in KINDS for body in self._range(queue))
        return {job_id for body in bodies if (job_id := _parse_job_id(body)) is not None}

    def revoke(self, message_ids: Iterable[str]) -> None:
        """Revoke these messages; raises what kombu raises."""
        self._celery.control.revoke(list(message_ids))

    def close(self) -> None:
        """Close all connections."""
        self._celery.close()
        self._redis.close()

    def _range(self, queue: str) -> list[bytes]:
        found: Any = self._redis.lrange(queue, 0, -1)
        return list(found)


class NoBroker(Broker):
    """No queue: the watched backend uses another broker than Redis, and none is configured."""

    def __init__(self) -> None:
        """Open nothing."""

    @property
    def is_configured(self) -> bool:
        """Always False."""
        return False

    def check(self) -> None:
        """Raise Unavailable, which names the setting."""
        raise Unavailable(NO_QUEUE)

    def publish(self, kind: str, job_id: int, message_id: str) -> None:  # noqa: ARG002 - there is nowhere to
        """Raise Unavailable."""
        self.check()

    def waiting_job_ids(self) -> set[int]:
        """Return no job."""
        return set()

    def revoke(self, message_ids: Iterable[str]) -> None:
        """Do nothing: there is no message."""

    def close(self) -> None:
        """Do nothing: no connection is open."""


def message_ids(job: Job) -> list[str]:
    """The ids of all messages about a job."""
    return [message_id(job.id, number) for number in range(job.publications)]


def message_id(job_id: int, number: int) -> str:
    """The id of the `number`th message about a job."""
    return f"job-{job_id}-{number}"


def _parse_job_id(body: bytes) -> int | None:
    try:
        message_id = json.loads(body)["headers"]["id"]
        return int(str(message_id).split("-")[1])
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        return None
