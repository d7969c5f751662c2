"""One number has one source: counters, recorded series, alert and status agree on a running system."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
import yaml

from benchmarks.system import is_ready
from tests.demo.running_demo import TOKEN, RunningDemo
from tests.exporter.exporter_page import Page
from tests.prometheus.metrics_pages import configuration
from tests.prometheus.rule_files import FILES
from tests.servers.fixtures import StartPrometheus, StartServer, started
from tests.servers.ports import free_port
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.waiting import eventually

ROUTE, MODULE, SHARE = "/resources?limit=1", "resources", 0.36
OTHER = "/collections?limit=1"
RATIO = f'module:ops_http_request_errors_per_request:ratio_rate5m{{module="{MODULE}"}}'
USERS_RATIO = "users:ops_http_request_errors_per_request:ratio_rate5m"
SEVERITY = f'ops:signal:severity{{signal="module_error_ratio",module="{MODULE}"}}'
STATUS = f'ops:module:status{{module="{MODULE}"}}'
DEGRADED, CRITICAL = 2, 3


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDemo]:
    with started(RunningDemo(tmp_path_factory.mktemp("run"))) as it:
        yield it


@pytest.fixture
def exporter(demo: RunningDemo, start_server: StartServer, tmp_path: Path) -> str:
    """The address of an exporter that watches the demo."""
    token, port = tmp_path / "token", free_port()
    token.write_text(TOKEN)
    environment = {
        "EXPORTER_PORT": str(port),
        "BACKEND_URL": f"http://127.0.0.1:{demo.port}",
        "BACKEND_TOKEN_FILE": str(token),
    }
    ready = f"http://127.0.0.1:{port}/-/ready"
    command = (sys.executable, "-m", "exporter")
    start_server(*command, ready=lambda: is_ready(ready), env=environment, cwd=tmp_path)
    return f"127.0.0.1:{port}"


@pytest.fixture
def server(exporter: str, prometheus: StartPrometheus, tmp_path: Path) -> PrometheusServer:
    """A Prometheus with the checked-in rules, whose slow lane comes every second."""
    targets = dict.fromkeys(("exporter", "exporter-fast"), exporter)
    settings = configuration(targets)
    for file in FILES:
        (tmp_path / file.name).write_text(file.read_text().replace("interval: 15s", "interval: 1s"))
    settings["rule_files"] = [str(tmp_path / file.name) for file in FILES]
    for job in settings["scrape_configs"]:
        if job["job_name"] == "exporter":
            job |= {"scrape_interval": "1s", "scrape_timeout": "1s"}
    return prometheus(yaml.safe_dump(settings))


@dataclass
class Counts:
    """Requests to the module, those that failed, and requests to the other module."""

    requests: float = 0
    errors: float = 0
    elsewhere: float = 0


@contextmanager
def users(demo: RunningDemo) -> Iterator[Counts]:
    """Users of two modules, of which a fault may break one; what they requested and got."""
    over, counts = Event(), Counts()

    def work() -> None:
        while not over.wait(0.02):
            counts.requests += 1
            counts.errors += demo.api.get(ROUTE).is_server_error
            counts.elsewhere += demo.api.get(OTHER).is_success

    thread = Thread(target=work)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


def test_every_side_gives_the_same_ratio(demo: RunningDemo, exporter: str, server: PrometheusServer) -> None:
    eventually(lambda: server.query(f'ops_http_requests_total{{module="{MODULE}"}}'), within=20)
    with users(demo) as sent:
        eventually(lambda: value(server, SEVERITY) == value(server, STATUS) == 0, within=30)
        assert value(server, RATIO) == value(server, USERS_RATIO) == 0
        demo.control.post("/faults/errors-in-module", json={"module": MODULE, "share": SHARE})
        [alert] = eventually(lambda: firing(server), within=30)
        assert alert["labels"]["module"] == MODULE
        eventually(lambda: value(server, SEVERITY) == CRITICAL, within=60)
        # at the same moment, or the number would be red beside a module that is well
        assert value(server, STATUS) == value(server, "ops:status:code") == DEGRADED
        eventually(lambda: value(server, RATIO) > SHARE / 2, within=60)
        # the alert judges ten seconds, which chance moves; the others judge all that was counted
        eventually(lambda: float(firing(server)[0]["value"]) == pytest.approx(SHARE, abs=0.15), within=40)
        demo.control.delete("/faults/errors-in-module")
        eventually(lambda: not firing(server), within=40)
    assert min(sent.requests, sent.elsewhere) > 100
    # the users' requests, and none of the exporter's own
    eventually(lambda: counted(exporter) == sent, within=20)
    ratio = sent.errors / sent.requests
    eventually(lambda: value(server, RATIO) == pytest.approx(ratio, rel=0.01), within=20)
    together = sent.errors / (sent.requests + sent.elsewhere)
    eventually(lambda: value(server, USERS_RATIO) == pytest.approx(together, rel=0.01), within=20)


def counted(exporter: str) -> Counts:
    """The same as the exporter counts it, with all modules but monitoring and other."""
    page = Page(httpx2.get(f"http://{exporter}/metrics?collect[]=api").text, 0)
    requests = page.series("ops_http_requests_total")
    return Counts(
        sum(count for labels, count in requests if labels["module"] == MODULE),
        page.value("ops_http_request_errors_total", module=MODULE) or 0,
        sum(count for labels, count in requests if labels["module"] not in (MODULE, "monitoring", "other")),
    )


def firing(server: PrometheusServer) -> list[Any]:
    """The critical alert of the module's errors, while it fires."""
    wanted = {"alertname": "ApiErrorsHigh", "severity": "critical"}.items()
    alerts = server.get("/api/v1/alerts")["data"]["alerts"]
    return [it for it in alerts if it["state"] == "firing" and wanted <= it["labels"].items()]


def value(server: PrometheusServer, expression: str) -> float:
    """The one value of this expression; LookupError where there is none."""
    return float(server.query(expression)[0]["value"][1])
