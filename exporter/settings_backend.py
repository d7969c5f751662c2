"""Settings of the watched backend: its API, its modules, and the thresholds of their status."""

from pathlib import Path

from pydantic import Field, SecretStr

from exporter.settings_types import (
    HttpUrl,
    Name,
    Seconds,
    SettingsSection,
    TimeZone,
)


class BackendSettings(SettingsSection):
    """The watched backend, over HTTP."""

    url: HttpUrl = Field("http://127.0.0.1:8000", description="address of the watched backend")
    proxy: HttpUrl | None = Field(
        None,
        description="proxy for requests to the backend; none: no proxy, whatever HTTP_PROXY is",
    )
    token: SecretStr | None = Field(None, description="bearer token for the backend")
    token_file: Path | None = Field(
        None, description="file with that token, read again when it changes; used before the token"
    )
    timeout: Seconds = Field(1.0, description="seconds that an ordinary route may take")
    blocking_timeout: Seconds = Field(
        15.0, description="seconds that /health and /workers/status may take, which inspect all workers"
    )
    fast_period: Seconds = Field(
        0.25, description="seconds between two requests to a route while something looks wrong with it"
    )
    calm_period: Seconds = Field(
        0.5,
        description="seconds between two requests to /metrics, and to /db/pool, while nothing looks wrong",
    )
    probe_period: Seconds = Field(
        10.0, description="seconds between two requests to a module's health route while nothing looks wrong"
    )
    period: Seconds = Field(30.0, description="seconds between two requests to an ordinary route")
    slow_period: Seconds = Field(
        300.0,
        description="seconds between two requests to /user-engagement or /recommendation-quality, which "
        "count rows in the database",
    )
    blocking_period: Seconds | None = Field(
        None,
        description="seconds between two requests to a route that blocks the backend; none: it is requested "
        "only when something that it reports on has changed, once a minute at most",
    )
    ping_route: str | None = Field(
        None,
        pattern=r"^/",
        description="cheapest route, without database and Redis; none: the exporter finds it by trying",
    )
    time_zone: TimeZone | None = Field(
        None,
        description="zone of the backend's local times, as Europe/Berlin; none: they are left out",
    )
    max_bytes: int = Field(10_000_000, ge=10_000, description="bytes from which a response is refused")
    app_name: Name = Field(
        "backend", description="name of the application for public FastAPI dashboards (label `app_name`)"
    )
    in_progress_metrics: tuple[str, ...] = Field(
        ("http_requests_inprogress", "neo_alexandria_inprogress"),
        description="names under which the backend counts requests in progress",
    )
    highest_quantile_seconds: Seconds = Field(
        1.0, description="handler latency from which the event bus counts as degraded"
    )


class ModuleSettings(SettingsSection):
    """A module of the backend: where its requests go, and its own truthful health route where it has one."""

    name: Name
    prefixes: tuple[str, ...] = ()
    health: str | None = None


DEFAULT_MODULES = (
    ModuleSettings(name="annotations", prefixes=("/annotations", "/resources/{resource_id}/annotations")),
    ModuleSettings(name="auth", prefixes=("/api/auth", "/auth")),
    ModuleSettings(name="authority", prefixes=("/authority",)),
    ModuleSettings(name="collections", prefixes=("/collections",), health="/collections/health"),
    ModuleSettings(name="curation", prefixes=("/curation",)),
    ModuleSettings(name="graph", prefixes=("/graph", "/api/graph", "/citations", "/discovery")),
    ModuleSettings(name="monitoring", prefixes=("/api/monitoring",)),
    ModuleSettings(name="quality", prefixes=("/quality",), health="/quality/health"),
    ModuleSettings(name="recommendations", prefixes=("/recommendations",)),
    ModuleSettings(
        name="resources", prefixes=("/resources", "/admin/sparse-embeddings", "/api/v1/ingestion")
    ),
    ModuleSettings(name="scholarly", prefixes=("/scholarly",)),
    ModuleSettings(name="search", prefixes=("/search",), health="/search/health"),
    ModuleSettings(name="taxonomy", prefixes=("/taxonomy",)),
)


class JudgementSettings(SettingsSection):
    """Thresholds by which the requests of a module without a truthful health route set its status."""

    window: Seconds = Field(60.0, description="seconds of traffic that count")
    requests: int = Field(
        5, ge=1, description="requests below which the status is unknown; a single failed one never counts"
    )
    confidence: float = Field(
        0.99,
        gt=0.5,
        lt=1,
        description="certainty with which a ratio must be beyond its level (Wilson, one-sided)",
    )
    failures: int = Field(
        6,
        ge=1,
        description="failed or slow requests in the window below which a module is neither degraded nor down",
    )
    degraded_error_ratio: float = Field(
        0.05, gt=0, le=1, description="error ratio from which a module is degraded"
    )
    down_error_ratio: float = Field(0.5, gt=0, le=1, description="error ratio from which a module is down")
    degraded_seconds: Seconds = Field(
        0.5, description="95th percentile of request duration from which a module is degraded"
    )
    degraded_pool_ratio: float = Field(
        0.75, gt=0, le=1, description="share of the pool's real capacity from which the pool is degraded"
    )
