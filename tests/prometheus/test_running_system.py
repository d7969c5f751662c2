"""One number has one source: what panels, alert and status say of it agrees on a running system.

The queries are those of the dashboards' own files and of the alert's rule, not like ones.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import pytest
import yaml

from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults
from benchmarks.dashboards.screen import Cell, Screen
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
# board, panel, row, column: each place that shows the module's ratio, and those that show all users'
OF_MODULE = (
    ("overview", "All modules", MODULE, "Errors"),
    ("module", "Last hour", "Error ratio", ""),
    ("module", "Error ratio", "errors", ""),
    ("api", "Error ratio by module", MODULE, ""),
)
OF_USERS = (
    ("overview", "Users, last hour", "Error ratio", ""),
    ("api", "Last hour", "Error ratio", ""),
    ("api", "Error ratio", "errors", ""),
)
# and the words that stand beside them: of the status, and of the level
STATUSES = (
    ("overview", "Modules by status", MODULE, ""),
    ("overview", "All modules", MODULE, "Status"),
    ("module", "$module", "Status", ""),
)
LEVELS = (
    ("overview", "All modules", MODULE, "Level"),
    ("overview", "Users, last hour", "Level", ""),
    ("module", "Last hour", "Level", ""),
    ("api", "Last hour", "Level", ""),
)
Place = tuple[str, str, str, str]
SAID = ", said "
# seconds of requests that the alert judges
JUDGED = 10.0


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
    """Requests to the module, those that failed, and requests to the other module; and when which failed."""

    requests: float = 0
    errors: float = 0
    elsewhere: float = 0
    past: list[tuple[float, bool]] = field(default_factory=list, compare=False)

    def lately(self) -> float:
        """The share that failed of what the alert judges now."""
        failed = [it for at, it in list(self.past) if at > time.monotonic() - JUDGED]
        return sum(failed) / len(failed)


@contextmanager
def users(demo: RunningDemo) -> Iterator[Counts]:
    """Users of two modules, of which a fault may break one; what they requested and got."""
    over, counts = Event(), Counts()

    def work() -> None:
        while not over.wait(0.02):
            counts.requests += 1
            failed = demo.api.get(ROUTE).is_server_error
            counts.errors += failed
            counts.past.append((time.monotonic(), failed))
            counts.elsewhere += demo.api.get(OTHER).is_success

    thread = Thread(target=work)
    thread.start()
    try:
        yield counts
    finally:
        over.set()
        thread.join()


# the five minutes of a ratio fill in their own time, on a busy machine as well
@pytest.mark.timeout(300)
def test_every_side_gives_the_same_ratio(demo: RunningDemo, exporter: str, server: PrometheusServer) -> None:
    eventually(lambda: server.query(f'ops_http_requests_total{{module="{MODULE}"}}'), within=20)
    with users(demo) as sent:
        eventually(lambda: words(server, LEVELS) == {"✔ ok"}, within=40)
        assert words(server, STATUSES) == {"✔ healthy"}
        assert numbers(server, OF_MODULE + OF_USERS) == {0}
        demo.control.post("/faults/errors-in-module", json={"module": MODULE, "share": SHARE})
        [alert] = eventually(lambda: firing(server), within=30)
        assert alert["labels"]["module"] == MODULE
        eventually(lambda: words(server, LEVELS) == {"✖ critical"}, within=60)
        # at the same moment, or the number would be red beside a module that is well
        assert words(server, STATUSES) == {"▲ degraded"}
        assert cell(server, ("overview", "Overall status", "Status", "")).text == "▲ degraded"
        eventually(lambda: min(numbers(server, OF_MODULE)) > SHARE / 2, within=60)
        # the alert says "at least": the lower bound that chance leaves of ten seconds of requests
        eventually(lambda: sent.lately() - 0.15 < judged(server) <= sent.lately() + 0.03, within=40)
        demo.control.delete("/faults/errors-in-module")
        eventually(lambda: not firing(server), within=40)
    assert min(sent.requests, sent.elsewhere) > 100
    # the users' requests, and none of the exporter's own
    eventually(lambda: counted(exporter) == sent, within=20)
    ratio, together = sent.errors / sent.requests, sent.errors / (sent.requests + sent.elsewhere)
    eventually(lambda: all_are(numbers(server, OF_MODULE), ratio), within=40)
    eventually(lambda: all_are(numbers(server, OF_USERS), together), within=40)


def cell(server: PrometheusServer, place: Place) -> Cell:
    """What stands at a place of a dashboard, as its own query answers; StopIteration where nothing does."""
    name, panel, row, column = place
    board = dashboards()[name]
    values = {**defaults(board), "module": MODULE if name == "module" else ".+"}
    screen = Screen(Prometheus(server.url), name, board, values, Range(3_600, time.time()))
    return next(it for it in screen.cells(panel) if (it.row, it.column) == (row, column))


def words(server: PrometheusServer, places: tuple[Place, ...]) -> set[str]:
    """What stands at these places, without what the backend says of itself; empty until all answer."""
    try:
        return {cell(server, it).text.partition(SAID)[0] for it in places}
    except StopIteration:
        return set()


def numbers(server: PrometheusServer, places: tuple[Place, ...]) -> set[float]:
    """The numbers at these places."""
    return {float(cell(server, it).value or 0) for it in places}


def all_are(found: set[float], wanted: float) -> bool:
    """Whether all of these are the same ratio."""
    return all(it == pytest.approx(wanted, rel=0.01) for it in found)


def judged(server: PrometheusServer) -> float:
    """The ratio by which the alert's own expression fires."""
    found = server.query(rule_of("ApiErrorsHigh", "critical"))
    return next((float(it["value"][1]) for it in found if it["metric"]["module"] == MODULE), 0.0)


@cache
def rule_of(alert: str, severity: str) -> str:
    """The expression of an alert's rule."""
    groups = [group for file in FILES for group in yaml.safe_load(file.read_text())["groups"]]
    wanted = (alert, severity)
    return next(
        str(rule["expr"])
        for group in groups
        for rule in group["rules"]
        if (rule.get("alert"), rule.get("labels", {}).get("severity")) == wanted
    )


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
