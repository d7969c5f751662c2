"""The demo answers in the fields of the contract."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.demo.running_demo import RunningDemo
from tests.demo.shapes import missing, shape

SAMPLES = Path(__file__).parents[2] / "../shared/reference/samples/neo"
POOL = dict.fromkeys(
    ("database_type", "size", "max_overflow", "checked_in", "checked_out", "overflow", "total_capacity",
     "pool_usage_percent", "connections_available")
)  # fmt: skip
LATENCIES = {
    f"{kind}_latency_{quantile}": None
    for kind in ("handler", "emission")
    for quantile in ("p50", "p95", "p99")
}
SAID = {"status": None, "timestamp": None}
LONG: dict[str, Any] = {**SAID, "module": {"name": None, "version": None, "domain": None},
        "database": {"healthy": None, "message": None},
        "event_handlers": {"registered": None, "count": None, "events": []}}  # fmt: skip
CONTRACT: dict[str, Any] = {
    "/api/monitoring/performance": {
        **SAID, "warnings": None, "metrics": dict.fromkeys(
            ("cache_hit_rate", "cache_hits", "cache_misses", "slow_query_count", "method_timings")),
    },
    "/api/monitoring/user-engagement?time_window_days=30": {
        **SAID, "time_window_days": None, "metrics": dict.fromkeys(
            ("total_users", "active_users", "total_interactions", "positive_interactions", "positive_rate",
             "interactions_by_type", "avg_session_duration_seconds")),
    },
    "/api/monitoring/recommendation-quality": {
        **SAID, "time_window_days": None, "metrics": dict.fromkeys(
            ("impressions", "clicks", "click_through_rate", "user_satisfaction", "by_strategy",
            "precision_at_10",
             "recall_at_10", "evaluated_at")),
    },
    "/api/monitoring/model-health": {
        **SAID, "error": None, "model": dict.fromkeys(
            ("available", "path", "size_mb", "last_modified", "num_users", "num_items", "embedding_dim")),
    },
    "/api/monitoring/health/ml": {**SAID, "error": None, "http_status": None},
    "/api/monitoring/database": {
        **SAID, "error": None, "warnings": None, "connection_pool": POOL,
        "database": dict.fromkeys(("type", "healthy", "health_message")),
    },
    "/api/monitoring/db/pool": {**SAID, "pool": {**POOL, "max_connections": None,
    "utilization_percent": None}}, "/api/monitoring/events": {
        **SAID, "error": None, "metrics": {**LATENCIES, **dict.fromkeys(
            ("events_emitted", "events_delivered", "handler_errors", "total_handler_time_ms",
             "total_emission_time_ms", "event_types"))},
    },
    "/api/monitoring/events/history?limit=5": {
        **SAID, "count": None,
        "events": [dict.fromkeys(("name", "data", "timestamp", "priority", "correlation_id"))],
    },
    "/api/monitoring/cache/stats": {
        **SAID, "error": None, "cache_stats": dict.fromkeys(
            ("hit_rate", "hit_rate_percent", "hits", "misses", "invalidations", "total_requests")),
    },
    "/api/monitoring/workers/status": {
        **SAID, "error": None, "message": None, "workers": dict.fromkeys(
            ("worker_count", "total_active_tasks", "total_scheduled_tasks", "active_tasks", "scheduled_tasks",
             "stats")),
    },
    "/api/monitoring/health": {
        **SAID, "message": None, "modules": None, "error": None,
        "components": {
            "database": {"status": None, "message": None}, "redis": {"status": None, "message": None},
            "celery": {"status": None, "message": None, "worker_count": None},
            "ncf_model": {"status": None, "message": None}, "api": {"status": None, "message": None},
        },
    },
    "/api/monitoring/health/module/graph": {**SAID, "module": None, "health": {"status": None,
    "message": None}}, "/collections/health": LONG,
    "/search/health": {**LONG, "services": {"search_service": {"available": None, "message": None}}},
    "/resources/health": LONG,
    "/quality/health": {**SAID, "module": None, "database": None},
    "/scholarly/health": {**SAID, "module": None, "database": None},
    "/api/auth/health": {**SAID, "module": None},
    "/api/v1/ingestion/health": {"status": None, "services": dict.fromkeys(("redis", "database", "qdrant"))},
    "/api/v1/ingestion/worker/status": {"status": None},
    "/api/v1/ingestion/jobs/history": {"jobs": []},
    "/api/v1/ingestion/health/worker": dict.fromkeys(
        ("state", "last_seen_unix", "seconds_since_last_seen", "threshold_seconds", "worker_meta")),
}  # fmt: skip


@pytest.mark.parametrize("path", CONTRACT)
def test_an_honest_answer_has_the_fields_of_the_contract(demo: RunningDemo, path: str) -> None:
    demo.api.put(f"/resources/{demo.a_resource()}", json={"title": "Seen for its shape"})
    assert missing(CONTRACT[path], demo.get(path)) == []


def recorded() -> list[Any]:
    """Path, status and body of every recorded answer; empty where they are not at hand."""
    index = SAMPLES / "_index.json"
    if not index.exists():
        return [pytest.param("", 0, {}, marks=pytest.mark.skip(reason="the recorded samples are not here"))]
    found = []
    for name, entry in json.loads(index.read_text()).items():
        body = SAMPLES / f"{name}.json"
        if body.exists():
            found.append(
                pytest.param(entry["path"], entry["http_status"], json.loads(body.read_text()), id=name)
            )
    return found


@pytest.mark.parametrize(("path", "status", "body"), recorded())
def test_a_lying_answer_has_the_fields_that_were_recorded(
    demo: RunningDemo, path: str, status: int, body: Any
) -> None:

    expected = shape(body)
    if path.endswith("model-health"):
        # Recorded before any model was trained; the demo has one.
        expected["model"] = {"available": None}
    with demo.fault("lying"):
        answer = demo.api.get(path)
    assert answer.status_code == status
    assert missing(expected, answer.json()) == []


def test_metrics_have_the_names_of_the_instrumentator(demo: RunningDemo) -> None:
    demo.get("/authority/subjects/suggest?q=a")
    page = demo.api.get("/metrics").text
    assert 'http_requests_total{handler="/authority/subjects/suggest",method="GET",status="200"}' in page
    assert (
        'http_request_duration_seconds_bucket{handler="/authority/subjects/suggest",le="0.5",method="GET"}'
        in page
    )
    assert "http_request_duration_highr_seconds_bucket" in page
    bounds = re.findall(r'\nhttp_request_duration_seconds_bucket\{[^}]*le="([^"]+)"', page)
    assert set(bounds) == {"0.1", "0.5", "1.0", "+Inf"}
    assert "neo_alexandria_ingestion_success_total" in page


def test_too_long_a_history_is_refused(demo: RunningDemo) -> None:
    assert demo.api.get("/api/monitoring/events/history?limit=1001").status_code == 422
