"""The health route that each module has of its own; these tell the truth in the watched backend too."""

import time
from typing import Any

from fastapi import APIRouter

from demo.api.backend import Backend, TheBackend
from demo.api.monitoring import checks
from demo.api.paths import PREFIXES
from demo.storage.engine import now

router = APIRouter(tags=["health"])
# These three answer at length, the others in short.
AT_LENGTH = ("collections", "resources", "search")
TEXTUAL = "Textual SQL expression 'SELECT 1' should be explicitly declared as text('SELECT 1')"


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


async def at_length(backend: Backend, module: str) -> dict[str, Any]:
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


async def in_short(backend: Backend, module: str) -> dict[str, Any]:
    """Status and whether the database answers."""
    status, _, reachable = await _status(backend, module)
    return {"status": status, "module": module, "database": reachable, "timestamp": now().isoformat()}


async def auth_health(backend: TheBackend) -> dict[str, Any]:
    """Auth gives its time as a number, as in the watched backend."""
    status, _, _ = await _status(backend, "auth")
    return {"status": status, "module": "authentication", "timestamp": time.time()}


def _add(prefix: str, module: str) -> None:
    describe = at_length if module in AT_LENGTH else in_short

    async def health(backend: TheBackend) -> dict[str, Any]:
        return await describe(backend, module)

    router.add_api_route(f"{prefix}/health", health, name=f"{module} health")


router.add_api_route("/api/auth/health", auth_health)
for _prefix, _module in PREFIXES.items():
    if not _prefix.startswith("/api/"):
        _add(_prefix, _module)
