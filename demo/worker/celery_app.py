"""The Celery application as the contract has it: name, queues, routes, priorities, events."""

from celery import Celery
from kombu import Exchange, Queue

from demo.settings import QUEUES, Settings

PREFIX = "app.tasks.celery_tasks."
ROUTES = {
    "regenerate_embedding_task": "high_priority",
    "recompute_quality_task": "default",
    "update_graph_edges_task": "default",
    "refresh_recommendation_profile_task": "default",
    "normalize_author_names_task": "default",
    "update_search_index_task": "urgent",
    "invalidate_cache_task": "urgent",
    "classify_resource_task": "ml_tasks",
    "batch_process_resources_task": "batch",
    "ingest_repo_task": "repo_ingestion",
}
# The watched backend forgets to route these; the demo does so only under the fault unrouted-tasks.
UNROUTED = {
    "extract_citations_task": "default",
    "resolve_citations_task": "default",
    "compute_citation_importance_task": "batch",
    "extract_scholarly_metadata_task": "default",
    "evaluate_summary_task": "ml_tasks",
    "monitor_quality_degradation_task": "default",
    "detect_quality_outliers_task": "default",
    "retrain_classification_model_task": "ml_tasks",
    "cleanup_expired_cache_task": "default",
    "update_collection_embeddings_task": "default",
    "chunk_resource_task": "default",
}
TASKS = (*ROUTES, *UNROUTED)
DEFAULT_PRIORITY = 5


class SendingApp(Celery):
    """An application that keeps no results, whatever CELERY_RESULT_BACKEND in the environment says."""

    backend_cls = "disabled"


def make_celery(settings: Settings) -> Celery:
    """The application that workers run."""
    app = Celery("neo_alexandria", broker=settings.broker_url, backend=settings.results_url)
    _configure(app)
    return app


def make_sender(settings: Settings, patience: float | None) -> Celery:
    """The same application for those who only send and ask; patience is the socket timeout in seconds."""
    app = SendingApp("neo_alexandria", broker=settings.broker_url)
    _configure(app)
    if patience is not None:
        limits = {"socket_timeout": patience, "socket_connect_timeout": patience}
        app.conf.update(
            broker_connection_timeout=patience,
            broker_transport_options=dict(app.conf.broker_transport_options) | limits,
        )
    return app


def _configure(app: Celery) -> None:
    app.conf.update(
        task_queues=[Queue(name, Exchange(name), routing_key=name) for name in QUEUES],
        task_default_queue="celery",
        task_default_priority=DEFAULT_PRIORITY,
        task_routes={PREFIX + name: {"queue": queue} for name, queue in (ROUTES | UNROUTED).items()},
        task_acks_late=True,
        task_send_sent_event=True,
        task_track_started=True,
        task_time_limit=3600,
        task_soft_time_limit=3300,
        worker_send_task_events=True,
        worker_prefetch_multiplier=4,
        worker_max_tasks_per_child=1000,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"priority_steps": [0, 3, 6, 9], "visibility_timeout": 600},
        result_expires=3600,
        result_extended=True,
        timezone="UTC",
        enable_utc=True,
    )
