"""The backend's routes: those that the exporter requests, and the module that each belongs to."""

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from exporter.cardinality import OTHER
from exporter.settings import Settings
from exporter.settings_backend import ModuleSettings

MONITORING, INGESTION = "/api/monitoring", "/api/v1/ingestion"
MONITORING_ROUTES = (
    "/db/pool", "/performance", "/database", "/events", "/events/history", "/cache/stats", "/model-health",
    "/health/ml", "/user-engagement", "/recommendation-quality", "/health", "/workers/status",
)  # fmt: skip
INGESTION_ROUTES = ("/health", "/worker/status", "/health/worker", "/jobs/history")
MISSING_MODULE = "no_such_module"


def requested_paths(settings: Settings) -> list[str]:
    """Every path, without its query and without the path of the backend's URL."""
    names = [*(module.name for module in settings.modules), MISSING_MODULE]
    return [
        *(f"{MONITORING}{route}" for route in MONITORING_ROUTES),
        *(f"{MONITORING}/health/module/{name}" for name in names),
        *(f"{INGESTION}{route}" for route in INGESTION_ROUTES),
        *(module.health for module in settings.modules if module.health),
    ]


def mount_path(url: str) -> str:
    """The path at which the backend is mounted by its URL, empty for the root."""
    return urlsplit(url).path.rstrip("/")


MONITORING_MODULE = "monitoring"  # the module that monitoring requests count for
BLOCKING_ROUTES = ("/health", "/workers/status")  # take seconds by design, so their durations do not count
PLACEHOLDER_PATTERN = re.compile(r"\{[^}:]*(:path)?[^}]*\}")


class RouteModules:
    """The module of each route by the prefixes of the settings: the longest match decides."""

    def __init__(self, modules: Sequence[ModuleSettings], below: str = "") -> None:
        self._below = below.rstrip("/")  # the mount path, with which routes may begin
        pairs = ((normalize_route(prefix), module.name) for module in modules for prefix in module.prefixes)
        self._prefixes = sorted(pairs, key=lambda pair: -len(pair[0]))
        self._probes = {normalize_route(module.health) for module in modules if module.health}
        self._blocking = {
            normalize_route(f"{prefix}{route}")
            for prefix, name in self._prefixes
            if name == MONITORING_MODULE
            for route in BLOCKING_ROUTES
        }
        self._watching = MONITORING_MODULE if any(m.name == MONITORING_MODULE for m in modules) else OTHER

    def module(self, route: str) -> str:
        """The module of this route template, `other` where no prefix fits."""
        path = self.relative(route)
        # monitoring requests health routes: counted for their module they would hide its users
        if path in self._probes or path.endswith("/health"):
            return self._watching
        fits = (m for prefix, m in self._prefixes if path == prefix or path.startswith(f"{prefix}/"))
        return next(fits, OTHER)

    def is_timed(self, route: str) -> bool:
        """Whether the route's duration counts for its module."""
        return self.relative(route) not in self._blocking

    def relative(self, route: str) -> str:
        """The route as the settings name it: without the path at which the backend is mounted."""
        path = normalize_route(route)
        is_below = self._below and (path == self._below or path.startswith(f"{self._below}/"))
        return path.removeprefix(self._below) if is_below else path


def normalize_route(route: str) -> str:
    """The route without parameter names and trailing slash; `{:path}` is kept for parameters with slashes."""
    return PLACEHOLDER_PATTERN.sub(r"{\1}", route).rstrip("/")
