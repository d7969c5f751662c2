"""The jobs of other exporters as docs/operations.md switches them on, on a real Prometheus."""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.system import is_ready
from prometheus.earlier_names import FILE as EARLIER
from prometheus.groups import rule_files
from prometheus.peer_jobs import NAMES
from prometheus.thresholds import load
from stack.settings import ROOT
from tests.exporter.backend_double import BackendDouble, backend_double
from tests.exporter.backend_tables import create
from tests.prometheus.metrics_pages import configuration
from tests.servers.fixtures import StartCeleryWorker, StartPrometheus, StartServer
from tests.servers.ports import free_port
from tests.servers.postgres_server import PostgresServer
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

BACKEND_PAGE = """\
# TYPE http_requests_total counter
http_requests_total{handler="/books",method="GET",status="2xx"} 5
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1.8e9
"""
OF_PEERS = '{__name__=~"(redis|pg|celery|http|starlette|fastapi)_.+",job!="redis-broker"}'
COMPATIBLE = ROOT / "tests" / "exporter" / "compatible"
# what public dashboards and rules select: the mixins of redis_exporter, celery-exporter, postgres_exporter
SELECTED = (
    'redis_memory_used_rss_bytes{job="redis"} / redis_memory_used_bytes{job="redis"}',
    'redis_total_system_memory_bytes{job=~"redis"}',
    'celery_worker_up{job=~"celery|celery-exporter"} == 1',
    'celery_worker_up{job=~".*celery.*"} == 1',
    'pg_up{job=~".*postgres.*"} == 1',
    'pg_settings_max_connections{job="postgres"} - pg_settings_superuser_reserved_connections',
    'pg_settings_autovacuum_vacuum_scale_factor{job="postgres"}',
    'rate(pg_stat_activity_max_tx_duration{datname!~"template.*",job="postgres"}[1m])',
    'irate(pg_stat_bgwriter_buffers_alloc{instance=~".+"}[1m])',
    'fastapi_requests_total{job=~"fastapi",app_name="backend"}',
    'http_requests_total{job="fastapi",handler="/books"}',
    'redis_up{job="redis-broker",instance="broker"} == 1',
)


@pytest.fixture
def backend() -> Iterator[BackendDouble]:
    """A backend that counts its requests by route."""
    with backend_double() as double:
        double.says("/metrics", BACKEND_PAGE, content_type="text/plain")
        yield double


@pytest.fixture
def environment(
    backend: BackendDouble,
    redis_server: RedisServer,
    own_redis_server: RedisServer,
    postgres_server: PostgresServer,
) -> dict[str, str]:
    """What the exporter watches; its cache and its broker are two servers."""
    return {
        "EXPORTER_PORT": str(free_port()),
        "BACKEND_URL": backend.url,
        "REDIS_URL": redis_server.database(2),
        "DATABASE_URL": create(postgres_server.fresh_database()),
        "CELERY_BROKER_URL": own_redis_server.database(0),
    }


@pytest.fixture
def targets(
    environment: dict[str, str], celery_worker: StartCeleryWorker, start_server: StartServer, tmp_path: Path
) -> dict[str, str]:
    """The addresses of all jobs."""
    broker = "CELERY_BROKER_URL"
    celery_worker("tests.exporter.tasks_app", {broker: environment[broker]})
    port = environment["EXPORTER_PORT"]
    ready = f"http://127.0.0.1:{port}/-/ready"
    start_server(
        sys.executable, "-m", "exporter", ready=lambda: is_ready(ready), env=environment, cwd=tmp_path
    )
    own = dict.fromkeys(("exporter", "exporter-fast", *NAMES), f"127.0.0.1:{port}")
    return {**own, "backend": environment["BACKEND_URL"].removeprefix("http://")}


def open_to_all(settings: dict[str, Any]) -> dict[str, Any]:
    """The configuration without the backend's token, which this one does not want."""
    jobs = [
        {key: it for key, it in job.items() if key != "authorization"} for job in settings["scrape_configs"]
    ]
    return {**settings, "scrape_configs": jobs}


def number(server: PrometheusServer, expression: str) -> float | None:
    """The one value of the expression, None where there is none."""
    found = server.query(expression)
    return float(found[0]["value"][1]) if found else None


def doubles(server: PrometheusServer) -> list[object]:
    """Series that stand under more than one job now."""
    found = Counter(
        frozenset((name, text) for name, text in it["metric"].items() if name not in ("job", "instance"))
        for it in server.query(OF_PEERS)
    )
    return [dict(it) for it, count in found.items() if count > 1]


def silent(server: PrometheusServer) -> list[str]:
    """Selectors of public dashboards and rules that find nothing."""
    return [it for it in SELECTED if not server.query(it)]


def test_jobs_switched_on_have_each_series_once(
    targets: dict[str, str], prometheus: StartPrometheus, tmp_path: Path
) -> None:
    server = prometheus(open_to_all(configuration(targets, "1s")))
    eventually(lambda: number(server, "sum(celery_worker_up)") == number(server, "sum(redis_up)") == 1, 30)
    eventually(lambda: server.query('pg_up{job="exporter"} == 1'))
    assert doubles(server) == []
    switched = open_to_all(configuration(targets, "1s", NAMES))
    [file] = tmp_path.rglob("prometheus.yml")
    earlier = rule_files(load(), [*NAMES])[EARLIER].replace("interval: 15s", "interval: 1s")
    file.with_name(EARLIER).write_text(earlier)
    switched["rule_files"].append(EARLIER)
    file.write_text(yaml.safe_dump(switched))
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: silent(server) == [], 30)
    eventually(lambda: not server.query('{__name__=~"(redis|pg|celery)_.+",job="exporter"}'), 10)
    assert doubles(server) == []
    assert number(server, "sum(redis_up)") == 2, "of the cache and of the broker"
    assert number(server, 'sum(redis_up{job="redis"})') == 1
    eventually(lambda: {it["metric"]["job"] for it in server.query("up == 1")} == targets.keys())
    files = [str(COMPATIBLE / name) for name in ("redis.json", "postgresql.json")]
    command = [sys.executable, "-m", "exporter.compatible", *files, "--prometheus", server.url]
    told = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert told.returncode == 0, told.stdout + told.stderr
