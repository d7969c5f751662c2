"""What is not said while its cause or something graver is said, seen on a real Alertmanager."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertmanager.inhibitions import CAUSE_INHIBITIONS, IDENTITY, InhibitRule
from prometheus.thresholds import load
from tests.alertmanager.alertmanager_process import Labels, configuration, held_back, key, push
from tests.alertmanager.inbox import Inbox, open_inbox
from tests.prometheus.rule_files import alerts
from tests.servers.fixtures import started
from tests.servers.prometheus_server import AlertmanagerServer
from tests.servers.waiting import eventually

BLIND = {"alertname": "ExporterAbsent", "severity": "critical", "lane": "slow"}


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    with open_inbox() as it:
        yield it


@pytest.fixture(scope="module")
def server(inbox: Inbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AlertmanagerServer]:
    folder: Path = tmp_path_factory.mktemp("alertmanager")
    token = folder / "token"
    token.write_text("ours")
    with started(AlertmanagerServer(folder, configuration(inbox.url, str(token)))) as it:
        yield it


class Firing:
    """Alerts that fire until the test is over."""

    def __init__(self, server: AlertmanagerServer) -> None:
        self._server = server
        self._pushed: list[Labels] = []

    def fire(self, *alerts: Labels) -> None:
        """Let these fire as well."""
        self._pushed.extend(alerts)
        push(self._server, alerts)
        eventually(lambda: {key(it) for it in self._pushed} <= held_back(self._server).keys())

    def must_hold_back(self, *alerts: Labels) -> None:
        """These are held back, and nothing else is."""
        wanted = {key(it) for it in alerts}
        # Alertmanager takes a moment to notice a new cause
        eventually(lambda: {name for name, held in held_back(self._server).items() if held} == wanted)

    def end(self) -> None:
        """All are over."""
        push(self._server, self._pushed, over=True)
        eventually(lambda: not held_back(self._server))


@pytest.fixture
def firing(server: AlertmanagerServer) -> Iterator[Firing]:
    it = Firing(server)
    yield it
    it.end()


def alert(name: str, /, severity: str = "critical", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "lane": "slow", **labels}


@pytest.mark.parametrize("cause", CAUSE_INHIBITIONS, ids=lambda it: it.source)
def test_a_cause_holds_back_what_it_explains(firing: Firing, cause: InhibitRule) -> None:
    explained = [alert(name, "warning", module="search") for name in cause.targets]
    firing.fire(alert("SparseEmbeddingsSuspect", "warning"), alert(cause.source, module="search"), *explained)
    firing.must_hold_back(*explained)


def test_a_module_that_is_down_says_nothing_of_another(firing: Firing) -> None:
    same, other = alert("ApiSlow", module="search"), alert("ApiSlow", module="graph")
    firing.fire(alert("ModuleDown", module="search"), same, other)
    firing.must_hold_back(same)


@pytest.mark.parametrize(
    ("grave", "mild"), [("critical", "warning"), ("critical", "info"), ("warning", "info")]
)
def test_the_graver_level_of_the_same_thing_holds_back_the_milder(
    firing: Firing, grave: str, mild: str
) -> None:
    told = [label for label in IDENTITY if label != "alertname"]
    same = [alert(f"A{label}", mild, **{label: "one"}) for label in told]
    for label in told:
        one, other = {label: "one"}, {label: "other"}
        firing.fire(
            alert(f"A{label}", grave, **one),
            alert(f"A{label}", mild, **other),
            alert(f"B{label}", mild, **one),
        )
    firing.fire(*same)
    firing.must_hold_back(*same)


def test_without_the_exporter_nothing_is_said_of_what_it_measures(firing: Firing) -> None:
    derived = [{"alertname": it.name, "lane": "slow", **it.labels} for it in alerts() if derives(it.labels)]
    derived += [alert(name) for name in ("CollectorFailing", "ScrapeTooSlow", "FastLaneBlind")]
    derived.append(alert("TargetDown", "warning", job="exporter"))
    told = [
        alert(name)
        for name in (
            "Watchdog",
            "AlertsNotDelivered",
            "PagesNotDelivered",
            "RuleFailures",
            "ConfigurationRefused",
        )
    ]
    told += [
        alert("TargetDown", "warning", job="backend"),
        alert("OverrideIgnored", "warning", signal="pool_use"),
    ]
    firing.fire(BLIND, *derived, *told)
    firing.must_hold_back(*derived)


def derives(labels: Labels) -> bool:
    return "signal" in labels or "window" in labels


def test_what_is_held_back_is_not_told(firing: Firing, inbox: Inbox) -> None:
    held = {**alert("ApiErrorsHigh", module="search"), "lane": "fast"}
    firing.fire({**alert("DatabaseDown"), "lane": "fast"})
    eventually(lambda: "DatabaseDown" in told_of(inbox))
    firing.fire(held)
    firing.must_hold_back(held)
    # what came after it has arrived, so it would have
    firing.fire({**alert("RedisDown"), "lane": "fast"})
    eventually(lambda: "RedisDown" in told_of(inbox))
    assert key(held) not in {key(it["labels"]) for it in inbox.alerts()}


def told_of(inbox: Inbox) -> set[str]:
    return {it["labels"]["alertname"] for it in inbox.alerts() if it["labels"]["lane"] == "fast"}


def test_every_name_in_an_inhibition_is_that_of_an_alert() -> None:
    names = {it.name for it in alerts()}
    for cause in CAUSE_INHIBITIONS:
        assert {cause.source, *cause.targets} <= names


def test_every_label_that_tells_alerts_apart_counts_for_the_same_thing() -> None:
    for signal in load().signals.values():
        assert {*signal.by} <= {*IDENTITY}, signal.alert


def test_no_two_alerts_explain_each_other() -> None:
    explains = {cause.source: set(cause.targets) for cause in CAUSE_INHIBITIONS}
    for name, its in explains.items():
        assert not [other for other in its if name in explains.get(other, set())]
