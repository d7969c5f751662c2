"""The exporter's own pages, as Prometheus and a person read them."""

import gzip
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from exporter.app import build
from exporter.settings import Settings
from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import watching


def test_an_unknown_collector_is_refused_with_the_valid_names(backend: BackendDouble) -> None:
    with watching(backend={"url": backend.url}) as exporter:
        answer = exporter.client.get("/metrics?collect[]=pool")
    assert answer.status_code == 400
    assert answer.text.startswith("collect[] names 'pool'; expected one of ")
    assert "database.pool" in answer.text


def test_two_collectors_can_be_asked_for_at_once(backend: BackendDouble) -> None:
    backend.monitoring("/db/pool", {"pool": {"checked_out": 1}})
    with watching(backend={"url": backend.url}, redis={"url": "redis://127.0.0.1:1"}) as exporter:
        names = exporter.page("database.pool", "cache.ping").names()
    assert {"ops_database_pool_checked_out_connections", "redis_up"} <= names


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("", "text/plain; version=0.0.4"),
        ("application/openmetrics-text;version=abc", "text/plain"),
        ("text/plain;version=x", "text/plain"),
        ("application/openmetrics-text;version=1.0.0,text/plain;q=0.5", "application/openmetrics-text"),
    ],
)
def test_the_format_is_negotiated(backend: BackendDouble, accept: str, content_type: str) -> None:
    with watching(backend={"url": backend.url}) as exporter:
        answer = exporter.client.get("/metrics?collect[]=database.pool", headers={"Accept": accept})
    assert answer.headers["Content-Type"].startswith(content_type)
    assert answer.text.endswith("# EOF\n") == ("openmetrics" in content_type)


@pytest.mark.parametrize(
    ("given", "packed"), [("gzip", True), ("br, gzip;q=0.5", True), ("gzip;q=0", False), ("", False)]
)
def test_the_page_is_packed_for_who_takes_it(backend: BackendDouble, given: str, packed: bool) -> None:
    with watching(backend={"url": backend.url}) as exporter:
        request = exporter.client.build_request("GET", "/metrics", headers={"Accept-Encoding": given})
        answer = exporter.client.send(request, stream=True)
        raw = b"".join(answer.iter_raw())
    assert (answer.headers.get("Content-Encoding") == "gzip") == packed
    assert b"ops_collector_success" in (gzip.decompress(raw) if packed else raw)


def test_only_the_bearer_reads_the_page_where_a_token_is_set(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("let-me-in\n")
    with TestClient(build(Settings(web={"token_file": token}))) as client:
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/-/ready").status_code == 200
        good = client.get("/metrics?collect[]=cache.ping", headers={"Authorization": "Bearer let-me-in"})
    assert good.status_code == 200


def test_ready_only_while_sources_are_open() -> None:
    app = build(Settings())
    assert TestClient(app).get("/-/ready").status_code == 503
    with TestClient(app) as client:
        assert client.get("/-/ready").text == "ready\n"
        assert client.get("/-/healthy").text == "healthy\n"


def test_the_landing_page_links_each_collector() -> None:
    with TestClient(build(Settings())) as client:
        assert '<a href="/metrics?collect[]=database">' in client.get("/").text


def test_the_scrape_ends_within_what_prometheus_allows(backend: BackendDouble) -> None:
    backend.hangs("/api/monitoring/db/pool")
    with watching(backend={"url": backend.url, "timeout": 30}) as exporter:
        page = exporter.page("database.pool", timeout=0.5)
    assert page.value("ops_collector_success", collector="database.pool") == 0
    # what is allowed is 0.5 s; the rest is for a machine that is busy with other tests
    assert page.seconds < 5
