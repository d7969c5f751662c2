"""The pool as reported by the backend, whose own ratio is wrong, and the backend's report on its database."""

from typing import Any

import pytest

from exporter.sources.backend.app_counters import PerformanceTracker
from exporter.sources.backend.pool import PoolTracker, parse_pool
from exporter.sources.json_object import JsonObject
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import watching
from tests.servers.waiting import eventually


def pool(**changes: Any) -> dict[str, Any]:
    """An answer of /db/pool with every connection lent."""
    shape = {
        "size": 4,
        "max_overflow": 8,
        "checked_in": 0,
        "checked_out": 12,
        "overflow": 8,
        "total_capacity": 12,
    }
    return {"status": "ok", "pool": {**shape, "max_connections": 60, "utilization_percent": 33.3, **changes}}


def test_an_exhausted_pool_is_full_whatever_the_backend_computes(backend: BackendDouble) -> None:
    backend.monitoring("/db/pool", pool())
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.pool")
    assert page.value("ops_database_pool_use_ratio") == 1.0
    assert page.value("ops_database_pool_capacity_connections") == 12


def test_a_pool_that_one_report_shows_full_is_not_full_for_long() -> None:
    tracker = PoolTracker()
    reports = [pool(), pool(checked_out=3), pool(), pool(), pool(checked_out=6)]
    found = [tracker.update(parse_pool(JsonObject(it, "/db/pool"))).sustained_ratio for it in reports]
    assert found == [0, 0.25, 0.25, 1, 0.5]


def test_an_unused_pool_has_no_overflow_below_zero(backend: BackendDouble) -> None:
    backend.monitoring("/db/pool", pool(checked_out=0, overflow=-4))
    with watching(backend={"url": backend.url}) as exporter:
        assert exporter.page("database.pool").value("ops_database_pool_overflow_connections") == 0


def test_a_missing_number_is_a_missing_series(backend: BackendDouble) -> None:
    backend.monitoring("/db/pool", pool(total_capacity="many"))
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.pool")
    assert page.value("ops_database_pool_capacity_connections") is None
    assert page.value("ops_database_pool_use_ratio") is None
    assert page.value("ops_database_pool_checked_out_connections") == 12


def test_a_health_route_does_not_join_those_who_wait_for_a_connection(backend: BackendDouble) -> None:
    backend.monitoring("/db/pool", pool())
    backend.says("/search/health", {"status": "healthy", "database": {"healthy": True}})
    modules = [{"name": "search", "prefixes": ["/search"], "health": "/search/health"}]

    def becomes(status: str) -> None:
        eventually(
            lambda: (
                exporter.page("modules.status").state("ops_module_observed_status", module="search") == status
            )
        )

    with watching(backend={"url": backend.url}, modules=modules) as exporter:
        for _ in range(5):
            exporter.page("modules.status")
        assert backend.asked["/search/health"] == 0
        backend.monitoring("/db/pool", pool(checked_out=3))
        becomes("healthy")
        backend.monitoring("/db/pool", pool())
        becomes("degraded")


def report(healthy: Any = True, status: str = "ok", warnings: Any = ()) -> dict[str, Any]:
    """An answer of /database."""
    return {"status": status, "database": {"type": "sqlite", "healthy": healthy}, "warnings": warnings}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (report(), "healthy"),
        (report(warnings=[{"level": "warning", "message": "near capacity"}]), "degraded"),
        (report(status="warning"), "degraded"),
        (report(healthy=False), "down"),
        (report(status="unhealthy"), "down"),
        (report(healthy=None), "unknown"),
        (report(healthy="yes"), "unknown"),
        ({}, "unknown"),
    ],
)
def test_its_state_in_our_words(backend: BackendDouble, body: Any, status: str) -> None:
    backend.monitoring("/database", body)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.reported")
    assert page.state("ops_database_reported_status") == status


def test_its_warnings_are_counted(backend: BackendDouble) -> None:
    backend.monitoring("/database", report(warnings=[{}, {}]))
    with watching(backend={"url": backend.url}) as exporter:
        assert exporter.page("database.reported").value("ops_database_reported_warnings") == 2


def test_no_answer_is_no_state(backend: BackendDouble) -> None:
    backend.monitoring("/database", {"detail": "Internal server error"}, 500)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.reported")
    assert page.state("ops_database_reported_status") is None
    assert page.value("ops_collector_success", collector="database.reported") == 0


@pytest.mark.parametrize(("told", "found"), [(5, 5.0), (0, 0.0), (-1, None), (None, None), ("many", None)])
def test_slow_queries_that_are_no_count_have_no_series(told: object, found: float | None) -> None:
    report = JsonObject({"metrics": {"slow_query_count": told}}, "/performance")
    tracker = PerformanceTracker(methods=10, label_length=100)
    assert tracker.update(report, "one", 1.0).slow_queries == found
