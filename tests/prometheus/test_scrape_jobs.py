"""No series exists under two jobs, so that no sum counts it twice."""

import sys
from pathlib import Path

import pytest

from benchmarks.system import is_ready
from tests.prometheus.metrics_pages import configuration, serving
from tests.servers.fixtures import StartPrometheus, StartServer
from tests.servers.ports import free_port
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

# Prometheus' own words about each job, and what each process says of itself
OF_EACH = "up|scrape_.+|process_.+|python_.+"
TWICE = f'count by (__name__) (count by (__name__, job) ({{job!="",__name__!~"{OF_EACH}"}})) > 1'
LEVEL = 'ops_threshold_override{signal="pool_use",severity="warning"} 0.7\n'
REQUESTS = """\
ops_http_requests_total{module="search",code="2xx"} 5
ops_http_requests_total{module="search",code="5xx"} 2
ops_http_module_requests_total{module="search"} 7
"""
JOBS = ("exporter", "exporter-fast", "service", "service-thresholds")


@pytest.fixture
def exporter(redis_server: RedisServer, start_server: StartServer, tmp_path: Path) -> str:
    """An exporter that watches a Redis, as cache and as broker."""
    port = free_port()
    address = {
        "EXPORTER_PORT": str(port),
        # nobody: at the default address may be a backend that somebody runs
        "BACKEND_URL": f"http://127.0.0.1:{free_port()}",
        "REDIS_URL": redis_server.database(2),
        "CELERY_BROKER_URL": redis_server.database(0),
    }
    ready = f"http://127.0.0.1:{port}/-/ready"
    start_server(sys.executable, "-m", "exporter", ready=lambda: is_ready(ready), env=address, cwd=tmp_path)
    return f"127.0.0.1:{port}"


@pytest.mark.parametrize("peers", [(), ("celery-exporter", "postgres", "redis")], ids=["default", "peers"])
def test_no_series_exists_under_two_jobs(
    exporter: str, prometheus: StartPrometheus, peers: tuple[str, ...]
) -> None:
    service = {"/metrics": f"ops_service_up 1\n{LEVEL}", "/metrics/levels": LEVEL}
    with serving(free_port(), service) as address:
        targets = dict(zip(JOBS, (exporter, exporter, address, address), strict=True))
        targets |= dict.fromkeys(peers, exporter)
        server = prometheus(configuration(targets, "500ms", peers))
        for job in targets:
            eventually(lambda job=job: number(server, f'up{{job="{job}"}}') == 1, within=20)  # type: ignore[misc]
        eventually(lambda: number(server, "sum(redis_up)") == 1, within=20)
        assert server.query(TWICE) == []
        assert number(server, f'sum(redis_up{{job="{"redis" if peers else "exporter"}"}})') == 1
        assert (
            number(server, 'sum(ops_broker_up{job!="exporter"})'),
            number(server, "sum(ops_broker_up)"),
        ) == (None, 1)
        # the fast lane has its own, and the slow page keeps all
        assert number(server, "sum(fast:redis_up)") == number(server, "sum(fast:ops_broker_up)") == 1
        assert number(server, 'count({job="exporter-fast",__name__!~"fast:.+|up|scrape_.+"})') is None
        assert number(server, 'count({job="exporter",__name__=~"fast:.+"})') is None
        assert number(server, "sum(ops_threshold_override)") == 0.7


def test_the_fast_lane_has_the_requests_of_a_module_in_one_series(prometheus: StartPrometheus) -> None:
    with serving(free_port(), {"/metrics": REQUESTS}) as address:
        server = prometheus(configuration(dict.fromkeys(("exporter", "exporter-fast"), address), "500ms"))
        eventually(lambda: number(server, "count(ops_http_requests_total)") == 2, within=20)
        [fast] = eventually(lambda: server.query("fast:ops_http_requests_total"), within=20)
    assert (fast["metric"]["module"], fast["value"][1]) == ("search", "7")


def number(server: PrometheusServer, expression: str) -> float | None:
    """The one value of the expression, None where there is none."""
    found = server.query(expression)
    return float(found[0]["value"][1]) if found else None
