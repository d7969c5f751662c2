"""The API as the backend's own page counts it: by module, over several processes, fast, whatever is sent."""

import itertools
import time
from collections.abc import Iterable
from typing import Any

import pytest

from exporter.errors import InvalidResponse
from exporter.settings import Settings
from exporter.settings_backend import DEFAULT_MODULES
from exporter.sources.backend import recovery
from exporter.sources.backend.metrics_page import MetricsParser
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.request_totals import ApiTotalsTracker
from exporter.sources.backend.routes import RouteModules, requested_paths
from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.sources.test_redis_footprint import all_on
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

Row = tuple[str, str, float]  # route, status, requests


def metrics(rows: Iterable[Row], started: float | None = 1.8e9, seconds: float = 0.05) -> str:
    """A page of the instrumentator: these requests, each of which took this long."""
    lines = [] if started is None else [f"process_start_time_seconds {started}"]
    for route, status, count in rows:
        labels = f'handler="{route}",method="GET"'
        lines.append(f'http_requests_total{{{labels},status="{status}"}} {count}')
        for bound in (0.1, 0.5, 1.0, float("inf")):
            le = "+Inf" if bound == float("inf") else str(bound)
            within = count if seconds <= bound else 0
            lines.append(f'http_request_duration_seconds_bucket{{{labels},le="{le}"}} {within}')
        lines.append(f"http_request_duration_seconds_count{{{labels}}} {count}")
        lines.append(f"http_request_duration_seconds_sum{{{labels}}} {count * seconds}")
    return "# TYPE http_requests_total counter\n" + "\n".join(lines) + "\n"


def totals() -> ApiTotalsTracker:
    """Totals for the modules of the default settings."""
    own = OwnRequests(requested_paths(Settings()), {"/metrics"})
    return ApiTotalsTracker(
        MetricsParser(RouteModules(DEFAULT_MODULES), ("neo_alexandria_inprogress",), own), own
    )


@pytest.mark.parametrize(
    ("route", "module"),
    [
        ("/search", "search"),
        ("/search/three-way", "search"),
        ("/searching", "other"),
        ("/resources/{resource_id}", "resources"),
        ("/resources/{resource_id}/annotations", "annotations"),
        ("/resources/{id}/annotations/{annotation_id}", "annotations"),
        ("/resources/{resource_id}/chunks", "resources"),
        ("/api/graph/overview", "graph"),
        ("/api/v1/ingestion/ingest/{repo_url:path}", "resources"),
        ("/api/monitoring/db/pool", "monitoring"),
        ("/api/monitoring/workers/status", "monitoring"),
        ("/api/monitoring/health", "monitoring"),
        ("/api/monitoring/health/module/{module_name}", "monitoring"),
        ("/search/health", "monitoring"),
        ("/resources/health", "monitoring"),
        ("/docs", "other"),
        ("", "other"),
    ],
)
def test_the_longest_prefix_that_fits_names_the_module(route: str, module: str) -> None:
    assert RouteModules(DEFAULT_MODULES).module(route) == module


@pytest.mark.parametrize(
    ("route", "timed"),
    [
        ("/api/monitoring/workers/status", False),
        ("/api/monitoring/health", False),
        ("/api/monitoring/health/module/{module_name}", True),
        ("/search", True),
    ],
)
def test_routes_that_take_seconds_by_design_are_not_timed(route: str, timed: bool) -> None:
    assert RouteModules(DEFAULT_MODULES).is_timed(route) == timed


@pytest.mark.parametrize(
    ("status", "code"), [("200", "2xx"), ("404", "4xx"), ("5xx", "5xx"), ("", "other"), ("teapot", "other")]
)
def test_a_status_is_told_by_its_class(status: str, code: str) -> None:
    assert totals().update_from_page(metrics([("/search", status, 3)])).requests == {("search", code): 3}


