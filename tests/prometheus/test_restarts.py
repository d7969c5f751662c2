"""Samples from before a restart of Prometheus raise no alert after it."""

import re
import time
from datetime import datetime

from tests.prometheus.metrics_pages import configuration, serving
from tests.servers.fixtures import StartPrometheus
from tests.servers.ports import free_port
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.waiting import eventually

TROUBLE = """\
ops_database_up 0
redis_up 1
ops_queue_sustained_length{queue_name="default"} 5000
ops_exporter_start_time_seconds 1000
ops_http_requests_total{module="search",code="5xx"} %(count)d
ops_http_module_requests_total{module="search"} %(count)d
ops_http_request_errors_total{module="search"} %(count)d
"""
# quiet, and without the queue, which has gone meanwhile
WELL = "ops_database_up 1\nredis_up 1\nops_exporter_start_time_seconds 1000\n"
OLD = "fast:ops_database_up == 0"


class Rising(dict[str, str]):
    """A page with ten more failed requests per scrape."""

    count = 0

    def __missing__(self, path: str) -> str:
        self.count += 10
        return TROUBLE % {"count": self.count}


def test_old_samples_raise_no_alert_after_a_restart(prometheus: StartPrometheus) -> None:
    port = free_port()
    targets = {"exporter-fast": f"127.0.0.1:{port}"}
    with serving(port, Rising()):
        server = prometheus(configuration(targets))
        eventually(lambda: {"DatabaseDown", "WorkerQueueLong", "ApiErrorsHigh"} <= active(server), within=30)
        server.stop()
    server.start()
    began = time.time()
    eventually(lambda: server.query('up{job="exporter-fast"} == 0'), within=10)
    eventually(lambda: evaluated(server) > began + 1.5, within=10)
    # the last sample would still speak, and the target is known to be away
    assert server.query(OLD)
    # what was fired on requests before the restart stands for the two seconds of its verdict
    assert active(server) <= {"ApiErrorsHigh"}
    eventually(lambda: active(server) == set(), within=5)
    with serving(port, {"/metrics": WELL}):
        eventually(lambda: server.query('up{job="exporter-fast"} == 1'), within=10)
        since = time.time()
        eventually(lambda: evaluated(server) > since + 1, within=10)
        # so would the queue that is not there any more
        assert server.query("fast:ops_queue_sustained_length")
        assert active(server) == set()
    with serving(port, Rising()):
        eventually(lambda: {"DatabaseDown", "WorkerQueueLong"} <= active(server), within=10)


def active(server: PrometheusServer) -> set[str]:
    """The names of pending and firing alerts of signals."""
    alerts = server.get("/api/v1/alerts")["data"]["alerts"]
    return {it["labels"]["alertname"] for it in alerts if "signal" in it["labels"]}


def evaluated(server: PrometheusServer) -> float:
    """The oldest last evaluation of the fast groups as Unix time."""
    groups = server.get("/api/v1/rules")["data"]["groups"]
    fast = [it["lastEvaluation"] for it in groups if it["name"].startswith("fast")]
    # Prometheus writes nanoseconds, which Python does not read
    return min(datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", it)).timestamp() for it in fast)
