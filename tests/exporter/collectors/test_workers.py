"""What the backend says of its workers."""

from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import Page, Watched, watching
from tests.servers.waiting import eventually


def status(**workers: Any) -> dict[str, Any]:
    """An answer of /workers/status: two workers that have accepted tasks and run none."""
    node = {"total": {"app.index": 7, "app.embed": 2}, "pool": {"max-concurrency": 3}, "prefetch_count": 12}
    told = {
        "worker_count": 2,
        "total_active_tasks": 0,
        "total_scheduled_tasks": 4,
        "stats": {"one@here": node, "two@here": node},
        **workers,
    }
    return {"status": "ok", "workers": told, "error": None}


def page_of(backend: BackendDouble, **settings: Any) -> Page:
    """The page of an exporter that watches this backend, once the report has come or failed to."""
    own = {"url": backend.url, "blocking_period": 0.5, "blocking_timeout": 1.0}
    with watching(backend=own, celery=settings) as exporter:
        return eventually(lambda: asked(exporter), within=10)


def asked(exporter: Watched) -> Page:
    """The page, once it holds the success of the report; meanwhile the other report may have its turn."""
    page = exporter.page("workers.reported")
    assert page.series("ops_collector_success")
    return page


def test_the_report_is_shown_as_a_report(backend: BackendDouble) -> None:
    backend.monitoring("/workers/status", status())
    page = page_of(backend)
    assert page.value("ops_workers_reported_workers") == 2
    assert page.value("ops_workers_reported_active_tasks") == 0
    assert page.value("ops_workers_reported_scheduled_tasks") == 4
    assert page.value("ops_workers_reported_accepted_total", name="app.index") == 14
    assert page.value("ops_workers_reported_pool_processes", hostname="two@here") == 3
    assert page.state("ops_workers_reported_status") == "healthy"


def test_a_report_without_workers_says_nothing_of_them(backend: BackendDouble) -> None:
    backend.monitoring("/workers/status", {"status": "error", "workers": None, "error": "refused"})
    page = page_of(backend)
    assert page.series("ops_workers_reported_workers") == []
    assert page.series("ops_workers_reported_accepted_total") == []
    assert page.state("ops_workers_reported_status") == "down"


@pytest.mark.parametrize(
    "stats", [None, [], "x", {"one@here": None}, {"one@here": {"total": [1], "pool": 3}}]
)
def test_odd_statistics_cost_only_themselves(backend: BackendDouble, stats: Any) -> None:
    backend.monitoring("/workers/status", status(stats=stats))
    page = page_of(backend)
    assert page.value("ops_workers_reported_workers") == 2
    assert page.series("ops_workers_reported_accepted_total") == []


def test_task_names_of_the_report_are_bounded(backend: BackendDouble) -> None:
    many = {"one@here": {"total": {f"task{n}": 1 for n in range(500)}}}
    backend.monitoring("/workers/status", status(stats=many))
    rows = page_of(backend, tasks=10).series("ops_workers_reported_accepted_total")
    assert len(rows) == 11
    assert sum(count for _, count in rows) == 500


def test_a_backend_that_hangs_costs_the_report_only(backend: BackendDouble) -> None:
    backend.hangs("/api/monitoring/workers/status")
    page = page_of(backend)
    assert page.seconds < 2
    assert page.value("ops_collector_success", collector="workers.reported") == 0
