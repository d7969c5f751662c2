"""The routes under /api/monitoring, and each module's own health route."""

import time
from types import ModuleType
from typing import Annotated, Any

from fastapi import APIRouter, Query

from demo.api.backend import PREFIXES, Backend, TheBackend
from demo.api.monitoring import checks, false_reports, true_reports
from demo.storage.engine import now

health_router = APIRouter(tags=["health"])
# These three answer at length, the others in short.
DETAILED_MODULES = ("collections", "resources", "search")
TEXTUAL = "Textual SQL expression 'SELECT 1' should be explicitly declared as text('SELECT 1')"
router = APIRouter(prefix="/api/monitoring", tags=["monitoring"])
Report = dict[str, Any]
Days = Annotated[int, Query(ge=1, le=365)]


async def _status(backend: Backend, module: str) -> tuple[str, str, bool]:
    """Status, reason and whether the database answers this module."""
    if "lying" not in backend.faults:
        status, message = await checks.module_health(backend, module)
        return status, message, status != "unhealthy"
    # In the watched backend two of these routes are wrong for ever, each in its own way.
    if module == "resources":
        return "unhealthy", f"Database connection failed: {TEXTUAL}", False
    error = None if module in ("scholarly", "auth") else await checks.table_error(backend, module)
    return ("unhealthy", f"Database connection failed: {error}", False) if error else ("healthy", "", True)


async def detailed_report(backend: Backend, module: str) -> dict[str, Any]:
    """Module, database and event hooks."""
    status, message, reachable = await _status(backend, module)
    names = backend.bus.hooks_of(module)
    report: dict[str, Any] = {
        "status": status,
        "module": {"name": module, "version": "1.0.0", "domain": module},
        "database": {
            "healthy": reachable,
            "message": "Database connection healthy" if reachable else message,
        },
        "event_handlers": {"registered": bool(names), "count": len(names), "events": names},
        "timestamp": now().isoformat(),
    }
    if module == "search":
        report["services"] = {"search_service": {"available": True, "message": "Search service available"}}
    if module == "resources":
        report["event_handlers"]["emits"] = ["resource.deleted"]
    return report


async def short_report(backend: Backend, module: str) -> dict[str, Any]:
    """Status and whether the database answers."""
    status, _, reachable = await _status(backend, module)
    return {"status": status, "module": module, "database": reachable, "timestamp": now().isoformat()}


async def auth_health(backend: TheBackend) -> dict[str, Any]:
    """Auth gives its time as a number, as in the watched backend."""
    status, _, _ = await _status(backend, "auth")
    return {"status": status, "module": "authentication", "timestamp": time.time()}


def _add(prefix: str, module: str) -> None:
    describe = detailed_report if module in DETAILED_MODULES else short_report

    async def health(backend: TheBackend) -> dict[str, Any]:
        return await describe(backend, module)

    health_router.add_api_route(f"{prefix}/health", health, name=f"{module} health")


health_router.add_api_route("/api/auth/health", auth_health)
for _prefix, _module in PREFIXES.items():
    if not _prefix.startswith("/api/"):
        _add(_prefix, _module)


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
    return with_timestamp({"status": "ok", "metrics": found, "warnings": None})


@router.get("/recommendation-quality")
async def recommendation_quality(backend: TheBackend, time_window_days: Days = 7) -> Report:
    """What recommendations were worth."""
    return with_timestamp(await select_reports(backend).recommendation_quality(backend, time_window_days))


@router.get("/user-engagement")
async def user_engagement(backend: TheBackend, time_window_days: Days = 7) -> Report:
    """What readers did."""
    return with_timestamp(await select_reports(backend).user_engagement(backend, time_window_days))


@router.get("/model-health")
async def model_health(backend: TheBackend) -> Report:
    """The recommendation model."""
    return with_timestamp(await select_reports(backend).model_health(backend))


@router.get("/health/ml")
async def health_ml(backend: TheBackend) -> Report:
    """Every model."""
    return with_timestamp(await select_reports(backend).health_ml(backend))


@router.get("/database")
async def database(backend: TheBackend) -> Report:
    """The database and its pool."""
    return with_timestamp(await select_reports(backend).database(backend))


@router.get("/db/pool")
async def db_pool(backend: TheBackend) -> Report:
    """The pool alone."""
    return with_timestamp(await select_reports(backend).db_pool(backend))


@router.get("/events")
async def events(backend: TheBackend) -> Report:
    """Counts and latencies of this process's event bus."""
    return with_timestamp({"status": "ok", "metrics": backend.bus.metrics(), "error": None})


@router.get("/events/history")
async def history(backend: TheBackend, limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> Report:
    """The newest events of this process."""
    found = backend.bus.newest(limit)
    return with_timestamp({"status": "ok", "count": len(found), "events": found})


@router.get("/cache/stats")
async def cache_stats(backend: TheBackend) -> Report:
    """The cache."""
    return with_timestamp(await select_reports(backend).cache_stats(backend))


@router.get("/workers/status")
async def workers_status(backend: TheBackend) -> Report:
    """The Celery workers."""
    return with_timestamp(await select_reports(backend).workers_status(backend))


@router.get("/health")
async def health(backend: TheBackend) -> Report:
    """The overall health."""
    report: Report = await select_reports(backend).health(backend)
    return with_timestamp(false_reports.redis_denied(report) if "lying-pharos" in backend.faults else report)


@router.get("/health/module/{module_name}")
async def health_module(module_name: str, backend: TheBackend) -> Report:
    """One module."""
    return with_timestamp(await select_reports(backend).health_module(backend, module_name))


def select_reports(backend: Backend) -> ModuleType:
    """True reports, unless the fault lying is in force."""
    return false_reports if "lying" in backend.faults else true_reports


def with_timestamp(report: Report) -> Report:
    """A report with its time second, as in the recorded answers."""
    status = {"status": report["status"], "timestamp": now().isoformat()}
    return status | report
