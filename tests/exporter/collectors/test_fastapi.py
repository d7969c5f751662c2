"""The page of a job fastapi: the backend's requests by route, under the names of public dashboards."""

import itertools
from typing import Any

import pytest
from fastapi import FastAPI, HTTPException
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_fastapi_instrumentator import Instrumentator
from starlette.testclient import TestClient

from exporter.settings import Settings
from exporter.sources.backend.route_requests import RouteRequestsTracker
from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.exporter_page import Page, watching

# the instrumentator counts these in the registry of all applications of the process
STARTED = "process_start_time_seconds 1.8e9\n"
IN_PROGRESS = "http_requests_inprogress 0.0\n"


@pytest.fixture(scope="module")
def instrumented() -> str:
    """The page of an application that the instrumentator measures, after five requests."""
    app, registry = FastAPI(), CollectorRegistry()
    Instrumentator(should_group_status_codes=False, registry=registry).instrument(app).expose(app)

    @app.get("/books/{name}")
    def book(name: str) -> str:
        if name == "none":
            raise HTTPException(404)
        return name

    with TestClient(app) as client:
        for name in ("a", "b", "c", "none", "none"):
            client.get(f"/books/{name}")
        return STARTED + IN_PROGRESS + client.get("/metrics").text


def page(backend: BackendDouble, **settings: Any) -> Page:
    """The page of the job."""
    with watching(backend={"url": backend.url}, **settings) as exporter:
        return exporter.page("fastapi")


def test_what_the_instrumentator_shows_is_passed_on(backend: BackendDouble, instrumented: str) -> None:
    backend.says("/metrics", instrumented)
    shown = page(backend)
    families = [it for it in text_string_to_metric_families(instrumented) if it.name.startswith("http_")]
    samples = [it for family in families for it in family.samples if not it.name.endswith("_created")]
    assert len(samples) > 30
    for sample in samples:
        assert (sample.labels, sample.value) in shown.series(sample.name), sample
    assert shown.value("http_requests_total", handler="/books/{name}", status="404") == 2


def test_the_same_requests_have_the_names_of_other_middleware(
    backend: BackendDouble, instrumented: str
) -> None:
    backend.says("/metrics", instrumented)
    shown = page(backend)
    labels = {"app_name": "backend", "method": "GET", "path": "/books/{name}"}
    for name in ("starlette_requests_total", "fastapi_responses_total"):
        assert shown.value(name, **labels, status_code="200") == 3
    assert shown.value("fastapi_requests_total", **labels) == 5
    for name in ("starlette_request_duration_seconds", "fastapi_requests_duration_seconds"):
        assert sum(value for _, value in shown.series(f"{name}_count", **labels)) == 5
        assert shown.series(f"{name}_bucket", **labels, le="+Inf")
    assert shown.value("starlette_requests_in_progress") == shown.value("fastapi_requests_in_progress") == 0
    assert shown.value("fastapi_app_info", app_name="backend") == 1
    assert shown.value("process_start_time_seconds") == 1.8e9
    assert not [name for name in shown.names() if name.startswith("ops_")]


def test_the_page_is_openmetrics(backend: BackendDouble, instrumented: str) -> None:
    backend.says("/metrics", instrumented)
    with watching(backend={"url": backend.url}) as exporter:
        headers = {"Accept": "application/openmetrics-text;version=1.0.0"}
        answer = exporter.client.get("/metrics?collect[]=fastapi", headers=headers)
    assert len(list(openmetrics(answer.text))) == 15  # type: ignore[no-untyped-call]


def test_processes_are_summed_and_no_count_falls() -> None:
    tracker = RouteRequestsTracker(Settings())
    line = 'http_requests_total{handler="/a",method="GET",status="200"}'
    counts = [
        sum(
            value
            for _, value in tracker.update(f"{STARTED}{line} {count}\n", server).counts("http_requests_total")
        )
        for count, server in ((10, "one"), (5, "two"), (12, "one"), (7, "two"))
    ]
    assert counts == [10, 15, 17, 19]


def test_routes_beyond_the_limit_are_summed_as_other() -> None:
    tracker = RouteRequestsTracker(Settings.model_validate({"limits": {"routes": 3}}))
    lines = [f'http_requests_total{{handler="/{n}",method="GET",status="200"}} 1' for n in range(8)]
    found = tracker.update(STARTED + "\n".join(lines)).counts("http_requests_total")
    assert {labels["handler"]: value for labels, value in found} == {"/0": 1, "/1": 1, "/2": 1, "other": 5}


@pytest.mark.parametrize(
    "line",
    [
        "http_requests_total{",
        'http_requests_total{handler="/a",method="GET",status="200"} NaN',
        'http_requests_total{handler="/a",method="GET",status="200"} -1',
        'http_request_duration_seconds_bucket{handler="/a",le="wide"} 4',
        "http_requests_total_created 1.8e9",
    ],
)
def test_a_broken_line_costs_that_line(line: str) -> None:
    good = 'http_requests_total{handler="/b",method="GET",status="200"} 2'
    found = RouteRequestsTracker(Settings()).update(f"{good}\n{line}\n")
    assert len(found.counters) == 1


def test_a_backend_without_metrics_leaves_the_page_empty(backend: BackendDouble) -> None:
    backend.says("/metrics", "<html>Sign in</html>")
    assert page(backend).names() == set()


def test_the_backend_is_asked_at_most_once_in_five_seconds(backend: BackendDouble, instrumented: str) -> None:
    asked = itertools.count()

    def answer() -> Says:
        next(asked)
        return Says(instrumented)

    backend.answers["/metrics"] = answer
    with watching(
        backend={"url": backend.url, "period": 30.0, "calm_period": 30.0, "fast_period": 30.0}
    ) as exporter:
        for _ in range(5):
            exporter.page("fastapi")
    assert next(asked) == 2  # once for the routes, once for the processes
