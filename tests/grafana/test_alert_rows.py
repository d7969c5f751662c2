"""Each alert that fires has a row of its own, which says what it is about."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from alertmanager.inhibitions import INHIBITOR
from benchmarks.dashboards import history
from benchmarks.dashboards.prometheus_client import Prometheus, Range, dashboards, defaults, filled
from benchmarks.dashboards.screen import Screen
from benchmarks.dashboards.synthetic_series import Series
from grafana.queries.alerts import SUBJECTS, count_of_overridden
from tests.prometheus.rule_files import FILES
from tests.servers.fixtures import started
from tests.servers.prometheus_server import PrometheusServer

SCRAPE, HOUR = 15, 3_600
# what each says; two of a name differ in it alone
FIRING = {
    "one@host.example": {"alertname": "WorkerDown", "signal": "worker_up", "hostname": "one@host.example"},
    "two@host.example": {"alertname": "WorkerDown", "signal": "worker_up", "hostname": "two@host.example"},
    "api exporter": {"alertname": "CollectorFailing", "collector": "api", "job": "exporter"},
    "cache exporter": {"alertname": "CollectorFailing", "collector": "cache", "job": "exporter"},
    "backend 10.0.0.5:8000": {"alertname": "TargetDown", "job": "backend", "instance": "10.0.0.5:8000"},
    "backend 10.0.0.6:8000": {"alertname": "TargetDown", "job": "backend", "instance": "10.0.0.6:8000"},
    "app": {"alertname": "Deadlocks", "signal": "deadlocks", "datname": "app"},
    "embed": {"alertname": "TasksFail", "signal": "task_failure_ratio", "name": "app.tasks.embed"},
    "fast": {"alertname": "RulesLate", "rule_group": "/etc/prometheus/rules/fast.yml;fast"},
    "api": {"alertname": "SelfReportDisagrees", "signal": "self_report", "subject": "api"},
    "": {"alertname": "DatabaseDown", "signal": "database_up"},
}
# two signals of which not every level of the file is in force, and one that is as in the file
FILE = {("queue_wait", "warning"): 60.0, ("queue_wait", "critical"): 120.0}
FILE |= {("pool_use", "warning"): 0.75, ("pool_use", "critical"): 0.9, ("disk_use", "warning"): 0.8}
IN_FORCE = FILE | {("pool_use", "warning"): 0.5}
NOT_WATCHED = "disk_use"
# what the table beside it shows, and what the title says already
ELSEWHERE = {"reported", "observed", "signal", "severity"}


@pytest.fixture(scope="module")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Screen]]:
    """Two dashboards of a Prometheus in which these warnings fire."""
    folder: Path = tmp_path_factory.mktemp("alerts")
    (folder / "data").mkdir()
    end = int(time.time()) // SCRAPE * SCRAPE
    fired = [{**it, "severity": "warning"} for it in FIRING.values()]
    series = [Series("ALERTS", {**it, "alertstate": "firing"}, "constant") for it in fired]
    series += [Series("ALERTS_FOR_STATE", it, "constant", end - 60.0) for it in fired]
    series += [level("ops:threshold:file", *it, value) for it, value in FILE.items()]
    series += [level("ops:threshold", *it, value) for it, value in IN_FORCE.items() if it[0] != NOT_WATCHED]
    series.append(Series("up", {"job": "exporter", "instance": "e:9810"}, "constant"))
    history.write(folder / "data", series, range(end - 600, end, SCRAPE))
    with started(PrometheusServer(folder, {"scrape_configs": []}, "--storage.tsdb.retention.time=30d")) as it:
        shown = Range(HOUR, end - SCRAPE)
        yield {
            name: Screen(Prometheus(it.url), name, board, defaults(board), shown)
            for name, board in dashboards().items()
        }


def level(name: str, signal: str, severity: str, value: float) -> Series:
    """The series of a level."""
    return Series(name, {"signal": signal, "severity": severity}, "constant", value)


def test_a_level_that_was_changed_and_one_that_was_taken_away_are_levels_set(
    screen: dict[str, Screen],
) -> None:
    asked = screen["alerts"].prometheus.instant(
        filled(count_of_overridden().expr, defaults(dashboards()["alerts"])), screen["alerts"].shown
    )
    assert [it["value"][1] for it in asked] == ["2"]


@pytest.mark.parametrize(
    ("board", "title"), [("overview", "Firing alerts"), ("alerts", "Firing and pending alerts")]
)
def test_each_alert_has_a_row_that_says_what_it_is_about(
    screen: dict[str, Screen], board: str, title: str
) -> None:
    rows: dict[str, dict[str, str]] = {}
    for it in screen[board].cells(title):
        rows.setdefault(it.row, {})[it.column] = it.text
    shown = {(it["Alert"], it["About"]) for it in rows.values()}
    assert shown == {(it["alertname"], about) for about, it in FIRING.items()}


def test_whatever_an_alert_names_is_in_its_row() -> None:
    rules = [
        rule
        for path in FILES
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if rule.get("alert") != INHIBITOR  # which has no row
    ]
    named = {
        label for it in rules for label in re.findall(r"\$labels\.(\w+)", str(it.get("annotations", {})))
    }
    assert named - ELSEWHERE - set(SUBJECTS) == set()
