"""The tasks of the contract under their names, each a small piece of real work."""

from collections.abc import Callable
from typing import Any

from celery import Celery, Task

from demo.worker import work
from demo.worker.celery_app import PREFIX

WORK: dict[str, Callable[..., Any]] = {
    "regenerate_embedding_task": work.regenerate_embedding,
    "recompute_quality_task": work.recompute_quality,
    "update_search_index_task": work.update_search_index,
    "update_graph_edges_task": work.update_graph_edges,
    "classify_resource_task": work.classify_resource,
    "invalidate_cache_task": work.invalidate_cache,
    "refresh_recommendation_profile_task": work.refresh_profile,
    "normalize_author_names_task": work.normalize_authors,
    "extract_citations_task": work.weigh_citations,
    "resolve_citations_task": work.weigh_citations,
    "compute_citation_importance_task": work.weigh_citations,
    "extract_scholarly_metadata_task": work.describe_scholarly,
    "evaluate_summary_task": work.recompute_quality,
    "batch_process_resources_task": work.process_batch,
    "monitor_quality_degradation_task": work.find_outliers,
    "detect_quality_outliers_task": work.find_outliers,
    "retrain_classification_model_task": work.retrain_classifier,
    "cleanup_expired_cache_task": work.clean_cache,
    "update_collection_embeddings_task": work.embed_collection,
    "chunk_resource_task": work.chunk_resource,
    "ingest_repo_task": work.ingest_repository,
}


class FaultInForce(RuntimeError):
    """The fault failing-tasks makes every task end with this."""


def register(app: Celery, desk: work.Desk) -> None:
    """Make each piece of work a task of this application."""
    for name, function in WORK.items():
        app.task(name=PREFIX + name, bind=True)(_task(desk, function))


def _task(desk: work.Desk, function: Callable[..., Any]) -> Callable[..., Any]:
    def run(task: "Task[Any, Any]", *args: Any, **kwargs: Any) -> Any:
        if "failing-tasks" in desk.faults:
            raise FaultInForce(f"{task.name} cannot run while the fault failing-tasks is in force")
        return function(desk, *args, **kwargs)

    return run
