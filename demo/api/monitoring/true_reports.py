"""True reports: each one checks what it reports."""

from functools import partial
from typing import Any

from fastapi import HTTPException
from sqlalchemy.exc import SQLAlchemyError

from demo.api.backend import Backend
from demo.api.loaded_models import ModelUnavailable
from demo.api.monitoring import blocking, checks, engagement
from demo.api.monitoring.fields import actual_utilization, file_fields, pool_fields, pool_warnings
from demo.logs import short_error
from demo.models import CLASSIFIER, MODELS, NCF
from demo.settings import MODULES

Report = dict[str, Any]
STUCK_MESSAGE = "Tasks wait and are reserved, but none is active; the worker pool may be stuck."
UNREACHABLE_MESSAGE = "Could not connect to Celery workers. Ensure Redis and workers are running."


async def database(backend: Backend) -> Report:
    """Whether the database responds, and the use of the pool."""
    error = await checks.database_error(backend)
    fields = pool_fields(backend.engine)
    return {
        "status": "unhealthy" if error else "ok",
        "database": {
            "type": backend.engine.dialect.name,
            "healthy": error is None,
            "health_message": f"Database connection failed: {error}"
            if error
            else "Database connection healthy",
        },
        "connection_pool": fields,
        "warnings": pool_warnings(fields),
        "error": error,
    }


async def db_pool(backend: Backend) -> Report:
    """The use of the pool, relative to its capacity."""
    fields = pool_fields(backend.engine)
    return {"status": "ok", "pool": fields | actual_utilization(fields)}


async def cache_stats(backend: Backend) -> Report:
    """The cache's counters, and whether Redis responds."""
    error = await checks.redis_error(backend)
    return {"status": "error" if error else "ok", "cache_stats": backend.cache.counts(), "error": error}


async def model_health(backend: Backend) -> Report:
    """Whether the recommendation model loads."""
    path = backend.models_folder / f"{NCF}.npz"
    try:
        factors = await checks.run_in_time(backend.models.factors)
    except (ModelUnavailable, TimeoutError) as failure:
        kept = file_fields(path, backend.faults) if path.exists() else {}
        return {
            "status": "error",
            "model": {"available": False, **kept, "error": str(failure)},
            "error": str(failure),
        }
    sizes = {"num_users": len(factors.users), "num_items": len(factors.items),
             "embedding_dim": int(factors.user_vectors.shape[1])}  # fmt: skip
    return {
        "status": "ok",
        "model": {"available": True, **file_fields(path, backend.faults), **sizes},
        "error": None,
    }


async def health_ml(backend: Backend) -> Report:
    """Run one inference on every model."""
    found = {name: await checks.run_in_time(partial(backend.models.check, name)) for name in MODELS}
    errors = [f"{name}: {check['error']}" for name, check in found.items() if check["error"]]
    return {
        "status": "error" if errors else "healthy",
        "error": "; ".join(errors) or None,
        "http_status": 503 if errors else 200,
        "models": found,
        "classification_model": CLASSIFIER,
    }


async def user_engagement(backend: Backend, days: int) -> Report:
    """Who did what in the last days; raises 503 with the database down."""
    try:
        found = await checks.run_in_time(lambda: engagement.user_engagement(backend.engine, days), 3)
    except (SQLAlchemyError, TimeoutError) as error:
        raise HTTPException(503, "The database does not answer") from error
    return {"status": "ok", "time_window_days": days, "metrics": found}


async def recommendation_quality(backend: Backend, days: int) -> Report:
    """What recommendations were worth in the last days; raises 503 with the database down."""
    try:
        found = await checks.run_in_time(
            lambda: engagement.recommendation_quality(backend.engine, backend.models, days), 3
        )
    except (SQLAlchemyError, TimeoutError) as error:
        raise HTTPException(503, "The database does not answer") from error
    return {"status": "ok", "time_window_days": days, "metrics": found}


async def workers_status(backend: Backend) -> Report:
    """What the workers do, asked beside the event loop unless a fault blocks it."""
    try:
        found = await _overview(backend)
    except Exception as error:  # noqa: BLE001  kombu raises errors of every transport
        return {
            "status": "error",
            "workers": None,
            "error": short_error(error),
            "message": UNREACHABLE_MESSAGE,
        }
    active, scheduled = _total(found["active"]), _total(found["scheduled"])
    stuck = active == 0 and _total(found.get("reserved", {})) > 0
    return {
        "status": "degraded" if stuck else "ok",
        "workers": {
            "worker_count": len(found["active"].keys() | found["stats"].keys()),
            "total_active_tasks": active,
            "total_scheduled_tasks": scheduled,
            "active_tasks": found["active"],
            "scheduled_tasks": found["scheduled"],
            "stats": found["stats"],
        },
        "error": None,
        "message": STUCK_MESSAGE if stuck else None,
    }


async def health(backend: Backend) -> Report:
    """Every part, looked at; unhealthy without the database, degraded without any other."""
    database_down = await checks.database_error(backend)
    redis_down = await checks.redis_error(backend)
    blocked = "blocking-health" in backend.faults
    alive = blocking.workers(backend) if blocked else await checks.workers(backend)
    model_error = (await model_health(backend))["error"]
    components = {
        "database": _component(database_down, "Connected"),
        "redis": _component(redis_down, "Connected"),
        "celery": celery_component(alive),
        "ncf_model": {
            "status": "unavailable" if model_error else "available",
            "message": model_error or "Model loaded",
        },
        "api": {"status": "healthy", "message": "API responding"},
    }
    return combine_components(components, model_error is not None)


async def health_module(backend: Backend, module: str) -> Report:
    """One module, looked at; raises 404 for a module that does not exist."""
    if module not in MODULES:
        raise HTTPException(404, f"Module {module[:40]!r} is not registered")
    status, message = await checks.module_health(backend, module)
    return {"status": "ok", "module": module, "health": {"status": status, "message": message}}


def celery_component(alive: list[str] | str) -> dict[str, Any]:
    """The workers in the words of /health."""
    if isinstance(alive, str):
        return {"status": "unhealthy", "message": f"Cannot connect to workers: {alive}", "worker_count": 0}
    if not alive:
        return {"status": "unhealthy", "message": "No workers available", "worker_count": 0}
    return {"status": "healthy", "message": f"{len(alive)} worker(s) active", "worker_count": len(alive)}


def combine_components(components: dict[str, dict[str, Any]], model_missing: bool) -> Report:
    """The sum of the components."""
    lost = []
    if components["redis"]["status"] != "healthy":
        lost.append("Redis unavailable")
    if components["celery"]["status"] != "healthy":
        lost.append("Celery workers unavailable")
    if model_missing:
        lost.append("NCF model unavailable")
    status, message = "healthy", "All systems operational"
    if lost:
        status, message = "degraded", f"System operational with degraded functionality: {'; '.join(lost)}"
    if components["database"]["status"] != "healthy":
        status, message = "unhealthy", "Database unavailable"
    return {"status": status, "message": message, "components": components, "modules": None, "error": None}


def _component(error: str | None, good: str) -> dict[str, Any]:
    return {"status": "unhealthy" if error else "healthy", "message": error or good}


def _total(tasks: dict[str, list[Any]]) -> int:
    return sum(len(found) for found in tasks.values())


async def _overview(backend: Backend) -> dict[str, dict[str, Any]]:
    if "blocking-health" in backend.faults:
        return blocking.overview(backend)
    return await checks.run_in_time(backend.inspector.overview, 4)
