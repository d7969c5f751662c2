"""The recorded answers of the real backend, where they are at hand: no crash, and the right values."""

from pathlib import Path

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.replay import Scenario, State, Value, check

SAMPLES = Path(__file__).resolve().parents[3].parent / "shared" / "reference" / "samples" / "neo"
pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason="the recorded answers are not beside this checkout (../shared)"
)

UP: Value = ("ops_backend_up", {}, 1)
NOT_WEDGED: Value = ("ops_backend_wedged", {}, 0)
NO_SUCH_MODULE = ("module that does not exist", "healthy", "nonexistent")
ALL_HEALTHY: tuple[State, ...] = tuple(
    ("ops_component_reported_status", {"component": name}, "healthy")
    for name in ("api", "database", "redis", "workers", "event_bus", "cache")
)
NOT_TRAINED: tuple[Value, ...] = (
    ("ops_model_reported_available", {"model": "ncf_model"}, 0),
    ("ops_ml_health_http_status", {}, 503),
    ("ops_model_verified", {"model": "ncf_model", "verified": "unverified"}, 1),
)


def module(name: str, status: str) -> State:
    """A module is observed so."""
    return "ops_module_observed_status", {"module": name}, status


def component(name: str, status: str) -> State:
    """A component is so."""
    return "ops_component_status", {"component": name}, status


def verified(word: str) -> Value:
    """What a check proved of the recommendation model."""
    return "ops_model_verified", {"model": "ncf_model", "verified": word}, 1


def events(emitted: float, delivered: float) -> tuple[Value, ...]:
    """Counts of the event bus."""
    return ("ops_event_bus_emitted_total", {}, emitted), ("ops_event_bus_delivered_total", {}, delivered)


