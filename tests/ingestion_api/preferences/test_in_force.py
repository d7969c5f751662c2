"""From the service's API to an alert: the checked-in job and rules in a real Prometheus."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml

from tests.ingestion_api.processes import AUTHORIZED, ROOT, ServiceProcess, environment
from tests.servers.fixtures import StartPrometheus, started
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

RULES = ROOT / "prometheus" / "rules"
LEVEL = 'ops:threshold{signal="worker_queue_length",severity="critical"}'
FIRING = 'ALERTS{alertname="WorkerQueueLong",alertstate="firing"}'


class Queue(BaseHTTPRequestHandler):
    """What the exporter would show of a queue: more than the file's warning, less than its critical."""

    def do_GET(self) -> None:
        """Answer a scrape."""
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(b'ops_queue_sustained_length{queue_name="default"} 60\n')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def queue() -> Iterator[str]:
    """The queue's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Queue)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def configuration(targets: dict[str, str]) -> dict[str, Any]:
    """The checked-in jobs of these names, aimed at other targets."""
    checked_in = yaml.safe_load((ROOT / "prometheus" / "prometheus.yml").read_text())
    jobs = [it for it in checked_in["scrape_configs"] if it["job_name"] in targets]
    return {
        "rule_files": [str(RULES / name) for name in ("thresholds.yml", "fast.yml")],
        "scrape_configs": [{**it, "static_configs": [{"targets": [targets[it["job_name"]]]}]} for it in jobs],
    }


def level(server: PrometheusServer) -> float:
    """The critical level in force."""
    [found] = server.query(LEVEL) or [{"value": (0, "nan")}]
    return float(found["value"][1])


def firing(server: PrometheusServer) -> set[str]:
    """The severities at which the alert fires."""
    return {it["metric"]["severity"] for it in server.query(FIRING)}


def test_a_level_that_is_set_decides_at_once_what_fires(
    tmp_path: Path, redis_server: RedisServer, prometheus: StartPrometheus
) -> None:
    service = ServiceProcess(tmp_path / "service.log", environment(tmp_path / "run", redis_server.url))
    with queue() as exporter:
        targets = {"exporter-fast": exporter, "service-thresholds": urlsplit(service.url).netloc}
        server = prometheus(configuration(targets))
        with started(service):
            levels_decide(server, service)


def levels_decide(server: PrometheusServer, service: ServiceProcess) -> None:
    """Set a level, try some that may not be, set it back."""
    signal = f"{service.url}/api/v1/preferences/worker_queue_length"

    def put(**levels: float) -> int:
        return httpx2.put(signal, json={"levels": levels}, headers=AUTHORIZED).status_code

    eventually(lambda: (level(server), firing(server)) == (100, {"warning"}), within=15)

    assert put(critical=55) == 200
    eventually(lambda: (level(server), firing(server)) == (55, {"warning", "critical"}), within=5)

    assert (put(critical=2_000_000), put(critical=45), put(info=5)) == (400, 400, 400)
    scraped = "count_over_time(up{job='service-thresholds'}[1h])"
    before = float(server.query(scraped)[0]["value"][1])
    eventually(lambda: float(server.query(scraped)[0]["value"][1]) > before)
    assert (level(server), firing(server)) == (55, {"warning", "critical"})

    assert httpx2.delete(signal, headers=AUTHORIZED).status_code == 200
    eventually(lambda: (level(server), firing(server)) == (100, {"warning"}), within=8)