@pytest.mark.parametrize(
    "line",
    [
        "http_requests_total{",
        'http_requests_total{handler="/search",method="GET",status="200"} NaN',
        'http_requests_total{handler="/search",method="GET",status="200"} 1e999',
        'http_requests_total{handler="/search",method="GET",status="200"} -4',
        'http_requests_total{handler="/search",method="GET",status="200"} twelve',
        'http_requests_total{handler="/search,method="GET"',
        "http_request_duration_seconds_bucket{le=} 4",
        'http_request_duration_seconds_bucket{handler="/graph",le="wide"} 4',
        "process_start_time_seconds",
        "\x00\ufffd{}",
    ],
)
def test_a_broken_line_costs_that_line(line: str) -> None:
    page = metrics([("/collections", "200", 7)]) + line + "\n"
    assert totals().update_from_page(page).requests == {("collections", "2xx"): 7}


@pytest.mark.parametrize("text", ["<html><body>Sign in</body></html>", "", '{"detail": "no"}'])
def test_what_is_no_page_of_metrics_is_no_answer(text: str) -> None:
    with pytest.raises(InvalidResponse, match="no page of metrics"):
        totals().update_from_page(text)


def test_bounds_that_only_some_routes_have_are_left_out() -> None:
    page = metrics([("/search", "200", 10)]) + (
        'http_request_duration_seconds_bucket{handler="/search/x",le="0.25"} 1\n'
        'http_request_duration_seconds_bucket{handler="/search/x",le="+Inf"} 2\n'
        'http_request_duration_seconds_count{handler="/search/x"} 2\n'
    )
    spread = totals().update_from_page(page).durations["search"]
    assert dict(spread.buckets) == {float("inf"): 12}
    assert spread.count == 12


def test_a_histogram_without_routes_stands_in_where_there_is_no_other() -> None:
    page = (
        "process_start_time_seconds 1.8e9\n"
        'http_request_duration_highr_seconds_bucket{le="0.5"} 3\n'
        'http_request_duration_highr_seconds_bucket{le="+Inf"} 4\n'
        "http_request_duration_highr_seconds_count 4\nhttp_request_duration_highr_seconds_sum 1.5\n"
    )
    spread = totals().update_from_page(page).durations["all"]
    assert (dict(spread.buckets), spread.total, spread.count) == ({0.5: 3, float("inf"): 4}, 1.5, 4)


def test_several_processes_are_summed_and_counted(backend: BackendDouble) -> None:
    pages = itertools.cycle(
        [metrics([("/search", "200", 40)], 1.8e9), metrics([("/search", "200", 60)], 1.8e9 + 0.02)]
    )
    backend.answers["/metrics"] = lambda: Says(next(pages))
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        seen = [exporter.page("api")]
        while backend.asked["/metrics"] < 8:
            seen.append(exporter.page("api"))
    counts = [page.value("ops_http_requests_total", module="search", code="2xx") for page in seen]
    assert counts == sorted(counts, key=lambda count: count or 0)
    assert counts[-1] == 100
    assert seen[-1].value("ops_backend_processes") == 2
    assert seen[-1].value("ops_backend_start_time_seconds") == 1.8e9 + 0.02


def test_users_requests_never_fall_also_when_the_backend_restarts(backend: BackendDouble) -> None:
    backend.says("/metrics", metrics([("/search", "200", 40)], 1.8e9))
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        assert exporter.page("api").value("ops_http_requests_total", module="search", code="2xx") == 40
        backend.says("/metrics", metrics([("/search", "200", 2)], 1.8e9 + 900))
        eventually(
            lambda: exporter.page("api").value("ops_http_requests_total", module="search", code="2xx") == 42
        )
        assert exporter.page("api").value("ops_backend_processes") == 1


def test_each_reading_may_reach_another_process(backend: BackendDouble) -> None:
    backend.says("/metrics", metrics([("/search", "200", 1)]))
    with watching(backend={"url": backend.url}) as exporter:
        exporter.page("api.totals")
    assert backend.heard["/metrics"].get("Connection") == "close"


def test_readings_are_counted_not_scrapes(backend: BackendDouble) -> None:
    backend.says("/metrics", metrics([("/taxonomy/list", "200", 100.0)]).encode(), 200)
    with watching(backend={"url": backend.url, "fast_period": 60}) as exporter:
        for _ in range(2):
            assert exporter.page("api.totals").value("ops_backend_metrics_readings_total") == 1


