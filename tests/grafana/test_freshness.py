"""What nobody can know any more is grey: the exporter stops, its scrape is taken away, a collector fails.

Scrapes and rules come every second instead of every fifteen, so three seconds here are 45 in real. A window
of five minutes stays one, so a number that only outlives its exporter is found. A job that is scraped no more
leaves its series as they are; there the 45 seconds are real.
"""

import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from math import isnan
from pathlib import Path

import pytest
import yaml

from benchmarks.dashboards import series
from benchmarks.dashboards.prometheus_client import FIRST_SCREEN, Range, defaults, filled
from benchmarks.dashboards.synthetic_series import Series
from exporter.inventory import list_metrics
from grafana.mappings import NO_DATA
from grafana.queries.live import SCRAPED, SOURCES
from tests.grafana.expressions import reads
from tests.grafana.files import Target, dashboards, targets
from tests.prometheus.metrics_pages import configuration, serving
from tests.prometheus.rule_files import FILES
from tests.servers.fixtures import started
from tests.servers.ports import free_port
from tests.servers.prometheus_server import PrometheusServer
from tests.servers.waiting import eventually

# three periods, and what a busy machine takes to ask some hundred queries
SOON, REAL = 12.0, 45.0
HOUR = 3_600
# what Prometheus, Alertmanager, the service and the backend say of themselves, and what tells of the past
OTHERS = (
    "ALERTS", "ops:threshold", "ops:alert:hides", "slo:", "prometheus_", "alertmanager_", "ops_service_",
    "up", "scrape_", "process_", "http_",
)  # fmt: skip
# which lines a graph draws is chosen by the whole range, whatever they say now
CHOSEN = "[$__range] @ end()"
KINDS = {"stat", "table", "state-timeline", "timeseries", "heatmap", "bargauge"}
SILENT, LIVE, STALE = "nothing known", "ops_collector_success", 2.0
Answer = list[tuple[dict[str, str], float]]


class Page(Mapping[str, str]):
    """The exporter's page with every metric there is, as of now; one collector may fail."""

    def __init__(self) -> None:
        self.failing = ""
        self.series = [it for it in (*series.exported(), *series.watched()) if it.name != LIVE]
        self.of = {it.metric.name: it.collector for it in list_metrics()}

    def __getitem__(self, path: str) -> str:
        now = time.time()
        names = sorted({it for it in self.of.values() if it})
        states = [f'{LIVE}{{collector="{it}"}} {int(it != self.failing)}\n' for it in names]
        return "".join([*states, *(self.line(it, now) for it in self.series if self.shows(it.name))])

    def __iter__(self) -> Iterator[str]:
        yield "/metrics"

    def __len__(self) -> int:
        return 1

    def shows(self, name: str) -> bool:
        """Whether the metric is there, as its collector works."""
        return not self.failing or self.collector(name) != self.failing

    def collector(self, name: str) -> str:
        """The collector of a metric; none where it is no metric of one."""
        ends = ("", "_bucket", "_count", "_sum")
        return next((self.of[it] for end in ends if (it := name.removesuffix(end)) in self.of), "")

    def line(self, it: Series, now: float) -> str:
        """A sample in the exposition format."""
        own = (f'{key}="{value}"' for key, value in it.labels.items() if key not in ("job", "instance"))
        return f"{it.name}{{{','.join(own)}}} {it.at(now)!r}\n"


@pytest.fixture
def page() -> Page:
    """The page of an exporter that can show everything."""
    return Page()


@pytest.fixture
def watching(tmp_path: Path, page: Page) -> Iterator[tuple[PrometheusServer, Callable[[], None]]]:
    """A Prometheus that scrapes the page, with every query answered, and what stops the exporter."""
    rules = [faster(it, tmp_path) for it in FILES]
    port, exporter = free_port(), serving_until_stopped(page)
    config = {**configuration({"exporter": f"127.0.0.1:{port}"}, "1s"), "rule_files": rules}
    stop = exporter(port)
    try:
        with started(PrometheusServer(tmp_path, config, "--web.enable-lifecycle")) as server:
            eventually(lambda: len([*islice(answered(server, exporters()), 101)]) > 100, within=40)
            yield server, stop
    finally:
        stop()


def faster(file: Path, folder: Path) -> str:
    """The rules, evaluated every second where they wait longer."""
    rules = yaml.safe_load(file.read_text())
    for group in rules["groups"]:
        group["interval"] = "250ms" if group.get("interval") == "250ms" else "1s"
    (folder / file.name).write_text(yaml.safe_dump(rules))
    return str(folder / file.name)


