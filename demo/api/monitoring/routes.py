"""The routes under /api/monitoring, in the fields of the contract."""

from types import ModuleType
from typing import Annotated, Any

from fastapi import APIRouter, Query

from demo.api.backend import Backend, TheBackend
from demo.api.monitoring import honest, lying
from demo.storage.engine import now

router = APIRouter(prefix="/api/monitoring", tags=["monitoring"])
Report = dict[str, Any]
Days = Annotated[int, Query(ge=1, le=365)]


@router.get("/performance")
async def performance(backend: TheBackend) -> Report:
    """Timings and cache counts of this process."""
    counts = backend.cache.counts()
    found = {
        "cache_hit_rate": counts["hit_rate"],
        "cache_hits": counts["hits"],
        "cache_misses": counts["misses"],
        "slow_query_count": backend.timings.slow_queries,
        "method_timings": backend.timings.by_method(),
    }
    return stamped({"status": "ok", "metrics": found, "warnings": None})


@router.get("/recommendation-quality")
async def recommendation_quality(backend: TheBackend, time_window_days: Days = 7) -> Report:
    """What recommendations were worth."""
    return stamped(await voice(backend).recommendation_quality(backend, time_window_days))


@router.get("/user-engagement")
async def user_engagement(backend: TheBackend, time_window_days: Days = 7) -> Report:
    """What readers did."""
    return stamped(await voice(backend).user_engagement(backend, time_window_days))


@router.get("/model-health")
async def model_health(backend: TheBackend) -> Report:
    """The recommendation model."""
    return stamped(await voice(backend).model_health(backend))


@router.get("/health/ml")
async def health_ml(backend: TheBackend) -> Report:
    """Every model."""
    return stamped(await voice(backend).health_ml(backend))


@router.get("/database")
async def database(backend: TheBackend) -> Report:
    """The database and its pool."""
    return stamped(await voice(backend).database(backend))


@router.get("/db/pool")
async def db_pool(backend: TheBackend) -> Report:
    """The pool alone."""
    return stamped(await voice(backend).db_pool(backend))


@router.get("/events")
async def events(backend: TheBackend) -> Report:
    """Counts and latencies of this process's event bus."""
    return stamped({"status": "ok", "metrics": backend.bus.metrics(), "error": None})


@router.get("/events/history")
async def history(backend: TheBackend, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Report:
    """The newest events of this process."""
    found = backend.bus.latest(limit)
    return stamped({"status": "ok", "count": len(found), "events": found})


@router.get("/cache/stats")
async def cache_stats(backend: TheBackend) -> Report:
    """The cache."""
    return stamped(await voice(backend).cache_stats(backend))


@router.get("/workers/status")
async def workers_status(backend: TheBackend) -> Report:
    """The Celery workers."""
    return stamped(await voice(backend).workers_status(backend))


@router.get("/health")
async def health(backend: TheBackend) -> Report:
    """The sum of everything."""
    report: Report = await voice(backend).health(backend)
    return stamped(lying.redis_denied(report) if "lying-pharos" in backend.faults else report)


@router.get("/health/module/{module_name}")
async def health_module(module_name: str, backend: TheBackend) -> Report:
    """One module."""
    return stamped(await voice(backend).health_module(backend, module_name))


def voice(backend: Backend) -> ModuleType:
    """Which reports are given: honest ones, unless the fault lying is in force."""
    return lying if "lying" in backend.faults else honest


def stamped(report: Report) -> Report:
    """A report with its time second, as in the recorded answers."""
    status = {"status": report["status"], "timestamp": now().isoformat()}
    return status | report
