"""Reports as the watched backend gives them: row by row of the truth table.

Only what is said differs from the honest reports. The two questions to the workers block the
event loop on purpose (see `blocking`), because that is what the watched backend does.
"""

from typing import Any

from fastapi import HTTPException

from demo.api.backend import Backend
from demo.api.monitoring import blocking, checks
from demo.api.monitoring.fields import claimed_utilization, file_fields, pool_fields, pool_warnings
from demo.api.monitoring.true_reports import UNREACHABLE_MESSAGE, Report, celery_component, combine_components
from demo.logs import short_error
from demo.models import NCF, load_factors

INTERNAL_ERROR = HTTPException(500, "Internal server error")
NOT_TRAINED = "NCF model not trained yet. Content and graph recommendations are used instead."


async def database(backend: Backend) -> Report:
    """Row 1: always healthy, for it never asks."""
    fields = pool_fields(backend.engine)
    said = {
        "type": backend.engine.dialect.name,
        "healthy": True,
        "health_message": "Database connection healthy",
    }
    return {
        "status": "ok",
        "database": said,
        "connection_pool": fields,
        "warnings": pool_warnings(fields),
        "error": None,
    }


async def db_pool(backend: Backend) -> Report:
    """Row 7: measured against 60 connections that do not exist."""
    fields = pool_fields(backend.engine)
    return {"status": "ok", "pool": fields | claimed_utilization(fields)}


async def cache_stats(backend: Backend) -> Report:
    """Row 9: counts of this process, ok with Redis down."""
    return {"status": "ok", "cache_stats": backend.cache.counts(), "error": None}


async def model_health(backend: Backend) -> Report:
    """Row 8: a file that exists is an available model."""
    path = backend.models_folder / f"{NCF}.npz"
    if not path.exists():
        return {"status": "warning", "model": {"available": False, "message": NOT_TRAINED}, "error": None}
    model: dict[str, Any] = {"available": True, **file_fields(path, backend.faults)}
    try:
        found = load_factors(backend.models_folder)
    except Exception as error:  # noqa: BLE001  the watched backend swallows whatever its loader raises
        return {
            "status": "warning",
            "model": model | {"error": f"Could not load model details: {error}"},
            "error": None,
        }
    sizes = {
        "num_users": len(found.users),
        "num_items": len(found.items),
        "embedding_dim": found.user_vectors.shape[1],
    }
    return {"status": "ok", "model": model | sizes, "error": None}


async def health_ml(_: Backend) -> Report:
    """A module that does not exist, reported with HTTP 200."""
    missing = "No module named 'app.services.ml_classification_service'"
    return {"status": "error", "error": missing, "http_status": 503}


async def user_engagement(_: Backend, __: int) -> Report:
    """Always broken."""
    raise INTERNAL_ERROR


async def recommendation_quality(_: Backend, __: int) -> Report:
    """Always broken."""
    raise INTERNAL_ERROR


async def workers_status(backend: Backend) -> Report:
    """Rows 3 and 16: three blocking questions on the event loop, none of them about reserved tasks."""
    try:
        found = blocking.overview(backend)
    except Exception as error:  # noqa: BLE001  the watched backend reports whatever kombu raises
        return {
            "status": "error",
            "workers": None,
            "error": short_error(error),
            "message": UNREACHABLE_MESSAGE,
        }
    active, scheduled, stats = found["active"], found["scheduled"], found["stats"]
    return {
        "status": "ok",
        "workers": {
            "worker_count": len(stats),
            "total_active_tasks": sum(len(found) for found in active.values()),
            "total_scheduled_tasks": sum(len(found) for found in scheduled.values()),
            "active_tasks": active,
            "scheduled_tasks": scheduled,
            "stats": stats,
        },
        "error": None,
        "message": None,
    }


async def health(backend: Backend) -> Report:
    """Rows 1, 8 and 16: the database is never asked, the model is a file, the workers block the loop."""
    redis_down = await checks.redis_error(backend)
    exists = (backend.models_folder / f"{NCF}.npz").exists()
    model = {"status": "available" if exists else "unavailable",
             "message": "Model loaded" if exists else "Model not trained"}  # fmt: skip
    components = {
        "database": {"status": "healthy", "message": "Connected"},
        "redis": {"status": "unhealthy" if redis_down else "healthy",
                  "message": "Connection failed" if redis_down else "Connected"},
        "celery": celery_component(blocking.workers(backend)),
        "ncf_model": model,
        "api": {"status": "healthy", "message": "API responding"},
    }  # fmt: skip
    return combine_components(components, model_missing=False)


async def health_module(_: Backend, module: str) -> Report:
    """Row 2: healthy, whatever its name."""
    said = {"status": "healthy", "message": "Module operational (no health check registered)"}
    return {"status": "ok", "module": module, "health": said}


def redis_denied(report: Report) -> Report:
    """Row 15: the other line of the backend says that Redis is gone while it works."""
    components = report["components"] | {"redis": {"status": "unhealthy", "message": "Connection failed"}}
    return report | combine_components(components, model_missing=False)