@pytest.mark.parametrize(
    "server", [("redis", "cache.ping", "redis_up"), ("celery", "workers.up", "ops_broker_up")]
)
def test_the_return_of_a_server_is_told_for_a_while(
    backend: BackendDouble,
    own_redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    server: tuple[str, str, str],
) -> None:
    setting, part, up = server
    monkeypatch.setattr(recovery, "JUDGED_SECONDS", 2.0)
    backend.says("/metrics", metrics([("/taxonomy/list", "200", 100.0)]).encode(), 200)
    settings = {setting: all_on(own_redis_server)[setting]}
    with watching(backend={"url": backend.url}, **settings) as exporter:

        def expect(is_up: int, is_recovering: int) -> None:
            eventually(lambda: exporter.page("api.totals", part).value(up) == is_up)
            eventually(
                lambda: exporter.page("api.totals", part).value("ops_backend_recovering") == is_recovering
            )

        expect(1, 1)  # after the start of the exporter
        expect(1, 0)
        own_redis_server.kill()
        expect(0, 0)
        own_redis_server.start()
        expect(1, 1)
        expect(1, 0)


def judged(before: Iterable[Row], after: Iterable[Row], seconds: float = 0.05) -> Any:
    """The pages of a backend whose requests grow from the first rows to the second."""
    pages = iter([metrics(before, seconds=seconds), *[metrics(after, seconds=seconds)] * 50])
    return lambda: Says(next(pages))


def judged_page(exporter: Watched, status: str) -> Page:
    """The first page on which the module taxonomy has this status."""

    def found() -> Page | None:
        page = exporter.page("modules.status")
        return page if page.state("ops_module_status", module="taxonomy") == status else None

    page = eventually(found)
    assert page is not None
    return page


@pytest.mark.parametrize(
    ("errors", "seconds", "status"),
    [
        (0, 0.05, "healthy"),
        (2, 0.05, "healthy"),
        (7, 0.05, "degraded"),
        (16, 0.05, "down"),
        (0, 0.8, "degraded"),
    ],
)
def test_a_module_without_a_health_route_is_judged_by_its_requests(
    backend: BackendDouble, errors: int, seconds: float, status: str
) -> None:
    before = [("/taxonomy/list", "200", 100.0), ("/taxonomy/list", "500", 50.0)]
    after = [("/taxonomy/list", "200", 120.0 - errors), ("/taxonomy/list", "500", 50.0 + errors)]
    backend.answers["/metrics"] = judged(before, after, seconds)
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        assert exporter.page("modules.status").state("ops_module_status", module="taxonomy") == "unknown"
        page = judged_page(exporter, status)
    assert page.state("ops_module_observed_status", module="taxonomy") == status
    assert page.state("ops_module_status", module="taxonomy") == status
    assert page.state("ops_module_status", module="curation") == "unknown"


def after_some_answers(exporter: Watched, backend: BackendDouble) -> None:
    """Scrape until the page of metrics was read several times."""
    eventually(lambda: exporter.page("modules.status") and backend.asked["/metrics"] > 3)


def test_too_few_requests_prove_nothing(backend: BackendDouble) -> None:
    backend.answers["/metrics"] = judged([("/taxonomy", "500", 1)], [("/taxonomy", "500", 4)])
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        after_some_answers(exporter, backend)
        assert exporter.page("modules.status").state("ops_module_status", module="taxonomy") == "unknown"


def test_our_own_probes_are_no_traffic_of_a_module(backend: BackendDouble) -> None:
    backend.answers["/metrics"] = judged(
        [("/resources/health", "200", 1)], [("/resources/health", "500", 900)]
    )
    with watching(backend={"url": backend.url, "fast_period": 0.001}) as exporter:
        after_some_answers(exporter, backend)
        assert exporter.page("modules.status").state("ops_module_status", module="resources") == "unknown"


def test_a_long_page_is_read_in_a_few_milliseconds() -> None:
    raw = "".join(
        f'neo_alexandria_request_duration_seconds_bucket{{endpoint="/resources/{n}",le="{le}"}} {n}.0\n'
        for n in range(200)
        for le in (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
    )
    page = raw + metrics([(f"/resources/{{id}}/part{n}", "200", n + 1.0) for n in range(60)])
    reader = totals()
    reader.update_from_page(page)
    began = time.process_time()
    for _ in range(20):
        found = reader.update_from_page(page)
    assert (time.process_time() - began) / 20 < 0.01
    assert found.requests == {("resources", "2xx"): 60 * 61 / 2}
