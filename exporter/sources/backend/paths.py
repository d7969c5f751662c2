"""The paths of the backend that we may request, so that our requests can be told from its users'."""

from urllib.parse import urlsplit

from exporter.settings import Settings

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
    """The path at which the backend's URL says that it is mounted, empty for the root."""
    return urlsplit(url).path.rstrip("/")
