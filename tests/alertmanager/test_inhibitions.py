"""Inhibitions on a real Alertmanager."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from alertmanager.inhibitions import (
    CAUSE_INHIBITIONS,
    IDENTITY,
    INHIBITOR,
    LATE_INHIBITIONS,
    InhibitRule,
)
from prometheus.thresholds import load
from tests.alertmanager.alertmanager_process import Labels, alert_key, configuration, inhibited_alerts, push
from tests.alertmanager.inbox import Inbox, open_inbox
from tests.prometheus.rule_files import alerts
from tests.servers.fixtures import started
from tests.servers.prometheus_server import AlertmanagerServer
from tests.servers.waiting import eventually

EXPORTER_ABSENT = {"alertname": "ExporterAbsent", "severity": "critical", "lane": "slow"}


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
    """Alerts that fire until the end of the test."""

    def __init__(self, server: AlertmanagerServer) -> None:
        self._server = server
        self._pushed: list[Labels] = []

    def fire(self, *alerts: Labels) -> None:
        """Fire these as well."""
        self._pushed.extend(alerts)
        push(self._server, alerts)
        eventually(lambda: {alert_key(it) for it in self._pushed} <= inhibited_alerts(self._server).keys())

    def expect_inhibited(self, *alerts: Labels) -> None:
        """These alerts are inhibited, and no others."""
        wanted = {alert_key(it) for it in alerts}
        # Alertmanager takes a moment to notice a new cause
        eventually(
            lambda: (
                {name for name, inhibited in inhibited_alerts(self._server).items() if inhibited} == wanted
            )
        )

    def end(self) -> None:
        """Resolve all of them."""
        push(self._server, self._pushed, resolved=True)
        eventually(lambda: not inhibited_alerts(self._server))


@pytest.fixture
def firing(server: AlertmanagerServer) -> Iterator[Firing]:
    it = Firing(server)
    yield it
    it.end()


def alert(name: str, /, severity: str = "critical", **labels: str) -> dict[str, str]:
    return {"alertname": name, "severity": severity, "lane": "slow", **labels}


@pytest.mark.parametrize("cause", CAUSE_INHIBITIONS, ids=lambda it: it.source)
def test_a_cause_inhibits_its_targets(firing: Firing, cause: InhibitRule) -> None:
    targets = [alert(name, "warning", module="search") for name in cause.targets]
    firing.fire(alert("SparseEmbeddingsSuspect", "warning"), alert(cause.source, module="search"), *targets)
    firing.expect_inhibited(*targets)


def test_a_module_that_is_down_inhibits_only_its_own_alerts(firing: Firing) -> None:
    same, other = alert("ApiSlow", module="search"), alert("ApiSlow", module="graph")
    firing.fire(alert("ModuleDown", module="search"), same, other)
    firing.expect_inhibited(same)


@pytest.mark.parametrize("cause", LATE_INHIBITIONS, ids=lambda it: it.source)
def test_a_cause_that_has_just_ended_inhibits_a_target_of_one_lane(
    firing: Firing, cause: InhibitRule
) -> None:
    recent = {**alert(INHIBITOR, "info", cause=cause.source, module="search"), "lane": "fast"}
    slow = alert(cause.targets[-1], "warning", module="search")
    fast = {**slow, "lane": "fast"}
    firing.fire(recent, slow, fast, alert("SparseEmbeddingsSuspect", "warning"))
    firing.expect_inhibited(fast)


@pytest.mark.parametrize(
    ("severe", "mild"), [("critical", "warning"), ("critical", "info"), ("warning", "info")]
)
def test_a_severer_alert_inhibits_the_milder_one_of_the_same_labels(
    firing: Firing, severe: str, mild: str
) -> None:
    others = [label for label in IDENTITY if label != "alertname"]
    same = [alert(f"A{label}", mild, **{label: "one"}) for label in others]
    for label in others:
        one, other = {label: "one"}, {label: "other"}
        firing.fire(
            alert(f"A{label}", severe, **one),
            alert(f"A{label}", mild, **other),
            alert(f"B{label}", mild, **one),
        )
    firing.fire(*same)
    firing.expect_inhibited(*same)


def test_a_missing_exporter_inhibits_all_that_is_derived_from_it(firing: Firing) -> None:
    derived = [{"alertname": it.name, "lane": "slow", **it.labels} for it in alerts() if derives(it.labels)]
    derived += [alert(name) for name in ("CollectorFailing", "ScrapeTooSlow", "FastLaneBlind")]
    derived.append(alert("TargetDown", "warning", job="exporter"))
    others = [
        alert(name)
        for name in (
            "Watchdog",
            "AlertsNotDelivered",
            "PagesNotDelivered",
            "RuleFailures",
            "ConfigurationRefused",
        )
    ]
    others += [
        alert("TargetDown", "warning", job="backend"),
        alert("OverrideIgnored", "warning", signal="pool_use"),
    ]
    firing.fire(EXPORTER_ABSENT, *derived, *others)
    firing.expect_inhibited(*derived)


def derives(labels: Labels) -> bool:
    return "signal" in labels or "window" in labels


def test_an_inhibited_alert_is_not_sent(firing: Firing, inbox: Inbox) -> None:
    inhibited = {**alert("ApiErrorsHigh", module="search"), "lane": "fast"}
    firing.fire({**alert("DatabaseDown"), "lane": "fast"})
    eventually(lambda: "DatabaseDown" in fast_alerts(inbox))
    firing.fire(inhibited)
    firing.expect_inhibited(inhibited)
    # what came after it has arrived, so it would have
    firing.fire({**alert("RedisDown"), "lane": "fast"})
    eventually(lambda: "RedisDown" in fast_alerts(inbox))
    assert alert_key(inhibited) not in {alert_key(it["labels"]) for it in inbox.alerts()}


def fast_alerts(inbox: Inbox) -> set[str]:
    return {it["labels"]["alertname"] for it in inbox.alerts() if it["labels"]["lane"] == "fast"}


def test_every_name_in_an_inhibition_is_that_of_an_alert() -> None:
    names = {it.name for it in alerts()}
    for cause in CAUSE_INHIBITIONS:
        assert {cause.source, *cause.targets} <= names


def test_every_label_of_a_signal_is_part_of_the_identity() -> None:
    for signal in load().signals.values():
        assert {*signal.by} <= {*IDENTITY}, signal.alert


def test_no_alert_is_a_cause_of_itself() -> None:
    """Else the recorded count of what an alert hides would count some twice."""
    assert not [cause for cause in CAUSE_INHIBITIONS if cause.source in cause.targets]


def test_no_two_alerts_inhibit_each_other() -> None:
    targets_of = {cause.source: set(cause.targets) for cause in CAUSE_INHIBITIONS}
    for name, its in targets_of.items():
        assert not [other for other in its if name in targets_of.get(other, set())]
