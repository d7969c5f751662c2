"""The Celery application, the same for the service, which only sends, and for the workers."""

from typing import Any

from celery import Celery
from kombu import Exchange, Queue

from ingestion_api.settings import Settings

INGESTION = "ingestion"
EMBEDDINGS = "embeddings"
TASKS = {INGESTION: "ingestion_api.ingest", EMBEDDINGS: "ingestion_api.embed"}


def celery_app(settings: Settings, **more: Any) -> Celery:
    """An application for the broker of the settings; `more` are further Celery settings."""
    app = Celery("watchroom", broker=settings.broker_url.get_secret_value())
    app.conf.update(
        task_queues=tuple(Queue(name, Exchange(name), routing_key=name) for name in (INGESTION, EMBEDDINGS)),
        task_default_queue=INGESTION,
        task_create_missing_queues=False,
        task_ignore_result=True,  # what became of a job is kept in SQL
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=settings.soft_time_limit,
        task_time_limit=settings.hard_time_limit,
        worker_prefetch_multiplier=1,  # a message held by a busy worker is one that no other can take
        worker_send_task_events=True,
        task_send_sent_event=True,
        worker_hijack_root_logger=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,  # the claim in SQL keeps it single
        worker_consumer="ingestion_api.worker.consumer:LastingConsumer",
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": settings.hard_time_limit + 60},
        accept_content=["json"],
    )
    app.conf.update(more)
    return app
