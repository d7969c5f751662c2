"""The Celery application of the worker: `celery -A demo.worker.app worker`."""

from collections.abc import Callable
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging

from demo.faults.state import fault_file
from demo.logs import start_logging
from demo.settings import read_settings
from demo.worker import tasks
from demo.worker.celery_app import PREFIX, make_celery
from demo.worker.tasks import WorkerContext

TASK_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "regenerate_embedding_task": tasks.regenerate_embedding,
    "recompute_quality_task": tasks.recompute_quality,
    "update_search_index_task": tasks.update_search_index,
    "update_graph_edges_task": tasks.update_graph_edges,
    "classify_resource_task": tasks.classify_resource,
    "invalidate_cache_task": tasks.invalidate_cache,
    "refresh_recommendation_profile_task": tasks.refresh_profile,
    "normalize_author_names_task": tasks.normalize_authors,
    "extract_citations_task": tasks.score_citations,
    "resolve_citations_task": tasks.score_citations,
    "compute_citation_importance_task": tasks.score_citations,
    "extract_scholarly_metadata_task": tasks.score_metadata,
    "evaluate_summary_task": tasks.recompute_quality,
    "batch_process_resources_task": tasks.process_batch,
    "monitor_quality_degradation_task": tasks.find_outliers,
    "detect_quality_outliers_task": tasks.find_outliers,
    "retrain_classification_model_task": tasks.retrain_classifier,
    "cleanup_expired_cache_task": tasks.clean_cache,
    "update_collection_embeddings_task": tasks.embed_collection,
    "chunk_resource_task": tasks.chunk_resource,
    "ingest_repo_task": tasks.ingest_repository,
}
settings = read_settings()
app = make_celery(settings)


class FaultInForce(RuntimeError):
    """The fault failing-tasks makes every task raise this."""


def register_tasks(app: Celery, context: tasks.WorkerContext) -> None:
    """Register each function as a task of this application."""
    for name, function in TASK_FUNCTIONS.items():
        app.task(name=PREFIX + name, bind=True)(_task(context, function))


def _task(context: tasks.WorkerContext, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(task: "Task[Any, Any]", *args: Any, **kwargs: Any) -> Any:
        if "failing-tasks" in context.faults:
            raise FaultInForce(f"{task.name} cannot run while the fault failing-tasks is in force")
        return function(context, *args, **kwargs)

    return run


register_tasks(app, WorkerContext(settings, fault_file(settings.home)))


@setup_logging.connect
def _log_quietly(**_: object) -> None:
    start_logging("worker", "warning" if settings.log_level == "info" else settings.log_level)