SCENARIOS = (
    Scenario(
        ".",
        values=(
            UP, NOT_WEDGED, *events(63, 45), *NOT_TRAINED,
            ("ops_http_requests_total", {"module": "search", "code": "4xx"}, 15),
            ("ops_http_requests_total", {"module": "annotations", "code": "2xx"}, 5),
            ("ops_http_request_errors_total", {"module": "resources"}, 2),
            ("ops_http_request_duration_seconds_count", {"module": "auth"}, 10),
            ("ops_backend_processes", {}, 1),
            ("ops_event_bus_events_total", {"event": "resource.created"}, 15),
            ("ops_event_bus_handler_duration_seconds", {"quantile": "0.95"}, 0.00973),
            ("ops_database_pool_capacity_connections", {}, 15),
        ),
        states=(
            *ALL_HEALTHY, module("collections", "healthy"), module("taxonomy", "unknown"),
            ("ops_module_status", {"module": "taxonomy"}, "unknown"),
            component("workers", "unknown"), component("database", "healthy"),
        ),
        disagrees=(NO_SUCH_MODULE,),
        agrees=("database", "module search", "ingestion HTTP status", "health routes"),
    ),
    Scenario(
        "fresh",
        values=(UP, *events(0, 0), ("ops_event_bus_handler_duration_seconds", {"quantile": "0.95"}, None),
                ("ops_event_bus_last_event_timestamp_seconds", {}, None)),
        states=(module("search", "healthy"), ("ops_module_status", {"module": "graph"}, "unknown")),
        disagrees=(NO_SUCH_MODULE, ("ingestion HTTP status", "healthy", "down")),
        agrees=("database",),
    ),
    Scenario(
        "noauth",
        values=(UP, *((n, {}, None) for n in ("ops_event_bus_emitted_total", "ops_backend_processes"))),
        states=(
            module("collections", "unknown"),
            ("ops_module_reported_status", {"module": "search"}, "healthy"),
            ("ops_module_status", {"module": "search"}, "unknown"),
            component("database", "unknown"),
        ),
    ),
    Scenario(
        "celery_stopped",
        states=(("ops_component_reported_status", {"component": "workers"}, "down"),
                component("workers", "down")),
    ),
    Scenario(
        "redis_stopped",
        values=(UP, *events(63, 45), ("ops_cache_misses_total", {}, 11)),
        states=(
            ("ops_component_reported_status", {"component": "redis"}, "down"),
            ("ops_component_reported_status", {"component": "cache"}, "healthy"),
            ("ops_component_reported_status", {"component": "workers"}, "down"),
            component("ingestion", "down"),
        ),
        disagrees=(("ingestion HTTP status", "healthy", "down"),),
    ),
    Scenario(
        "redis_frozen",
        values=(NOT_WEDGED, *events(63, 45)),
        states=(component("api", "healthy"),),
        agrees=("health routes",),
    ),
    Scenario(
        "db_locked",
        values=(("ops_event_bus_emitted_total", {}, 63),),
        states=(
            module("collections", "degraded"), module("search", "degraded"),
            module("quality", "healthy"),
            ("ops_component_reported_status", {"component": "database"}, "unknown"),
        ),
    ),
    Scenario(
        "postgres",
        values=(UP, *events(62, 45), *NOT_TRAINED),
        states=(*ALL_HEALTHY, module("quality", "healthy"), component("database", "healthy")),
        disagrees=(NO_SUCH_MODULE,),
        agrees=("database", "ingestion"),
    ),
    Scenario(
        "pg_stopped",
        values=(UP, *events(62, 45)),
        states=(
            *ALL_HEALTHY, module("collections", "down"), module("search", "down"), module("quality", "down"),
            component("database", "down"), ("ops_module_status", {"module": "search"}, "down"),
        ),
        disagrees=(
            ("database", "healthy", "down"), ("database in /health", "healthy", "down"),
            ("ingestion HTTP status", "healthy", "down"), NO_SUCH_MODULE,
        ),
        agrees=("ingestion",),
    ),
    Scenario(
        "pg_restarted",
        values=(("ops_database_pool_checked_out_connections", {}, 0),),
        states=(("ops_component_reported_status", {"component": "database"}, "healthy"),),
        agrees=("database pool",),
    ),
    Scenario(
        "pool_saturated",
        values=(("ops_database_pool_checked_out_connections", {}, 14),),
        states=(module("search", "healthy"),),
        disagrees=(("database pool", "healthy", "degraded"),),
    ),
    Scenario(
        "pool_exhausted",
        values=(("ops_database_pool_use_ratio", {}, 1),
                ("ops_database_pool_overflow_connections", {}, 10)),
        states=(module("search", "unknown"),),  # its health route would wait for a connection, 25 s then
        disagrees=(("database pool", "healthy", "down"),),
    ),
    Scenario(
        "edge",
        values=(
            UP, *events(67, 56),
            ("ops_backend_method_calls_total",
             {"method": "app.modules.recommendations.user_profile.UserProfileService.track_interaction"}, 4),
            ("ops_backend_slow_queries_total", {}, 0),
            ("ops_workers_reported_scheduled_tasks", {}, 22),
        ),
        states=(*ALL_HEALTHY, module("collections", "healthy")),
        agrees=("database",),
    ),
    Scenario(
        "patched_edge",
        values=(
            UP, *events(96, 85), ("ops_event_bus_events_total", {"event": "user.interaction_tracked"}, 21),
            ("ops_http_requests_total", {"module": "recommendations", "code": "2xx"}, 27),
            ("ops_workers_reported_active_tasks", {}, 2),
        ),
        states=ALL_HEALTHY,
    ),
    Scenario(
        "ncf_present",
        values=(("ops_model_reported_available", {"model": "ncf_model"}, 1), verified("unverified"),
                ("ops_model_file_bytes", {"model": "ncf_model"}, 1_080_000)),
        states=(component("models", "unknown"),),
    ),
    Scenario(
        "ncf_corrupt",
        values=(("ops_model_reported_available", {"model": "ncf_model"}, 1), verified("failed")),
        states=(component("models", "down"),),
        disagrees=(("model ncf_model", "healthy", "down"),),
    ),
    Scenario("cache_active", values=(("ops_cache_hits_total", {}, 2), ("ops_cache_misses_total", {}, 3))),
    Scenario(
        "render_cloud_no_celery",
        values=(UP, *events(0, 0), ("ops_database_pool_overflow_connections", {}, 0)),
        states=(
            ("ops_component_reported_status", {"component": "workers"}, "down"), component("workers", "down"),
            module("search", "healthy"),
        ),
        disagrees=(NO_SUCH_MODULE,),
    ),
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_recorded_scenario(
    scenario: Scenario, backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    check(scenario, backend, SAMPLES / scenario.folder, caplog)


def test_every_recorded_scenario_is_replayed() -> None:
    recorded = {index.parent.relative_to(SAMPLES).as_posix() for index in SAMPLES.rglob("_index.json")}
    assert recorded == {scenario.folder for scenario in SCENARIOS}