def serving_until_stopped(page: Page) -> Callable[[int], Callable[[], None]]:
    """What serves the page on a port, and gives what stops it."""

    def start(port: int) -> Callable[[], None]:
        block = serving(port, page)
        block.__enter__()
        ended: list[bool] = []

        def stop() -> None:
            if not ended:
                ended.append(True)
                block.__exit__(None, None, None)

        return stop

    return start


def every() -> Iterator[tuple[Target, str]]:
    """Every query of a panel, with its variables filled in."""
    for board in dashboards().values():
        values = {**defaults(board), **Range(HOUR, 0.0).macros()}
        for it in targets(board):
            yield it, filled(it.expr, values)


@cache
def exporters() -> tuple[tuple[Target, str], ...]:
    """The queries that ask for what the exporter says now; a range may choose which of it is shown."""
    return tuple(
        (it, expr) for it, expr in every() if names(it.expr) and "$__range" not in it.expr.replace(CHOSEN, "")
    )


def names(expr: str) -> set[str]:
    """What a query reads of the exporter, and what is recorded of it."""
    found = {it.name for it in reads(expr) if "group" not in it.functions}
    return {it for it in found if not it.startswith(OTHERS)}


def ask(server: PrometheusServer, expr: str) -> Answer:
    """The answer of a query without what is no number and what says that nobody knows."""
    found = [(it["metric"], float(it["value"][1])) for it in server.query(expr)]
    return [(labels, value) for labels, value in found if not isnan(value) and SILENT not in str(labels)]


def answered(server: PrometheusServer, asked: Iterable[tuple[Target, str]]) -> Iterator[str]:
    """The queries that still say something; a card without data, and stale data, say nothing."""
    return (it.name for it, expr in asked if any(not is_grey(it, value) for _, value in ask(server, expr)))


def is_grey(target: Target, value: float) -> bool:
    """Whether the value stands for the word of what nobody knows."""
    return (LIVE in target.expr and value == STALE) or (
        f"{NO_DATA} + 0 *" in target.expr and value == NO_DATA
    )


Watching = tuple[PrometheusServer, Callable[[], None]]


def test_every_kind_of_panel_is_asked_and_all_that_show_the_exporter_on_a_first_screen() -> None:
    asked = {(it.board, it.panel) for it, _ in exporters()}
    assert {it.kind for it, _ in exporters()} == KINDS
    shown = {
        (it.board, it.panel)
        for it, _ in every()
        if names(it.expr) and first_screen(it) and it.kind in ("stat", "table", "state-timeline")
    }
    assert shown - asked == set()


def first_screen(target: Target) -> bool:
    """Whether its panel is on the first screen of its dashboard."""
    board = dashboards()[target.board]
    tops = {it["title"]: it["gridPos"]["y"] for it in board["panels"]}
    return bool(tops.get(target.panel, FIRST_SCREEN) < FIRST_SCREEN)


def test_all_is_grey_soon_after_the_exporter_stopped(watching: Watching) -> None:
    server, stop = watching
    stop()
    eventually(lambda: all_grey(server, exporters()), within=SOON)


def test_all_is_grey_soon_after_its_scrape_was_taken_away(watching: Watching, tmp_path: Path) -> None:
    server, _ = watching
    config = yaml.safe_load((tmp_path / "prometheus.yml").read_text())
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({**config, "scrape_configs": []}))
    reload = urllib.request.Request(f"{server.url}/-/reload", method="POST")  # noqa: S310 - our own server
    urllib.request.urlopen(reload, timeout=5).close()  # noqa: S310 - as above
    began = time.monotonic()
    eventually(lambda: not server.query(filled(SCRAPED, {"job": "exporter", "instance": ".+"})), within=REAL)
    eventually(lambda: all_grey(server, exporters()), within=SOON)
    assert time.monotonic() - began < REAL + SOON


@pytest.mark.parametrize("collector", ["workers", "api", "cache"])
def test_what_one_collector_measured_is_grey_soon_after_it_failed(
    watching: Watching, page: Page, collector: str
) -> None:
    server, _ = watching
    mine = [
        (it, expr) for it, expr in exporters() if {sourced(page, n) for n in names(it.expr)} == {collector}
    ]
    assert len([*answered(server, mine)]) > 3
    page.failing = collector
    eventually(lambda: all_grey(server, mine), within=SOON)


def sourced(page: Page, name: str) -> str:
    """The collector that measures what a metric, or a recorded series, is made of."""
    recorded = next((its[0] for start, its in SOURCES.items() if f":{start}" in name), "")
    return page.collector(recorded or name)


def all_grey(server: PrometheusServer, asked: Iterable[tuple[Target, str]]) -> bool:
    """Fail with the first that are not grey yet; only when all are is every query asked."""
    left = [*islice(answered(server, asked), 8)]
    assert not left, f"these queries still answer: {left}"
    return True
