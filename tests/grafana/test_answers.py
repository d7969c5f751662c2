"""Every query of every dashboard answers on a real Prometheus that holds every series there is."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.dashboards import history, series, unusual
from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults, filled, targets
from benchmarks.dashboards.quiet import BAND, QUIET
from demo.settings import MODULES as NAMES
from grafana.queries.anomalies import MARKS
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

SCRAPE, HOUR, DAY = 15, 3_600, 86_400
# one signal is shown at a time: it is of one grade, and none has levels of all severities
NEVER = {f"{BAND} / D", f"{BAND} / F"}


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Prometheus, float]]:
    """A Prometheus with the last hour of every series, and minutes of a day and a week ago; the end."""
    folder: Path = tmp_path_factory.mktemp("history")
    (folder / "data").mkdir()
    end = int(time.time()) // SCRAPE * SCRAPE
    spans = ((7 * DAY + 300, 7 * DAY), (DAY + 300, DAY), (HOUR + 600, 0))
    moments = [at for begin, stop in spans for at in range(end - begin, end - stop, SCRAPE)]
    exprs = [it.expr for name, board in dashboards().items() for it in targets(name, board)]
    history.write(folder / "data", series.read(exprs), moments)
    with started(PrometheusServer(folder, {"scrape_configs": []}, "--storage.tsdb.retention.time=30d")) as it:
        yield Prometheus(it.url), float(end - SCRAPE)


def test_every_query_answers(prometheus: tuple[Prometheus, float]) -> None:
    server, end = prometheus
    silent, wrong = [], {}
    for name, board in dashboards().items():
        for it in server.ask_all(targets(name, board), Range(HOUR, end), defaults(board)):
            if it.error:
                wrong[it.target.name] = it.error
            elif not it.series and it.target.name not in NEVER:
                silent.append(it.target.name)
    assert (silent, wrong) == ([], {})


def test_each_module_shows_what_is_most_unusual_in_it(prometheus: tuple[Prometheus, float]) -> None:
    server, end = prometheus
    board = dashboards()["overview"]
    expr = next(it.expr for it in targets("overview", board) if it.name == "overview / All modules / K")
    answer = server.instant(filled(expr, defaults(board)), Range(HOUR, end))
    found = {it["metric"]["module"]: float(it["value"][1]) for it in answer}
    assert found == {module: most_unusual(module) for module in NAMES}
    assert len(set(found.values())) > 2


def most_unusual(module: str) -> float:
    """The mark of a module, from what the exporter is made to say of it."""
    ways = {
        labels["signal"]: way
        for name, labels, way in unusual.samples()
        if name == "ops_anomaly_direction" and labels["module"] == module
    }
    marks = [mark for mark, (signal, way) in MARKS.items() if ways[signal] == way]
    return float(max(marks, default=0))


def test_what_may_be_silent_is_there_and_says_why() -> None:
    there = {it.name for name, board in dashboards().items() for it in targets(name, board)}
    assert [name for name in QUIET if name not in there] == []
    assert [name for name, it in QUIET.items() if len(it.why.split()) < 3] == []
    assert [name for name, it in QUIET.items() if not (it.fault or it.needs or name in NEVER)] == []
