"""Answers in the shapes of the real backend, with values of our own: the right values come out of each."""

from pathlib import Path

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import watching
from tests.exporter.replay import Scenario, State, Value, check, replay, scrape

ANSWERS = Path(__file__).parents[1] / "answers"
UP: Value = ("ops_backend_up", {}, 1)
REPORTED, COMPONENT = "ops_component_reported_status", "ops_component_status"
FIRST = {"model": "ncf_model"}


def requests(module: str, code: str, count: float | None) -> Value:
    """Requests to a module by class of status."""
    return "ops_http_requests_total", {"module": module, "code": code}, count


def module(name: str, status: str) -> State:
    """A module is observed so."""
    return "ops_module_observed_status", {"module": name}, status


def component(name: str, status: str, reported: str | None = None) -> tuple[State, ...]:
    """A component is so, and is reported so."""
    label = {"component": name}
    found: tuple[State, ...] = ((COMPONENT, label, status),)
    return found if reported is None else (*found, (REPORTED, label, reported))


SCENARIOS = (
    Scenario(
        "ordinary",
        values=(
            UP, ("ops_backend_wedged", {}, 0), ("ops_backend_processes", {}, 1),
            requests("resources", "2xx", 100), requests("annotations", "2xx", 10),
            requests("collections", "4xx", 5), requests("collections", "2xx", 0),
            requests("monitoring", "2xx", 1600), requests("other", "2xx", 3), requests("taxonomy", "5xx", 0),
            ("ops_http_module_requests_total", {"module": "collections"}, 5),
            ("ops_http_module_requests_total", {"module": "monitoring"}, 1600),
            ("ops_http_request_errors_total", {"module": "quality"}, 2),
            ("ops_http_request_errors_total", {"module": "search"}, 0),
            ("ops_http_request_duration_seconds_bucket", {"module": "resources", "le": "0.5"}, 90),
            ("ops_http_request_duration_seconds_bucket", {"module": "resources", "le": "+Inf"}, 100),
            ("ops_http_request_duration_seconds_sum", {"module": "search"}, 2.4),
            ("ops_http_requests_in_progress", {"module": "resources"}, 2),
            ("ops_backend_start_time_seconds", {}, 1_804_230_000),
            ("ops_backend_cpu_seconds_total", {}, 31.5),
            ("ops_backend_resident_memory_bytes", {}, 2.5e8), ("ops_backend_slow_queries_total", {}, 7),
            ("ops_backend_method_calls_total", {"method": "app.search.Index.query"}, 8),
            ("ops_backend_method_seconds_total", {"method": "app.search.Index.query"}, 0.1),
            ("ops_event_bus_emitted_total", {}, 120), ("ops_event_bus_handler_errors_total", {}, 0),
            ("ops_event_bus_events_total", {"event": "resource.created"}, 70),
            ("ops_event_bus_handler_duration_seconds", {"quantile": "0.95"}, 0.0084),
            ("ops_event_bus_handler_duration_seconds_sum", {}, 0.4505),
            ("ops_event_bus_handler_duration_seconds_count", {}, 90),
            ("ops_event_bus_emission_duration_seconds", {"quantile": "0.99"}, 0.0305),
            ("ops_event_bus_last_event_timestamp_seconds", {}, 1_804_242_025),
            ("ops_model_reported_available", FIRST, 0),
            ("ops_model_verified", {**FIRST, "verified": "unverified"}, 1),
            ("ops_ml_health_http_status", {}, 503),
        ),
        states=(
            module("search", "healthy"), module("taxonomy", "unknown"), module("monitoring", "healthy"),
            ("ops_module_reported_status", {"module": "taxonomy"}, "healthy"),
            ("ops_module_status", {"module": "taxonomy"}, "unknown"),
            ("ops_ml_health_reported_status", {}, "down"),
            *component("database", "healthy", "healthy"), *component("workers", "unknown", "healthy"),
            *component("event_bus", "healthy", "healthy"),
        ),
        disagrees=(("module that does not exist", "healthy", "nonexistent"),),
        agrees=("database", "event bus", "event bus counts", "module search", "health routes"),
    ),
    Scenario(
        "database_stopped",
        states=(*component("database", "down", "healthy"), module("search", "down"),
                module("quality", "down"), ("ops_module_status", {"module": "collections"}, "down")),
        disagrees=(
            ("database", "healthy", "down"), ("module quality", "healthy", "down"),
            ("ingestion HTTP status", "healthy", "down"),
        ),
        agrees=("ingestion",),
    ),
    Scenario(
        "redis_stopped",
        states=(*component("redis", "down", "down"), *component("workers", "down", "down"),
                *component("event_bus", "degraded", "healthy")),
        disagrees=(("event bus", "healthy", "degraded"),),
    ),
    Scenario(
        "redis_frozen",
        # two routes are silent, the others respond: nothing hangs but what needs Redis
        values=(UP, ("ops_backend_wedged", {}, 0)),
        states=component("api", "healthy"),
        agrees=("health routes",),
    ),
    Scenario(
        "database_locked",
        values=(UP,),
        # the route is silent while the backend responds to others
        states=(module("search", "degraded"), module("quality", "healthy")),
    ),
    Scenario("pool_exhausted", disagrees=(("database pool", "healthy", "down"),)),
    Scenario("pool_saturated", disagrees=(("database pool", "healthy", "degraded"),)),
    Scenario("workers_stopped", states=component("workers", "down", "down")),
    Scenario(
        "model_present",
        values=(
            ("ops_model_reported_available", FIRST, 1), ("ops_model_file_bytes", FIRST, 2.5e6),
            ("ops_model_verified", {**FIRST, "verified": "unverified"}, 1),
            ("ops_model_modified_timestamp_seconds", FIRST, 1_803_859_200),
        ),
        states=component("models", "unknown", "healthy"),
    ),
    Scenario(
        "model_corrupt",
        values=(("ops_model_verified", {**FIRST, "verified": "failed"}, 1),),
        states=component("models", "down", "healthy"),
        disagrees=(("model ncf_model", "healthy", "down"),),
    ),
    Scenario(
        "models_checked",
        values=(
            ("ops_model_verified", {**FIRST, "verified": "verified"}, 1),
            ("ops_model_verified", {"model": "classifier", "verified": "failed"}, 1),
            ("ops_model_inference_seconds", FIRST, 0.0025), ("ops_model_inferences_total", FIRST, 17),
            ("ops_model_errors_total", FIRST, 2), ("ops_model_memory_bytes", FIRST, 65536),
            ("ops_model_last_inference_timestamp_seconds", FIRST, 1_804_240_800),
            ("ops_model_last_inference_timestamp_seconds", {"model": "classifier"}, None),
        ),
        agrees=("model ncf_model", "model classifier"),
    ),
    Scenario(
        "second_line",
        values=(("ops_ml_health_http_status", {}, 200),
                ("ops_model_reported_available", {"model": "ml_classification"}, None)),
        states=(*component("database", "down", "down"), ("ops_ml_health_reported_status", {}, "unknown")),
        agrees=("ingestion HTTP status",),
    ),
    Scenario(
        "no_token",
        values=(UP, requests("search", "2xx", None), ("ops_event_bus_emitted_total", {}, None)),
        states=(module("search", "unknown"), *component("database", "unknown", "unknown")),
    ),
    Scenario(
        "metrics_off",
        values=(
            UP, requests("search", "2xx", None),
            ("ops_http_module_requests_total", {"module": "search"}, None),
            ("ops_http_request_errors_total", {"module": "search"}, None),
            ("ops_http_request_duration_seconds_count", {"module": "all"}, None),
            ("ops_backend_resident_memory_bytes", {}, 2e8),
        ),
    ),
)  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS, ids=str)
def test_a_scenario(scenario: Scenario, backend: BackendDouble, caplog: pytest.LogCaptureFixture) -> None:
    check(scenario, backend, ANSWERS / scenario.folder, caplog)


def test_every_scenario_is_told() -> None:
    folders = {index.parent.name for index in ANSWERS.rglob("_index.json")}
    assert folders == {scenario.folder for scenario in SCENARIOS}


def test_no_payload_of_an_event_leaves_the_exporter(backend: BackendDouble) -> None:
    replay(backend, ANSWERS / "ordinary")
    with watching(backend={"url": backend.url}) as exporter:
        assert "secret" not in scrape(exporter).text
