"""The Celery application, the same for the service, which only sends, and for the workers."""

from typing import Any

from celery import Celery
from kombu import Connection, Exchange, Queue

from connections.celery_broker import celery_broker
from connections.redis_url import EXPECTED_URL, RedisUrl, parse_redis_url
from ingestion_api.settings import Settings

INGESTION = "ingestion"
EMBEDDINGS = "embeddings"
TASKS = {INGESTION: "ingestion_api.ingest", EMBEDDINGS: "ingestion_api.embed"}


# A connection can end without a word, as after a failover or in a NAT, and nothing is ever readable again. So
# each command has a time, and what is waited for must be answered within health_check_interval and a second.
SOCKET_OPTIONS = {
    "socket_timeout": 5.0,
    "socket_connect_timeout": 2.0,
    "socket_keepalive": True,
    "health_check_interval": 2,
}


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
    """An application for the broker of the settings; `more` are further Celery settings."""
    broker = celery_broker(broker_address(settings))
    configuration: dict[str, Any] = {
        "task_queues": tuple(
            Queue(name, Exchange(name), routing_key=name) for name in (INGESTION, EMBEDDINGS)
        ),
        "task_default_queue": INGESTION,
        "task_create_missing_queues": False,
        "task_ignore_result": True,  # what became of a job is kept in SQL
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_soft_time_limit": settings.soft_time_limit,
        "task_time_limit": settings.hard_time_limit,
        # a message held by a busy worker is one that no other can take
        "worker_prefetch_multiplier": 1,
        "worker_send_task_events": True,
        "task_send_sent_event": True,
        "worker_hijack_root_logger": False,
        # the claim in SQL keeps it single
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "worker_consumer": "ingestion_api.worker.consumer:ReconnectingConsumer",
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
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
